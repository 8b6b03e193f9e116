"""The figure time-to-target: each run's cost of reaching a target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from optframe import Figure, Frames
from optframe.contracts.costs import CostName
from optframe.statistics import (
    evaluations_to_own_target,
    evaluations_to_target,
    worst,
)
from optframe.statistics.costs import paid
from optframe.statistics.metrics import GAP
from optframe_reports.plotting.curve_axis import axis_of, no_ranking
from optframe_reports.plotting.run_groups import By, groups
from optframe_reports.plotting.run_strips import (
    Strip,
    draw_strips,
    set_value_axis,
    strips_size,
    strips_table,
)
from optframe_reports.quantities import count, duration, number

__all__ = ["TimeToTarget"]


@dataclass(frozen=True)
class TimeToTarget(Figure):
    """Each run's cost of reaching a target: a point for each seed, a bar at the median.

    The target is the study's own. Its runs end there, so the cost is exact. With ``target``, it is
    a value of ``metric`` (``gap`` is f − f*), and the cost is that of the first checkpoint that
    reached it. The cost ``x`` is by default the study's, else the work.

    A run that did not reach the target, with every status, counts as infinite in the median, and
    the column "not reached" counts it. With ``x=seconds``, runs in batches (`--together`) are left
    out. Of more than fifty seeds, a line shows the range and a box the quartiles. The axis starts
    at zero. If the medians span more than a decade, it is logarithmic.
    """

    x: CostName | None = None
    metric: str = "loss"
    target: float | None = None
    by: By = "auto"

    def title(self) -> str:
        """Return the picture's title."""
        return f"{(self.x or 'cost').capitalize()} to the target"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if there is no target, or its cost was not counted, else None."""
        if not groups(frames):
            return "no run has ended yet"
        if self.target is None and frames.trials["target"].isna().all():
            return "the study has no target; expected target=VALUE, a value of the metric"
        if self.target is not None and _unmeasured(frames, self.metric):
            return f"no run measured {self.metric}"
        x = axis_of(frames, self.x).name
        if not (paid(frames.trials, x) > 0).any():
            return f"the runs counted no {x}"
        if not self._strips(frames):
            return "all runs ran in batches, so none has its own time"
        return no_ranking(frames, x)

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row for each optimizer."""
        return strips_size([strip.group for strip in self._strips(frames)])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return each run's cost, infinite if it did not reach the target: name, seed, x."""
        return strips_table(self._strips(frames), axis_of(frames, self.x).name)

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a row for each optimizer, in the report's order."""
        paid = self._strips(frames)
        finite = np.concatenate([strip.finite for strip in paid])
        axis = axis_of(frames, self.x)
        scale, label = axis.label(float(np.median(finite)) if finite.size else 1.0)
        write = _count if axis.name != "seconds" else lambda value: duration(value / scale)
        strips = [Strip(strip.group, strip.values * scale) for strip in paid]
        set_value_axis(axes, strips)
        draw_strips(axes, strips, write, nowhere="not reached")
        axes.set_xlabel(f"{label} to reach {self._goal(frames)}")

    def _goal(self, frames: Frames) -> str:
        metric, targets = self.metric, [self.target]
        if self.target is None:
            own = frames.trials.dropna(subset="target")
            metric, targets = str(own["target_metric"].iloc[0]), list(own["target"].unique())
        if len(targets) > 1:
            return "its target"
        sign = "≥" if worst(metric) < 0 else "≤"
        return f"{_words(metric)} {sign} {number(float(targets[0] or 0))}"

    def _strips(self, frames: Frames) -> list[Strip]:
        compared = groups(frames, by=self.by)
        trials, x = pd.concat([group.trials for group in compared]), axis_of(frames, self.x).name
        if self.target is None:
            found = evaluations_to_own_target(trials, x)
        else:
            found = evaluations_to_target(trials, frames.curves, self.target, x, self.metric)
        costs = found.set_index("key")["cost"]
        strips = []
        for group in compared:
            own = costs.reindex(group.trials["key"]).to_numpy(np.float64)
            known = ~np.isnan(own)
            if known.any():
                strips.append(Strip(replace(group, trials=group.trials[known]), own[known]))
        return strips


def _unmeasured(frames: Frames, metric: str) -> bool:
    if metric == GAP:
        return bool(frames.trials["minimum"].isna().all())
    return metric not in frames.curves or bool(frames.curves[metric].isna().all())


def _words(metric: str) -> str:
    return "f − f*" if metric == GAP else metric.replace("_", " ")


def _count(value: float) -> str:
    return count(round(value)) if 1000 <= value < np.inf else number(value, 3)
