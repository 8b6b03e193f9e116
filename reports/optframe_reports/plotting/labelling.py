"""Labels figures: titles, names, legends and the ticks of logarithmic axes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log10
from typing import Any

from matplotlib import rcParams
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

from optframe_reports.quantities import number

__all__ = [
    "HEIGHT",
    "LETTERS",
    "WIDTH",
    "add_legend",
    "add_title",
    "legend_height",
    "literal",
    "plain_log_ticks",
    "room",
    "stroke",
]

WIDTH, HEIGHT = 6.4, 3.9
"""Inches; text is readable where a page shows two side by side."""

LETTERS = 70
"""The number of letters that fit across a picture of that width, in text of 10 points."""

_POINTS = 10.0


def room(axes: Any) -> float:
    """Return how much text fits across the axes, relative to `WIDTH` with text of 10 points."""
    canvas, spec = axes.figure, axes.get_subplotspec()
    share = 1.0 if spec is None else len(spec.colspan) / spec.get_gridspec().ncols
    inches = share * float(canvas.bbox.width / canvas.dpi)
    return inches / WIDTH * _POINTS / float(rcParams["font.size"])


def stroke() -> float:
    """Return the factor for the width of lines and marks, below 1 for pictures with small text."""
    return float(rcParams["font.size"]) / _POINTS


def add_title(axes: Any, text: str, taken: int = 0) -> None:
    """Put a title above the axes, at their left edge; ``taken`` letters are used by rows' names."""
    letters = max(16, int(LETTERS * room(axes) - 0.8 * taken))
    axes.set_title(literal(text, letters), loc="left", fontsize="medium")


def add_legend(axes: Any, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Put a legend below the axes' label, in as many columns as fit."""
    texts, columns, _ = _legend(labels, room(axes))
    down = -0.055 * rcParams["font.size"]
    below = axes.transAxes + ScaledTranslation(0, down, axes.figure.dpi_scale_trans)
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
    """Return how many inches `add_legend` takes for these labels on a picture of `WIDTH`."""
    return 0.17 * _legend(labels, 1.0)[2]


def _legend(labels: Sequence[str], room: float) -> tuple[list[str], int, int]:
    """Return the labels as Matplotlib takes them, in how many columns and rows of text."""
    texts = [literal(label, max(12, int(80 * room) - 8)) for label in labels]
    longest = max(len(part) for text in texts for part in text.split("\n"))
    columns = max(1, min(3, len(texts), int(80 * room) // (longest + 8)))
    return texts, columns, -(-sum(1 + text.count("\n") for text in texts) // columns)


def literal(text: str, width: int) -> str:
    """Wrap a label for Matplotlib after blanks, commas and pluses, and escape dollar signs."""
    wrapped = [""]
    for part in re.findall(rf"[^ ,+]{{1,{width}}}[ ,+]?|[ ,+]", " ".join(text.split())):
        if len(wrapped[-1] + part.rstrip()) > width:
            wrapped.append("")
        wrapped[-1] += part
    return "\n".join(line.rstrip() for line in wrapped).replace("$", r"\$")


def plain_log_ticks(axis: Any, fit: float = 12.0) -> None:
    """Write a logarithmic axis of few decades in plain numbers: 0.5, 1, 2, 5, 10.

    ``fit`` is how many labels a horizontal axis of `WIDTH` has room for.
    """
    low, high = axis.get_view_interval()
    decades = log10(high / low)
    most = fit * (room(axis.axes) if axis.axis_name == "x" else 1.0)
    subs = next((subs for subs in ((1, 2, 5), (1, 3)) if len(subs) * decades < most), (1,))
    axis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_formatter(NullFormatter())
