"""Computes the steps (or another axis) at which runs first reach each level of a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.contracts.costs import COSTS
from optframe.statistics import CENSORED, Quartiles, median_and_quartiles
from optframe_reports.plotting.metric_axis import Ordinate, Scale, ordinate
from optframe_reports.plotting.quartile_lines import Line, Lines, first_of_log_spaced
from optframe_reports.plotting.run_arrays import runs_of
from optframe_reports.plotting.run_groups import Group

__all__ = ["first_reached", "levels"]

Floats = NDArray[np.float64]

_LEVELS = 200


def levels(frames: Frames, x: str, metric: str, y_scale: Scale, compared: Sequence[Group]) -> Lines:
    """Compute the places, in ``x``, at which the groups reach levels from the start to the best.

    A line's ``x`` are the levels, and its ``y`` are the quartiles, over the runs, of the places. It
    ends at the first level that less than half of the runs reach.

    A level is reached at the first checkpoint that is at least as good. A run that never reaches it
    counts as infinite, with every status. A run that was lost afterwards has reached it, but the
    last row of a lost run does not count (as in `optframe.statistics.evaluations_to_target`, for
    one target).
    """
    trials = pd.concat([group.trials for group in compared])
    runs = runs_of(frames, trials, (COSTS[x].column, metric))
    axis = ordinate(metric, trials, [y[np.isfinite(y)] for _, y in runs], y_scale)
    minima = trials["minimum"].to_numpy(np.float64)
    lost = trials["status"].isin(CENSORED)
    runs = [run[:, :-1] if censored else run for run, censored in zip(runs, lost, strict=True)]
    plotted = [axis.of(y, minimum) for (_, y), minimum in zip(runs, minima, strict=True)]
    grid = _grid(plotted, axis)
    reached = np.array(
        [first_reached(x, y, grid, axis.worst) for (x, _), y in zip(runs, plotted, strict=True)]
    )
    of_groups, begin = [], 0
    for group in compared:
        quartiles = median_and_quartiles(reached[begin : begin + len(group.trials)])
        drawn = np.isfinite(quartiles.median)
        places = Quartiles(*(q[drawn] for q in quartiles))
        of_groups.append(Line(group, grid[drawn], places, False))
        begin += len(group.trials)
    first = None if x == "epochs" else first_of_log_spaced([places for places, _ in runs])
    return Lines(of_groups, axis, first)


def first_reached(places: Floats, values: Floats, grid: Floats, worst: float) -> Floats:
    """Return the first x at which each level of a grid is reached, inf if it never is.

    ``worst`` gives the direction: +inf if less is better, −inf if more is better.
    """
    sign = math.copysign(1.0, worst)
    ordered = np.where(np.isfinite(values), sign * values, np.inf)
    best = np.minimum.accumulate(ordered)
    return np.append(places, np.inf)[np.searchsorted(-best, -sign * grid)]


def _grid(plotted: Sequence[Floats], axis: Ordinate) -> Floats:
    """Return levels, worst first, from the start of a run to the best level that any reached."""
    sign = math.copysign(1.0, axis.worst)
    finite = [sign * values[np.isfinite(values)] for values in plotted]
    finite = [values for values in finite if values.size]
    if not finite:
        return np.empty(0)
    start, best = float(np.median([v[0] for v in finite])), min(v.min() for v in finite)
    space = np.geomspace if axis.log else np.linspace
    grid: Floats = sign * np.unique(space(start, best, _LEVELS))[::-1]
    return grid
