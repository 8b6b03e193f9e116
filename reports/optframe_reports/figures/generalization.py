"""The figure generalization: how much worse θ is on records that it was not fitted to."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from optframe import Figure, Frames
from optframe.contracts.costs import CostName
from optframe_reports.plotting.curve_axis import axis_of, no_curves
from optframe_reports.plotting.labelling import HEIGHT, WIDTH, Legend, finish, legend_height
from optframe_reports.plotting.median_bands import (
    ceiling_of,
    draw_paths,
    legend_of,
    paths_of,
    set_x_axis,
    set_y_axis,
)
from optframe_reports.plotting.metric_axis import Scale
from optframe_reports.plotting.quartile_lines import Lines, lines
from optframe_reports.plotting.run_groups import By, Group, groups, spread

__all__ = ["Generalization"]

_TRAINING: dict[str, Any] = {"linewidth": 1.0, "linestyle": (0, (3, 1.5)), "marker": "None"}


@dataclass(frozen=True)
class Generalization(Figure):
    """A metric on the test records (thick) and on the training records (thin, dashed).

    Lines are medians over seeds, and bands are the quartiles of the test metric. With ``gap``, the
    figure shows their difference for each seed: test loss − training loss, or training accuracy −
    test accuracy. Above zero, θ fits the training records better.

    The training loss is the objective and includes a penalty. The test loss does not. Runs that
    were lost count as infinite from there on, as in `figures.convergence`.
    """

    x: CostName | None = None
    metric: Literal["loss", "accuracy"] = "loss"
    gap: bool = False
    by: By = "auto"
    x_scale: Scale = "auto"
    y_scale: Scale = "auto"

    def title(self) -> str:
        """Return the picture's title."""
        x = self.x or "the cost"
        if self.gap:
            return f"Generalization gap of the {self.metric} against {x}"
        return f"Training and test {self.metric} against {x}"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if nothing was measured on test records, else None."""
        training, test = self._columns
        reason = no_curves(frames, axis_of(frames, self.x).name, test, training)
        if reason is not None or self.y_scale != "log":
            return reason
        curves = _derived(frames, training, test).curves
        if (curves[list(self._measured)] <= 0).any(axis=None):
            return f"some {self.metric} is not positive, which a logarithmic axis cannot show"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        compared = self._compared(frames)
        lost = any("(" in group.legend for group in compared)
        return WIDTH, HEIGHT + legend_height(self._legend(compared, lost)[1])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every place: name, metric, x, lower, median, upper."""
        drawn = self._lines(frames)
        x = axis_of(frames, self.x).name
        return pd.concat(lines.table(x, metric=metric) for metric, lines in drawn.items())

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw two lines for each optimizer, or one for the gap, with the legend below."""
        drawn = self._lines(frames)
        test = next(iter(drawn.values()))
        scale, label = axis_of(frames, self.x).label(max(lines.end for lines in drawn.values()))
        paths = {
            metric: [path.scaled(scale) for path in paths_of(lines)]
            for metric, lines in drawn.items()
        }
        every = [path for each in paths.values() for path in each]
        ceiling = ceiling_of(every, test.axis)
        for metric, each in paths.items():
            if metric.startswith("train"):
                draw_paths(axes, [p._replace(lost=False) for p in each], bands=False, **_TRAINING)
            else:
                draw_paths(axes, each, ceiling)
        first = None if test.first is None else test.first * scale
        set_x_axis(axes, every, first, self.x_scale)
        set_y_axis(axes, every, test.axis, ceiling)
        if self.gap:
            axes.axhline(0, color="0.4", linestyle=":", linewidth=1)
        compared = [line.group for line in test.of_groups]
        title = f"{frames.trials['problem'].iloc[0]}: {spread(compared)}"
        legend = self._legend(compared, any(path.lost for path in every))
        finish(axes, title, legend, x=label, y=self._label)

    def _legend(self, compared: list[Group], lost: bool) -> Legend:
        test = {"color": "0.3", "linewidth": 1.8}
        kinds = [("test", test), ("training", {"color": "0.3", **_TRAINING})]
        return legend_of(compared, lost, () if self.gap else kinds)

    @property
    def _columns(self) -> tuple[str, str]:
        if self.metric == "loss":
            return "loss", "test_loss"
        return "train_accuracy", "test_accuracy"

    @property
    def _measured(self) -> tuple[str, ...]:
        """The columns that are drawn, in the frames that `_derived` makes; the test's is first."""
        return ("gap",) if self.gap else (f"test_{self.metric}", f"training_{self.metric}")

    @property
    def _label(self) -> str:
        if not self.gap:
            return self.metric
        return "test loss − training loss" if self.metric == "loss" else "training − test accuracy"

    def _compared(self, frames: Frames) -> list[Group]:
        return groups(frames, by=self.by, metric=self._columns[1])

    def _lines(self, frames: Frames) -> dict[str, Lines]:
        """Return the lines of each column that is drawn, all on one axis."""
        compared = self._compared(frames)
        derived = _derived(frames, *self._columns)
        x = axis_of(frames, self.x).name
        made = {
            metric: lines(derived, x, metric, self.y_scale, compared) for metric in self._measured
        }
        if len({drawn.axis.log for drawn in made.values()}) == 1:
            return made
        return {metric: lines(derived, x, metric, "linear", compared) for metric in self._measured}


def _derived(frames: Frames, training: str, test: str) -> Frames:
    """Add the gap, and the training metric under a name that has no f*."""
    curves = frames.curves
    sign = -1.0 if training.endswith("accuracy") else 1.0
    name = "training_" + test.removeprefix("test_")
    gap = sign * (curves[test] - curves[training])
    derived = curves.assign(**{name: curves[training], "gap": gap})
    return dataclasses.replace(frames, curves=derived, colors={})
