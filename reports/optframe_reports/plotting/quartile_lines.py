"""Computes a figure's lines from the runs of a problem: aligns them, then takes quartiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.contracts.costs import COSTS
from optframe.statistics import CENSORED, Curve, Quartiles, align, median_and_quartiles
from optframe.statistics.costs import paid
from optframe_reports.plotting.metric_axis import Ordinate, Scale, ordinate
from optframe_reports.plotting.run_arrays import runs_of
from optframe_reports.plotting.run_groups import Group, groups

__all__ = ["Line", "Lines", "first_of_log_spaced", "lines", "lost_at"]

Floats = NDArray[np.float64]

_SHARED = ("steps", "epochs", "samples")  # all seeds have their checkpoints at the same x
_POINTS = 120  # the number of grid points if they do not
_MOST = 400  # the most points of a line, more than there are pixels


@dataclass(frozen=True)
class Line:
    """A group's quartiles at ``x``; ``lost`` if its median is infinite from there on."""

    group: Group
    x: Floats
    y: Quartiles
    lost: bool


@dataclass(frozen=True)
class Lines:
    """All lines of a figure, their axis, and the first checkpoint.

    ``first`` is the first checkpoint after the start if checkpoints are logarithmically spaced,
    else None.
    """

    of_groups: list[Line]
    axis: Ordinate
    first: float | None

    @property
    def end(self) -> float:
        """The end of the longest line."""
        return max(float(line.x.max(initial=0.0)) for line in self.of_groups)

    def table(self, x: str, **more: str) -> pd.DataFrame:
        """Return the quartiles at every place: name, x, lower, median, upper."""
        return pd.concat(
            pd.DataFrame({"name": line.group.name, **more, x: line.x, **line.y._asdict()})
            for line in self.of_groups
        )


def lines(
    frames: Frames,
    x: str,
    metric: str,
    y_scale: Scale = "auto",
    compared: Sequence[Group] | None = None,
) -> Lines:
    """Compute the lines of a metric against the cost ``x``.

    ``compared`` are the groups to draw, by default all that fit into a picture.
    """
    compared = groups(frames, metric=metric) if compared is None else compared
    trials = pd.concat([group.trials for group in compared])
    runs = runs_of(frames, trials, (COSTS[x].column, metric))
    axis = ordinate(metric, trials, [y[np.isfinite(y)] for _, y in runs], y_scale)
    first = None if x == "epochs" else first_of_log_spaced([places for places, _ in runs])
    lost = trials["status"].isin(CENSORED)
    ends = np.where(lost, paid(trials, x), np.nan)
    curves = [
        Curve(places, axis.of(y, minimum), lost_at(end, places) if censored else None)
        for (places, y), minimum, end, censored in zip(
            runs, trials["minimum"].to_numpy(np.float64), ends, lost, strict=True
        )
    ]
    of_groups, begin = [], 0
    for group in compared:
        own = curves[begin : begin + len(group.trials)]
        of_groups.append(_line(group, own, axis, x in _SHARED or _is_shared(own), first))
        begin += len(own)
    return Lines(of_groups, axis, first)


def _is_shared(curves: Sequence[Curve]) -> bool:
    """Return whether the runs have the same places, but for the end of each."""
    places = [_places(curve) for curve in curves]
    longest = max(places, key=len)
    return all(np.isin(each[:-1], longest).all() for each in places)


def lost_at(end: float, places: Floats) -> float:
    """Return the x at which a censored run was lost: its end, or its last checkpoint."""
    return end if np.isfinite(end) else float(places.max(initial=0.0))


def _line(
    group: Group, curves: list[Curve], axis: Ordinate, shared: bool, first: float | None
) -> Line:
    if shared:
        grid = np.unique(np.concatenate([_places(curve) for curve in curves]))
        if grid.size > _MOST:  # each run ended at its own x
            grid = grid[np.linspace(0, grid.size - 1, _MOST).round().astype(int)]
        values = align(curves, grid, worst=axis.worst)
    else:
        grid = _even_grid(max(_places(curve).max() for curve in curves), first)
        values = _interpolated(curves, grid, axis)
    quartiles = median_and_quartiles(values)
    drawn = np.isfinite(quartiles.median)
    return Line(group, grid[drawn], Quartiles(*(q[drawn] for q in quartiles)), not drawn.all())


def _interpolated(curves: list[Curve], grid: Floats, axis: Ordinate) -> Floats:
    """Align runs by interpolation that is linear on the drawn axis."""
    if not axis.log:
        return align(curves, grid, interpolate=True, worst=axis.worst)
    logs = [Curve(curve.x, np.log10(curve.y), curve.censored) for curve in curves]
    aligned = align(logs, grid, interpolate=True, worst=axis.worst)
    with np.errstate(over="ignore"):
        return np.where(np.isfinite(aligned), 10**aligned, axis.worst)


def _places(curve: Curve) -> Floats:
    """Return the x of a run's checkpoints, and the one at which it was lost."""
    return curve.x if curve.censored is None else np.append(curve.x, curve.censored)


def _even_grid(end: float, first: float | None) -> Floats:
    if first is None or first >= end:
        return np.linspace(0.0, end, _POINTS)
    return np.append(0.0, np.geomspace(first, end, _POINTS))


def first_of_log_spaced(positions: Sequence[Floats]) -> float | None:
    """Return the first checkpoint after 0 if a typical run has half of them in its first fifth.

    Runs that are less than half as long as the longest are not typical, since they were lost.
    """
    after = [places[places > 0] for places in positions]
    after = [places for places in after if places.size >= 4]
    longest = max((places[-1] for places in after), default=0.0)
    after = [places for places in after if places[-1] >= 0.5 * longest]
    middle = [places[places.size // 2] / places[-1] for places in after]
    if not after or np.median(middle) > 0.2:
        return None
    return float(min(places[0] for places in after))
