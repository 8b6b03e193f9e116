"""From the runs of a problem to the lines of a convergence figure: aligned, then quartiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.statistics import CENSORED, Curve, Quartiles, align, median_and_quartiles
from optframe_reports.figures.groups import Group, groups
from optframe_reports.figures.ordinate import Ordinate, ordinate

__all__ = ["COLUMNS", "Line", "Lines", "lines"]

Floats = NDArray[np.float64]

COLUMNS = {
    "steps": "step",
    "epochs": "epoch",
    "samples": "samples",
    "gradients": "gradients",
    "seconds": "seconds",
}
_SHARED = ("steps", "epochs", "samples")  # all seeds have their checkpoints in the same places
_POINTS = 120  # of a grid where they have not


@dataclass(frozen=True)
class Line:
    """A group's quartiles at ``x``; ``lost`` if its median is infinite from there on."""

    group: Group
    x: Floats
    y: Quartiles
    lost: bool


@dataclass(frozen=True)
class Lines:
    """All lines of a figure, the axis that they are drawn on, and where checkpoints begin.

    ``first`` is the first checkpoint after the start where checkpoints are logarithmically
    spaced, else None.
    """

    of_groups: list[Line]
    axis: Ordinate
    first: float | None

    @property
    def end(self) -> float:
        """Where the longest line ends."""
        return max(float(line.x.max(initial=0.0)) for line in self.of_groups)


def lines(frames: Frames, x: str, metric: str) -> Lines:
    """Compute the lines of a metric against ``x``, one of `COLUMNS`."""
    compared = groups(frames)
    trials = pd.concat([group.trials for group in compared])
    curves = dict(iter(frames.curves.sort_values(COLUMNS[x]).groupby("key", sort=False)))
    tables = [curves.get(key, frames.curves.iloc[:0]) for key in trials["key"]]
    positions = [table[COLUMNS[x]].to_numpy(dtype=np.float64) for table in tables]
    measured = [table[metric].to_numpy(dtype=np.float64) for table in tables]

    axis = ordinate(metric, trials, [values[np.isfinite(values)] for values in measured])
    first = None if x == "epochs" else _first_of_log_spaced(positions)
    runs = {
        trial["key"]: Curve(at, axis.of(values, trial["minimum"]), _lost(trial, x, at))
        for (_, trial), at, values in zip(trials.iterrows(), positions, measured, strict=True)
    }
    of_groups = [
        _line(group, [runs[key] for key in group.trials["key"]], axis, x in _SHARED, first)
        for group in compared
    ]
    return Lines(of_groups, axis, first)


def _lost(trial: pd.Series[Any], x: str, positions: Floats) -> float | None:
    """Return where a censored run was lost: its end, or its last checkpoint."""
    if trial["status"] not in CENSORED:
        return None
    end = float(trial[x])
    return end if np.isfinite(end) else float(positions.max(initial=0.0))


def _line(
    group: Group, curves: list[Curve], axis: Ordinate, shared: bool, first: float | None
) -> Line:
    if shared:
        grid = np.unique(np.concatenate([_places(curve) for curve in curves]))
        values = align(curves, grid, worst=axis.worst)
    else:
        grid = _even_grid(max(_places(curve).max() for curve in curves), first)
        values = _interpolated(curves, grid, axis)
    quartiles = median_and_quartiles(values)
    drawn = np.isfinite(quartiles.median)
    return Line(group, grid[drawn], Quartiles(*(q[drawn] for q in quartiles)), not drawn.all())


def _interpolated(curves: list[Curve], grid: Floats, axis: Ordinate) -> Floats:
    """Align along lines that are straight on the axis as it is drawn."""
    if not axis.log:
        return align(curves, grid, interpolate=True, worst=axis.worst)
    logs = [Curve(curve.x, np.log10(curve.y), curve.censored) for curve in curves]
    return 10 ** align(logs, grid, interpolate=True, worst=axis.worst)


def _places(curve: Curve) -> Floats:
    """Return where something happens to a run."""
    return curve.x if curve.censored is None else np.append(curve.x, curve.censored)


def _even_grid(end: float, first: float | None) -> Floats:
    if first is None or first >= end:
        return np.linspace(0.0, end, _POINTS)
    return np.append(0.0, np.geomspace(first, end, _POINTS))


def _first_of_log_spaced(positions: list[Floats]) -> float | None:
    """Return the first place after 0 if a typical run has half of its places in its first fifth."""
    after = [places[places > 0] for places in positions]
    after = [places for places in after if places.size >= 4]
    if not after or np.median([np.median(p) / p.max() for p in after]) > 0.2:
        return None
    return float(min(places.min() for places in after))
