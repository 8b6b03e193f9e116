"""How figures are labelled: titles, names, legends and the ticks of logarithmic axes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

from optframe_reports.quantities import number

__all__ = [
    "HEIGHT",
    "WIDTH",
    "add_legend",
    "add_title",
    "legend_height",
    "literal",
    "plain_log_ticks",
]

WIDTH, HEIGHT = 6.4, 3.9
"""Inches; text is readable where a page shows two side by side."""


def add_title(axes: Any, text: str) -> None:
    """Put a title above the axes, at their left edge."""
    axes.set_title(literal(text, 76), loc="left", fontsize="medium")


def add_legend(axes: Any, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Put a legend below the axes' label, in as many columns as fit."""
    texts, columns, _ = _legend(labels)
    below = axes.transAxes + ScaledTranslation(0, -0.55, axes.figure.dpi_scale_trans)
    axes.legend(
        handles,
        texts,
        loc="upper center",
        bbox_to_anchor=(0.5, 0),
        bbox_transform=below,
        borderaxespad=0,
        ncols=columns,
        fontsize="small",
        frameon=False,
    )


def legend_height(labels: Sequence[str]) -> float:
    """Return how many inches `add_legend` takes for these labels."""
    return 0.17 * _legend(labels)[2]


def _legend(labels: Sequence[str]) -> tuple[list[str], int, int]:
    """Return the labels as Matplotlib takes them, in how many columns and rows of text."""
    texts = [literal(label, 72) for label in labels]
    longest = max(len(part) for text in texts for part in text.split("\n"))
    columns = max(1, min(3, len(texts), 80 // (longest + 8)))
    return texts, columns, -(-sum(1 + text.count("\n") for text in texts) // columns)


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
