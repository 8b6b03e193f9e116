"""The figure distribution: how the final results vary over the seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from optframe import Figure, Frames
from optframe.statistics import final, worst
from optframe_reports.plotting.metric_axis import Ordinate, Scale, judging, knows_minimum, ordinate
from optframe_reports.plotting.run_groups import By, groups
from optframe_reports.plotting.run_strips import (
    Strip,
    draw_strips,
    set_value_axis,
    strips_size,
    strips_table,
)
from optframe_reports.quantities import number

__all__ = ["Distribution"]


@dataclass(frozen=True)
class Distribution(Figure):
    """The final value of a metric, or the best along the run: a point for each seed.

    The metric is by default the one that judges: the study's, else the validation loss where there
    is one, else the loss.

    A bar and a number mark the median. With five seeds or more, a box shows the quartiles. With
    more than fifty, the box and a line for the range replace the points.

    A run that diverged, failed, timed out or crashed has no value: it counts as worse than every
    number in median and box, and the column "lost" counts it. A box that reaches such runs is
    open: it ends with the axis. With the problem's f* known, the loss is the suboptimality f − f*,
    and what the dtype cannot tell from zero lies at the resolution (`plotting.metric_axis`).
    """

    metric: str | None = None
    value: Literal["final", "best"] = "final"
    by: By = "auto"
    scale: Scale = "auto"

    def title(self) -> str:
        """Return the picture's title."""
        return f"{self.value.capitalize()} {(self.metric or 'results').replace('_', ' ')}"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no run has this metric, or not all values are positive, else None."""
        compared = groups(frames)
        if not compared:
            return "no run has ended yet"
        metric, column = judging(frames, self.metric), self._column(frames)
        measured = (  # if all runs are lost, only their curves have the metric
            frame[name].notna().any()
            for frame, name in ((frames.trials, column), (frames.curves, metric))
            if name in frame
        )
        if column not in frames.trials or not any(measured):
            return f"no run measured {metric}"
        logarithmic = self.scale == "log" and not knows_minimum(column, frames.trials)
        if logarithmic and (frames.trials[column] <= 0).any():
            return f"some {metric} is not positive, which a logarithmic axis cannot show"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with a row for each optimizer."""
        return strips_size(groups(frames, by=self.by, metric=self.metric))

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return each run's value as drawn, infinite if it was lost: name, seed, value."""
        return strips_table(self._strips(frames)[0], "value")

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw a row for each optimizer, in the report's order."""
        strips, axis = self._strips(frames)
        set_value_axis(axes, strips, axis.log)
        draw_strips(axes, strips, lambda median: number(median, 3), nowhere="lost", box=True)
        axes.set_xlabel(f"{self.value} {axis.name.removeprefix('best ')}")

    def _column(self, frames: Frames) -> str:
        metric = judging(frames, self.metric)
        return metric if self.value == "final" else f"best_{metric}"

    def _strips(self, frames: Frames) -> tuple[list[Strip], Ordinate]:
        compared = groups(frames, by=self.by, metric=self.metric)
        column = self._column(frames)
        finals = [final(group.trials, column) for group in compared]
        trials = pd.concat([group.trials for group in compared])
        each = [np.array([value]) for value in np.concatenate(finals)]
        finite = [value[np.isfinite(value)] for value in each]
        axis = ordinate(column, trials, finite, self.scale)
        lost = worst(column)
        strips = []
        for group, values in zip(compared, finals, strict=True):
            plotted = axis.of(values, group.trials["minimum"].to_numpy(np.float64))
            strips.append(Strip(group, np.where(np.isfinite(values), plotted, lost)))
        return strips, axis
