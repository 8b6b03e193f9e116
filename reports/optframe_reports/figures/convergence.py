"""The figure convergence: how fast the loss falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import seaborn
from numpy.typing import NDArray

from optframe import Figure, Frames
from optframe_reports.plotting.curve_axis import X, label_of, no_curves
from optframe_reports.plotting.first_reach import levels
from optframe_reports.plotting.labelling import HEIGHT, WIDTH, add_legend, add_title, legend_height
from optframe_reports.plotting.median_bands import (
    Path,
    ceiling_of,
    draw_paths,
    handle,
    lost_handle,
    set_x_axis,
    set_y_axis,
)
from optframe_reports.plotting.metric_axis import Ordinate, Scale, knows_minimum
from optframe_reports.plotting.quartile_lines import lines
from optframe_reports.plotting.run_groups import By, Group, groups, number_of_runs

__all__ = ["Convergence"]

_LOST = "half or more of the runs lost"


class _Drawn(NamedTuple):
    paths: list[Path]
    axis: Ordinate
    first: float | None
    end: float


@dataclass(frozen=True)
class Convergence(Figure):
    """The median over seeds and the band between the quartiles, for each optimizer.

    For a fixed budget, they are those of the loss at each number of steps: how good is it by then?
    For a fixed target, they are those of the number of steps at which a run first reaches each
    loss: how long does it take? (These terms are those of COCO, the platform for comparing
    optimizers.)

    With the problem's f* known, this is the suboptimality f − f* on a logarithmic axis, on which
    what the dtype cannot tell from zero lies on a dotted line instead of falling off a cliff (see
    `optframe_reports.plotting.metric_axis`).

    The runs are first aligned on a common grid. Against steps, epochs and samples, a run has the
    value of its last checkpoint. Against gradients and seconds, each seed has its own checkpoints,
    and the value is interpolated between two of them. A run that ended keeps its last value. One
    that diverged, failed, timed out or crashed counts as infinite from there on: the band ends
    where a quartile is infinite, the curve ends in × where the median is, and the legend counts
    such runs. For a target, a run that never reaches it counts as infinite, and a curve ends where
    less than half of the runs reach the target.

    Of more than twelve settings, each optimizer's best is shown (`plotting.run_groups`).

    Reference: N. Hansen, A. Auger, R. Ros, O. Mersmann, T. Tušar and D. Brockhoff, Optimization
    Methods and Software 36 (2021), section 3.
    """

    x: X = "steps"
    metric: str = "loss"
    view: Literal["fixed-budget", "fixed-target"] = "fixed-budget"
    by: By = "auto"
    x_scale: Scale = "auto"
    y_scale: Scale = "auto"

    def title(self) -> str:
        """Return the picture's title."""
        metric = self.metric.replace("_", " ").capitalize()
        return f"{metric} against {self.x}" + (
            ", for fixed targets" if self.view == "fixed-target" else ""
        )

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no run has a curve of this metric or axis, else None."""
        reason = no_curves(frames, self.x, self.metric)
        if reason is not None or self.y_scale != "log" or knows_minimum(self.metric, frames.trials):
            return reason
        if (frames.curves[self.metric] <= 0).any():
            return f"some {self.metric} is not positive, which a logarithmic axis cannot show"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        compared = self._compared(frames)
        lost = any("(" in group.legend for group in compared)
        labels = [group.legend for group in compared]
        return WIDTH, HEIGHT + legend_height([*labels, _LOST] if lost else labels)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every place (or level): name, x (or level), lower to upper."""
        compared = self._compared(frames)
        if self.view == "fixed-target":
            reached = levels(frames, self.x, self.metric, self.y_scale, compared)
            return pd.concat(
                pd.DataFrame({"name": r.group.name, "level": r.level, **r.place._asdict()})
                for r in reached.of_groups
            )
        drawn = lines(frames, self.x, self.metric, self.y_scale, compared)
        return pd.concat(
            pd.DataFrame({"name": line.group.name, self.x: line.x, **line.y._asdict()})
            for line in drawn.of_groups
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw every optimizer's line, with the legend below."""
        drawn = self._drawn(frames)
        scale, label = label_of(self.x, drawn.end)
        paths = [_scaled(path, scale) for path in drawn.paths]
        ceiling = np.inf if self.view == "fixed-target" else ceiling_of(paths, drawn.axis)
        draw_paths(axes, paths, ceiling)
        first = None if drawn.first is None else drawn.first * scale
        set_x_axis(axes, drawn.end * scale, first, self.x_scale, _least(paths))
        set_y_axis(axes, _heights(paths), drawn.axis, ceiling)
        axes.set(xlabel=label, ylabel=drawn.axis.name)
        axes.grid(which="major", alpha=0.4)
        seaborn.despine(ax=axes)

        compared = [path.group for path in paths]
        add_title(axes, f"{frames.trials['problem'].iloc[0]}: {self._what(compared)}")
        labels = [group.legend for group in compared]
        handles = [handle(group) for group in compared]
        if any(path.lost for path in paths):
            labels.append(_LOST)
            handles.append(lost_handle())
        add_legend(axes, handles, labels)

    def _compared(self, frames: Frames) -> list[Group]:
        return groups(frames, by=self.by, metric=self.metric)

    def _drawn(self, frames: Frames) -> _Drawn:
        compared = self._compared(frames)
        if self.view == "fixed-target":
            reached = levels(frames, self.x, self.metric, self.y_scale, compared)
            paths = [
                Path(r.group, r.place.median, r.level, r.place.lower, r.place.upper, across=True)
                for r in reached.of_groups
            ]
            return _Drawn(paths, reached.axis, reached.first, reached.end)
        drawn = lines(frames, self.x, self.metric, self.y_scale, compared)
        paths = [
            Path(line.group, line.x, line.y.median, line.y.lower, line.y.upper, line.lost)
            for line in drawn.of_groups
        ]
        return _Drawn(paths, drawn.axis, drawn.first, drawn.end)

    def _what(self, compared: list[Group]) -> str:
        runs = number_of_runs(compared)
        what = runs if runs.startswith("one seed") else f"median and quartiles of {runs}"
        if self.view == "fixed-target":
            return f"{self.x} to reach each level, {what}"
        return what


def _scaled(path: Path, scale: float) -> Path:
    if path.across:
        return path._replace(x=path.x * scale, low=path.low * scale, high=path.high * scale)
    return path._replace(x=path.x * scale)


def _least(paths: list[Path]) -> float:
    """Return the least x after the start."""
    after = [path.x[path.x > 0] for path in paths]
    return float(min((places.min() for places in after if places.size), default=0.0))


def _heights(paths: list[Path]) -> NDArray[np.float64]:
    """Return all heights of lines and of bands."""
    parts = [p.y if p.across else np.concatenate([p.low, p.y, p.high]) for p in paths]
    return np.concatenate(parts)
