"""The figure convergence: how fast the judged metric falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from optframe import Figure, Frames
from optframe.contracts.costs import CostName
from optframe_reports.plotting.curve_axis import axis_of, no_curves
from optframe_reports.plotting.first_reach import levels
from optframe_reports.plotting.labelling import HEIGHT, WIDTH, finish, legend_height
from optframe_reports.plotting.median_bands import (
    ceiling_of,
    draw_paths,
    legend_of,
    paths_of,
    set_x_axis,
    set_y_axis,
)
from optframe_reports.plotting.metric_axis import Scale, judging, knows_minimum
from optframe_reports.plotting.quartile_lines import Lines, lines
from optframe_reports.plotting.run_groups import By, Group, groups, spread

__all__ = ["Convergence"]


@dataclass(frozen=True)
class Convergence(Figure):
    """The median over seeds and the band between the quartiles, for each optimizer.

    For a fixed budget, they are those of the metric at each cost: how good is it by then? For a
    fixed target, they are those of the cost at which a run first reaches each level: how long does
    it take? (These terms are those of COCO, the platform for comparing optimizers.)

    The ``metric`` is by default the one that judges: the study's, else the validation loss where
    there is one, else the loss. ``metric=loss`` is the loss on the training records.

    With the problem's f* known, the loss is the suboptimality f − f* on a logarithmic axis, on
    which what the dtype cannot tell from zero lies on a dotted line instead of falling off a cliff
    (see `optframe_reports.plotting.metric_axis`).

    The runs are first aligned on a common grid. Where all seeds have the same checkpoints, as
    against steps, epochs and samples, a run has the value of its last checkpoint. Where each seed
    has its own, as against seconds, the value is interpolated between two of them. A run that ended
    keeps its last value. One that diverged, failed, timed out or crashed counts as infinite from
    there on: the band ends where a quartile is infinite, the curve ends in × where the median is,
    and the legend counts such runs. For a target, a run that never reaches it counts as infinite,
    and a curve ends where less than half of the runs reach the target.

    Of more than twelve settings, each optimizer's best is shown (`plotting.run_groups`). The cost
    ``x`` is by default the study's, else the work. The axis of seconds says if the machine's speed
    drifted, so that they are not comparable.

    Reference: N. Hansen, A. Auger, R. Ros, O. Mersmann, T. Tušar and D. Brockhoff, Optimization
    Methods and Software 36 (2021), section 3.
    """

    x: CostName | None = None
    metric: str | None = None
    view: Literal["fixed-budget", "fixed-target"] = "fixed-budget"
    by: By = "auto"
    x_scale: Scale = "auto"
    y_scale: Scale = "auto"

    def title(self) -> str:
        """Return the picture's title."""
        shown = (self.metric or "convergence").replace("_", " ").capitalize()
        return f"{shown} against {self.x or 'the cost'}" + (
            ", for fixed targets" if self._across else ""
        )

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no run has a curve of this metric or axis, else None."""
        metric = judging(frames, self.metric)
        reason = no_curves(frames, axis_of(frames, self.x).name, metric)
        if reason is not None or self.y_scale != "log" or knows_minimum(metric, frames.trials):
            return reason
        if (frames.curves[metric] <= 0).any():
            return f"some {metric} is not positive, which a logarithmic axis cannot show"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        compared = self._compared(frames)
        lost = any("(" in group.legend for group in compared)
        return WIDTH, HEIGHT + legend_height(legend_of(compared, lost)[1])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every place (or level): name, x (or level), lower to upper."""
        return self._lines(frames).table("level" if self._across else axis_of(frames, self.x).name)

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw every optimizer's line, with the legend below."""
        drawn = self._lines(frames)
        paths = paths_of(drawn, across=self._across)
        end = max(float(path.x.max(initial=0.0)) for path in paths)
        axis = axis_of(frames, self.x)
        scale, label = axis.label(end)
        paths = [path.scaled(scale) for path in paths]
        ceiling = np.inf if self._across else ceiling_of(paths, drawn.axis)
        draw_paths(axes, paths, ceiling)
        first = None if drawn.first is None else drawn.first * scale
        set_x_axis(axes, paths, first, self.x_scale)
        set_y_axis(axes, paths, drawn.axis, ceiling)
        compared = [path.group for path in paths]
        title = f"{frames.trials['problem'].iloc[0]}: {self._what(axis.name, compared)}"
        legend = legend_of(compared, any(path.lost for path in paths))
        finish(axes, title, legend, x=label, y=drawn.axis.name)

    def _compared(self, frames: Frames) -> list[Group]:
        return groups(frames, by=self.by, metric=None if self.metric == "loss" else self.metric)

    @property
    def _across(self) -> bool:
        return self.view == "fixed-target"

    def _lines(self, frames: Frames) -> Lines:
        compute = levels if self._across else lines
        x, metric = axis_of(frames, self.x).name, judging(frames, self.metric)
        return compute(frames, x, metric, self.y_scale, self._compared(frames))

    def _what(self, x: str, compared: list[Group]) -> str:
        view = f"{x} to reach each level, " if self._across else ""
        return view + spread(compared)
