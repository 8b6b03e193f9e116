"""Draws the contours of the loss, on one grid made of the landscapes that several runs recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from optframe.contracts.record import Landscape
from optframe_reports.plotting.labelling import stroke

__all__ = ["Ground", "Window", "draw_ground", "ground"]

Floats = NDArray[np.float64]

_POINTS = 160
_LEVELS = 12
_WILD = 1e3
"""If a cell's neighbours are higher by this factor, a cubic through them would oscillate."""


class Window(NamedTuple):
    """A rectangle: its lower left and its upper right corner, each of shape (2,)."""

    low: Floats
    high: Floats

    def holds(self, points: Floats) -> Any:
        """Return which points, shape (2, ...), are in it."""
        middle, half = (self.high + self.low) / 2, (self.high - self.low) / 2
        return np.all(np.abs(points.T - middle) <= half, axis=-1)


@dataclass(frozen=True)
class Ground:
    """The loss on a grid: ``loss[i, j]`` at (x[i], y[j]), NaN where no run recorded it."""

    x: Floats
    y: Floats
    loss: Floats


def ground(landscapes: Iterable[Landscape], window: Window) -> Ground:
    """Merge landscapes over a window: each point is taken from the finest one that covers it."""
    x, y = (np.linspace(a, b, _POINTS) for a, b in zip(*window, strict=True))
    loss = np.full((_POINTS, _POINTS), np.nan)
    for landscape in sorted(landscapes, key=_coarseness, reverse=True):
        finer = _resampled(landscape, x, y)
        loss = np.where(np.isnan(finer), loss, finer)
    return Ground(x, y, loss)


def draw_ground(axes: Any, surface: Ground, least: float) -> None:
    """Draw contours of f − least, log-spaced, over greys that are lighter for lower values.

    The lowest contour encloses half a percent of the area, the highest all but one percent. The
    area is hatched where the loss is unknown or not a number.
    """
    above = np.ma.masked_invalid(surface.loss.T - least)
    axes.patch.set(facecolor="white", hatch="////", edgecolor="0.88")
    known = above.compressed()
    if not (known > 0).any():
        return
    low, high = np.quantile(known[known > 0], [0.005, 0.99])
    levels = np.geomspace(max(low, 1e-12 * high), max(high, low * (1 + 1e-9)), _LEVELS)
    if not (np.diff(levels) > 0).all():
        return
    greys = [str(grey) for grey in np.linspace(0.995, 0.8, _LEVELS + 1)]
    bounds = [-np.inf, *levels, np.inf]
    axes.contourf(surface.x, surface.y, above, bounds, colors=greys, zorder=0.5)
    axes.contour(
        surface.x, surface.y, above, levels, colors="0.68", linewidths=0.5 * stroke(), zorder=0.6
    )


def _coarseness(landscape: Landscape) -> float:
    return float(np.prod([np.ptp(axis) for axis in landscape.axes]))


def _resampled(landscape: Landscape, x: Floats, y: Floats) -> Floats:
    """Interpolate by cubics through four points along each axis; NaN outside the landscape.

    The loss itself is smooth, and its logarithm above f* is not. So a valley is visible even if it
    is narrower than the grid. Beside values that are not numbers, or are a thousand times as high,
    the interpolation is linear.
    """
    loss = np.asarray(landscape.loss, np.float64)
    known = np.isfinite(loss)
    if not known.any():
        return np.full((x.size, y.size), np.nan)
    least = loss[known].min()
    height = np.where(known, loss - least, np.inf)
    places = [_places(axis, at) for axis, at in zip(landscape.axes, (x, y), strict=True)]
    corners = _highest(height, 2)[np.ix_(*(place.cell for place in places))]
    around = _highest(height, 4)[np.ix_(*(place.first for place in places))]
    filled = np.where(known, height, 0.0)
    cubic = linear = filled
    for place in places:  # along one axis, then along the other
        cubic = _lagrange(cubic, place.at - place.first, place.first, 4).T
        linear = _lagrange(linear, place.at - place.cell, place.cell, 2).T
    covered = np.isfinite(corners) & places[0].inside[:, None] & places[1].inside
    found = least + np.where(around <= _WILD * corners, cubic, linear)
    return np.where(covered, found, np.nan)


class _Places(NamedTuple):
    """The positions of points along a grid's axis, in units of its spacing.

    ``cell`` is the grid point before each, and ``first`` the first of the four around it.
    """

    at: Floats
    cell: NDArray[np.integer[Any]]
    first: NDArray[np.integer[Any]]
    inside: NDArray[np.bool_]


def _places(axis: Floats, points: Floats) -> _Places:
    at = (points - axis[0]) / (axis[-1] - axis[0]) * (axis.size - 1)
    cell = np.clip(np.floor(at).astype(int), 0, axis.size - 2)
    first = np.clip(cell - 1, 0, axis.size - 4)
    return _Places(at, cell, first, (axis[0] <= points) & (points <= axis[-1]))


def _highest(height: Floats, width: int) -> Floats:
    """Return the largest value of each square of ``width`` grid points, by its lower left one."""
    highest: Floats = sliding_window_view(height, (width, width)).max(axis=(-1, -2))
    return highest


def _lagrange(values: Floats, s: Floats, first: NDArray[np.integer[Any]], nodes: int) -> Floats:
    """Interpolate between ``nodes`` grid points of the first axis from ``first`` on.

    ::

        f(s) = Σ_k f_k Π_{j ≠ k} (s − j) / (k − j),    s counted from the first
    """
    found = np.zeros((s.size, *values.shape[1:]))
    for k in range(nodes):
        others = [j for j in range(nodes) if j != k]
        weight = np.prod([(s - j) / (k - j) for j in others], axis=0)
        found += weight[:, None] * values[first + k]
    return found
