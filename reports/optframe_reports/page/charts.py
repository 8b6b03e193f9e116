"""Computes the data of the page's charts: quartiles and single runs, by axis and metric."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from optframe import Frames
from optframe.contracts.columns import CURVES
from optframe.contracts.costs import COSTS, OFFERED
from optframe.statistics import known_cost
from optframe_reports.plotting.curve_axis import axis_of, doubt_of
from optframe_reports.plotting.metric_axis import judging
from optframe_reports.plotting.quartile_lines import Lines, lines
from optframe_reports.plotting.run_arrays import curve_column, runs_of
from optframe_reports.plotting.run_groups import Group, groups
from optframe_reports.quantities import time_unit

__all__ = ["Arrays", "chart"]

_NO_METRICS = frozenset(column.name for column in CURVES)
_MOST_POINTS = 60_000
"""The most single runs in one chart; with more, only quartiles are shown and the page stays small.
"""


class Arrays:
    """The page's numbers, with each different array stored once: many seeds share their steps."""

    def __init__(self) -> None:
        self.all: list[list[float | None]] = []
        self._places: dict[tuple[float | None, ...], int] = {}

    def add(self, values: Iterable[float], digits: int = 5) -> int:
        """Store an array, rounded to ``digits``, and return its index; infinite values are null."""
        kept = tuple(_short(float(value), digits) for value in values)
        place = self._places.setdefault(kept, len(self.all))
        if place == len(self.all):
            self.all.append(list(kept))
        return place


def chart(frames: Frames, arrays: Arrays) -> dict[str, Any] | None:
    """Return the chart of one problem for the page's script, or None if no run has one to show."""
    compared = groups(frames)
    if not compared or frames.curves.empty:
        return None
    metrics = [
        str(name)
        for name in frames.curves
        if name not in _NO_METRICS and frames.curves[name].notna().any()
    ]
    metrics.sort(key=lambda name: name != judging(frames))
    axes = dict.fromkeys(_axes(frames), 1.0)
    if not metrics or not axes:  # no metric has a number, or no run took a step
        return None
    units = {x: COSTS[x].words for x in axes}
    drawn = {x: {m: lines(frames, x, m, compared=compared) for m in metrics} for x in axes}
    if "seconds" in axes:
        axes["seconds"], unit = time_unit(drawn["seconds"][metrics[0]].end)
        units["seconds"] = f"time ({unit}){doubt_of(frames)}"
    first_axis = next(iter(axes))
    return {
        "groups": [_group(group) for group in compared],
        "axes": [
            {"name": x, "label": units[x], "first": _first(drawn[x][metrics[0]], axes[x])}
            for x in axes
        ],
        "metrics": [
            {
                "name": metric,
                "label": made.axis.name,
                "log": made.axis.log,
                "falls": made.axis.worst > 0,
                "resolution": made.axis.resolution,
            }
            for metric, made in drawn[first_axis].items()
        ],
        "lines": {
            x: {metric: _quartiles(drawn[x][metric], axes[x], arrays) for metric in metrics}
            for x in axes
        },
        "runs": _runs(frames, compared, axes, drawn[first_axis], arrays),
    }


def _axes(frames: Frames) -> list[str]:
    """Return the costs that all runs counted, the study's first."""
    first = axis_of(frames).name
    others = [x for x in OFFERED if x not in (first, "evaluations")]
    known = [first, *(x for x in others if known_cost(frames.trials, x) == x)]
    return [x for x in known if (curve_column(frames, COSTS[x].column) > 0).any()]


def _group(group: Group) -> dict[str, Any]:
    dash = group.line_style[1] if isinstance(group.line_style, tuple) else []
    optimizers = list(dict.fromkeys(group.trials["optimizer"]))
    return {
        "name": group.legend,
        "optimizer": optimizers[0],
        "color": group.color,
        "dash": [2 * length for length in dash],
        "runs": len(group.trials),
    }


def _quartiles(drawn: Lines, scale: float, arrays: Arrays) -> list[list[Any]]:
    """Return each group's x values, lower quartiles, medians, upper quartiles, and end."""
    return [
        [arrays.add(line.x * scale, 7), *(arrays.add(values) for values in line.y), line.lost]
        for line in drawn.of_groups
    ]


def _runs(
    frames: Frames,
    compared: list[Group],
    axes: dict[str, float],
    drawn: dict[str, Lines],
    arrays: Arrays,
) -> list[dict[str, Any]]:
    """Return single runs: group, seed, x by axis, values by metric; none if there are too many."""
    found = []
    for index, group in enumerate(compared):
        if len(group.trials) < 2:
            continue
        columns = [*(COSTS[x].column for x in axes), *drawn]
        minima = group.trials["minimum"].to_numpy(np.float64)
        runs = runs_of(frames, group.trials, columns)
        for seed, minimum, run in zip(group.trials["seed"], minima, runs, strict=True):
            places, values = run[: len(axes)], run[len(axes) :]
            scaled = zip(axes.items(), places, strict=True)
            plotted = zip(drawn.items(), values, strict=True)
            found.append((index, int(seed), scaled, plotted, minimum, run.shape[1]))
    if sum(points for *_, points in found) > _MOST_POINTS:
        return []
    return [
        {
            "group": index,
            "seed": seed,
            "x": {x: arrays.add(place * scale, 7) for (x, scale), place in scaled},
            "y": {m: arrays.add(line.axis.of(value, minimum)) for (m, line), value in plotted},
        }
        for index, seed, scaled, plotted, minimum, _ in found
    ]


def _first(drawn: Lines, scale: float) -> float | None:
    return None if drawn.first is None else _short(drawn.first * scale, 7)


def _short(value: float, digits: int) -> float | None:
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short
