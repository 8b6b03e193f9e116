"""How figures are labelled: titles, names and the ticks of logarithmic axes."""

from __future__ import annotations

import re
from typing import Any

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from optframe_reports.quantities import number

__all__ = ["add_title", "literal", "plain_log_ticks"]


def add_title(figure: Any, text: str) -> None:
    """Put a title at the figure's left edge, so that it has its whole width."""
    figure.suptitle(literal(text, 82), x=0.01, ha="left", fontsize="medium")


def literal(text: str, width: int) -> str:
    """Wrap a label for Matplotlib after blanks, commas and pluses; a dollar sign is no formula."""
    wrapped = [""]
    for part in re.findall(rf"[^ ,+]{{1,{width}}}[ ,+]?|[ ,+]", " ".join(text.split())):
        if len(wrapped[-1] + part.rstrip()) > width:
            wrapped.append("")
        wrapped[-1] += part
    return "\n".join(line.rstrip() for line in wrapped).replace("$", r"\$")


def plain_log_ticks(axis: Any) -> None:
    """Write a logarithmic axis of few decades in plain numbers: 0.5, 1, 2, 5, 10."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_formatter(NullFormatter())
