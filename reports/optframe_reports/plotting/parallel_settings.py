"""Draws the settings of searches as parallel coordinates: a row for each contender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.collections import LineCollection

from optframe import Space
from optframe_reports.plotting.labelling import literal, room, stroke
from optframe_reports.plotting.setting_shades import colors_of_places, places
from optframe_reports.plotting.tuned_searches import Tuned
from optframe_reports.quantities import number, plural

__all__ = ["ROW", "draw_parallel"]

ROW = 1.75
"""Inches of a row."""

_NAMES, _BELOW, _ABOVE = 0.36, 0.3, 0.34  # shares of a row's lines: room for names, and between
_LOST = -0.12  # where settings that broke down end on the axis of values
_TEXT = 0.72  # of the usual size


def draw_parallel(axes: Any, tuned: Sequence[Tuned], measure: str) -> None:
    """Draw a row for each contender: an axis for each field, and one for the value at the right."""
    height = 1 + _NAMES + _BELOW + _ABOVE
    for row, one in enumerate(tuned):
        _draw_row(axes, one, -height * row, measure)
    axes.set_xlim(-0.08, 1.12)
    axes.set_ylim(-height * (len(tuned) - 1) - _BELOW - _NAMES, 1 + _ABOVE)
    axes.axis("off")


def _draw_row(axes: Any, one: Tuned, bottom: float, measure: str) -> None:
    space = one.first.space
    x = np.linspace(0.0, 1.0, len(space) + 1)
    values = one.values
    shares = places(values)
    ends = np.where(np.isnan(shares), _LOST, 1 - shares)
    table = np.column_stack([*(one.u(name) for name in space), ends])
    colors = colors_of_places(shares)
    # The best are drawn last, on top of the others.
    order = np.argsort(np.where(np.isnan(shares), 2.0, shares))[::-1]
    lines = [np.column_stack([x, bottom + row]) for row in table[order]]
    wide = np.where(np.isnan(shares[order]), 0.6, 1.0) * stroke()
    axes.add_collection(
        LineCollection(
            lines, colors=[colors[i] for i in order], linewidths=wide, alpha=0.8, zorder=2
        )
    )
    best = int(order[-1])
    if np.isfinite(values[best]):
        look = {"ms": 4.5 * stroke(), "color": colors[best], "zorder": 3}
        axes.plot(x, bottom + table[best], "o", **look)
    _draw_axes(axes, x, bottom, list(space.items()))
    finite = values[np.isfinite(values)]
    texts = (number(finite.max(), 3), number(finite.min(), 3)) if finite.size else ("", "")
    _label(axes, x[-1], bottom, measure)
    for place, text in enumerate(texts):
        _write(axes, x[-1] + 0.015, bottom + place, text, "left")
    broken = int(np.isinf(values).sum())
    if broken:
        axes.plot(x[-1], bottom + _LOST, "x", ms=5 * stroke(), color="0.4", zorder=3)
    head = f"{one.name}: {plural(values.size, 'setting')}"
    head += f", {broken} broke down" if broken else ""
    axes.text(-0.06, bottom + 1 + 0.2, head, ha="left", va="bottom", fontsize="small")


def _draw_axes(axes: Any, x: Any, bottom: float, space: list[tuple[str, Space]]) -> None:
    for place in x:
        axes.plot([place] * 2, [bottom, bottom + 1], color="0.3", lw=0.9 * stroke(), zorder=1)
    for place, (name, one) in zip(x, space, strict=False):
        if one.values is not None:
            _label(axes, place, bottom, name)
            for i, value in enumerate(one.values):
                _write(axes, place + 0.008, bottom + (i + 0.5) / len(one.values), value, "left")
        else:
            _label(axes, place, bottom, name, one.at(0.0), one.at(1.0))


def _label(axes: Any, x: float, bottom: float, name: str, low: Any = "", high: Any = "") -> None:
    """Write an axis' name and the numbers at its ends."""
    _write(axes, x, bottom - 0.05, low, va="top")
    _write(axes, x, bottom + 1.03, high, va="bottom")
    width = max(10, int(22 * room(axes)))
    parts = name.replace(".", ". ") if len(name) > width else name
    _write(axes, x, bottom - 0.24, literal(parts, width), va="top")


def _write(
    axes: Any, x: float, y: float, text: Any, ha: str = "center", va: str = "center"
) -> None:
    words = f"{text:g}" if isinstance(text, float) else str(text)
    size = _TEXT * float(rcParams["font.size"])
    white = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 0.5}
    axes.text(x, y, words, ha=ha, va=va, fontsize=size, color="0.25", zorder=4, bbox=white)
