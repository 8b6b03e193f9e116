"""Draws the negative gradient as small arrows at points of a path in the plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe_reports.plotting.labelling import stroke
from optframe_reports.plotting.loss_contours import Window
from optframe_reports.plotting.paths_2d import Track

__all__ = ["arrow_mark", "draw_arrows"]

Floats = NDArray[np.float64]

_ARROWS = 14
"""The most arrows at a path."""

_LENGTH = 0.22
"""The length of an arrow in inches, in text of 10 points."""

_APART = 0.04
"""Two arrows of a path are at least this share of the picture apart."""


def draw_arrows(axes: Any, path: Track, window: Window, until: float) -> None:
    """Draw −g at points of a path up to a step, as arrows of one length in the path's colour.

    The length says nothing: gradients along a path differ by many orders of magnitude. The points
    depend on the whole path, so that arrows stay where they are in an animation.
    """
    where = [at for at in _places(path, window) if path.step[at] <= until]
    if not where:
        return
    gradient = path.gradient[:, where]
    largest = np.abs(gradient).max(axis=0)  # so that squares neither overflow nor vanish
    direction = -(gradient / largest) / np.linalg.norm(gradient / largest, axis=0)
    axes.quiver(
        *path.theta[:, where],
        *direction,
        angles="xy",
        scale_units="inches",
        scale=1 / (_LENGTH * stroke()),
        units="inches",
        width=0.014 * stroke(),
        headwidth=4.5,
        headlength=5,
        headaxislength=4.5,
        color=path.group.color,
        edgecolor="white",
        linewidth=0.5 * stroke(),
        zorder=3.5,
    )


def arrow_mark() -> dict[str, Any]:
    """Return the style of an arrow in a legend."""
    size = 12 * stroke()
    return {"marker": r"$\rightarrow$", "color": "0.3", "ms": size, "mew": 0.3, "ls": ""}


def _places(path: Track, window: Window) -> list[int]:
    """Return the indices of points in the window that are evenly spaced along the path."""
    shown = window.holds(path.theta) & np.isfinite(path.gradient).all(axis=0)
    shown &= (path.gradient != 0).any(axis=0)
    there = np.flatnonzero(shown)
    if not there.size:
        return []
    size = (window.high - window.low)[:, None]
    moves = np.hypot(*(np.diff(path.theta[:, there], axis=1) / size))
    along = np.append(0.0, np.cumsum(moves))
    wanted = np.linspace(0, along[-1], _ARROWS)
    nearest = np.abs(along[:, None] - wanted).argmin(axis=0)
    found: list[int] = []
    for at in dict.fromkeys(nearest.tolist()):
        if not found or along[at] - along[found[-1]] >= _APART:
            found.append(at)
    return [int(there[at]) for at in found]
