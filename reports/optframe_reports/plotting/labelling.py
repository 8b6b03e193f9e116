"""Labels figures: titles, names, legends and the ticks of logarithmic axes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log10
from typing import Any

from matplotlib import rcParams
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import ScaledTranslation

from optframe_reports.quantities import number

__all__ = [
    "HEIGHT",
    "LETTERS",
    "WIDTH",
    "Legend",
    "add_legend",
    "add_title",
    "cross",
    "finish",
    "height_of",
    "legend",
    "legend_height",
    "line_look",
    "literal",
    "plain_log_ticks",
    "room",
    "stroke",
]

Legend = tuple[list[Any], list[str]]
"""A legend's marks and labels."""

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


def height_of(axes: Any) -> float:
    """Return the height for the axes in inches, for text of 10 points."""
    canvas, spec = axes.figure, axes.get_subplotspec()
    share = 1.0 if spec is None else len(spec.rowspan) / spec.get_gridspec().nrows
    return share * float(canvas.bbox.height / canvas.dpi) / stroke()


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


def legend(entries: Sequence[tuple[str, dict[str, Any]]]) -> Legend:
    """Return the marks and the labels of a legend, from the labels with their styles."""
    return [Line2D([], [], **look) for _, look in entries], [label for label, _ in entries]


def finish(axes: Any, title: str, shown: Legend, *, x: str, y: str, grid: str = "both") -> None:
    """Name both axes, draw the grid, and put the title above and the legend below."""
    import seaborn

    axes.set(xlabel=x, ylabel=y)
    axes.grid(axis=grid, which="major", alpha=0.4)
    seaborn.despine(ax=axes)
    add_title(axes, title)
    add_legend(axes, *shown)


def line_look(color: Any, marker: str, line_style: Any = "-") -> dict[str, Any]:
    """Return the style of a line."""
    return {
        "color": color,
        "linestyle": line_style,
        "linewidth": 1.8 * stroke(),
        "marker": marker or "None",
        "markersize": 5 * stroke(),
        "markeredgecolor": "white",
    }


def cross(color: Any) -> dict[str, Any]:
    """Return the style of ×."""
    return {
        "color": color,
        "linestyle": "",
        "marker": "x",
        "markersize": 8 * stroke(),
        "markeredgewidth": 2.2 * stroke(),
    }


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
