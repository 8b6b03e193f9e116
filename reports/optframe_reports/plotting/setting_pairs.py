"""Draws the settings of searches as heat maps: one for each pair of a contender's fields."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rcParams
from numpy.typing import NDArray

from optframe_reports.plotting.labelling import literal, stroke
from optframe_reports.plotting.setting_shades import colors_of_places, places
from optframe_reports.plotting.tuned_searches import Tuned

__all__ = ["ACROSS", "CELL", "Pair", "best_in_cells", "draw_pairs", "pairs_of"]

Floats = NDArray[np.float64]

ACROSS, CELL = 4, 1.75
"""How many maps stand side by side at most, and the inches of one with its names."""

_MARGIN = 0.42  # between maps, as a share of one


class Pair(NamedTuple):
    """Two fields of a contender."""

    tuned: Tuned
    across: str
    up: str


def pairs_of(tuned: Sequence[Tuned]) -> list[Pair]:
    """Return the pairs of fields of all contenders, in their order."""
    return [Pair(one, *names) for one in tuned for names in combinations(one.first.space, 2)]


def best_in_cells(one: Tuned, across: str, up: str) -> tuple[Floats, NDArray[np.int64]]:
    """Return the best value in each cell of a pair's map, and how many settings are in it.

    Shape (cells up, cells across): as many cells a side as √N ÷ 1.5, from 3 to 10.
    """
    values = one.values
    side = min(max(int(math.sqrt(values.size) / 1.5), 3), 10)
    u, v = one.u(across), one.u(up)
    known = np.isfinite(u) & np.isfinite(v)
    column, row = (np.minimum(part[known] * side, side - 1).astype(int) for part in (u, v))
    best = np.full((side, side), np.inf)
    np.minimum.at(best, (row, column), values[known])
    count = np.zeros((side, side), dtype=np.int64)
    np.add.at(count, (row, column), 1)
    return best, count


def draw_pairs(axes: Any, pairs: Sequence[Pair]) -> None:
    """Draw the maps in lines; dark cells have the best settings, grey ones broke down.

    There are so many in a line that they are as large as the picture allows, and at most four.
    """
    step = 1 + _MARGIN
    across = _across(axes, len(pairs))
    for place, pair in enumerate(pairs):
        _draw_map(axes, pair, step * (place % across), -step * (place // across))
    lines = -(-len(pairs) // across)
    axes.set_xlim(-0.2, step * min(across, max(len(pairs), 2)) - _MARGIN + 0.06)
    axes.set_ylim(-step * (lines - 1) - 0.2, 1.24)
    axes.set_aspect("equal", anchor="NW")
    axes.axis("off")


def _across(axes: Any, maps: int) -> int:
    """Return how many maps stand side by side: the most if it makes no difference."""
    wide, high = axes.figure.get_size_inches()

    def size(across: int) -> tuple[float, int]:
        return min(wide / across, high / -(-maps // across)), across

    return max(range(2, ACROSS + 1), key=size)


def _draw_map(axes: Any, pair: Pair, left: float, bottom: float) -> None:
    from matplotlib.colors import to_rgba

    best, count = best_in_cells(*pair)
    shares = places(best)
    colors = np.array([to_rgba(color) for color in colors_of_places(shares.ravel())])
    colors[count.ravel() == 0] = to_rgba("white")
    side = len(best)
    x, y = (start + np.arange(side + 1) / side for start in (left, bottom))
    axes.pcolormesh(x, y, colors.reshape(side, side, 4), zorder=1)
    frame = {"color": "0.4", "lw": 0.8 * stroke(), "zorder": 2}
    axes.plot(left + np.array([0, 1, 1, 0, 0]), bottom + np.array([0, 0, 1, 1, 0]), **frame)
    values = pair.tuned.values
    winner = int(np.argmin(values))
    if np.isfinite(values[winner]):
        at = (pair.tuned.u(pair.across)[winner], pair.tuned.u(pair.up)[winner])
        ring = {"ms": 7 * stroke(), "mfc": "none", "mec": "white", "mew": 1.6 * stroke()}
        axes.plot(left + at[0], bottom + at[1], "o", zorder=3, **ring)
    size = {"fontsize": 0.72 * float(rcParams["font.size"]), "color": "0.2"}
    axes.text(left, bottom + 1.03, literal(pair.tuned.name, 22), va="bottom", **size)
    axes.text(left + 0.5, bottom - 0.03, literal(pair.across, 22), ha="center", va="top", **size)
    look = {"ha": "right", "va": "center", "rotation": 90}
    axes.text(left - 0.03, bottom + 0.5, literal(pair.up, 22), **look, **size)
