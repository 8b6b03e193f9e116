"""The figure generalization: how much worse θ is on records that it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import seaborn
from matplotlib.lines import Line2D

from optframe import Figure, Frames
from optframe_reports.plotting.curve_axis import X, label_of, no_curves
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
from optframe_reports.plotting.metric_axis import Scale
from optframe_reports.plotting.quartile_lines import Lines, lines
from optframe_reports.plotting.run_groups import By, Group, groups, number_of_runs

__all__ = ["Generalization"]

_TRAINING: dict[str, Any] = {"linewidth": 1.0, "linestyle": (0, (3, 1.5)), "marker": "None"}
_LOST = "half or more of the runs lost"


@dataclass(frozen=True)
class Generalization(Figure):
    """A metric on the test records (thick) and on the training records (thin, dashed).

    Lines are medians over seeds, and bands are the quartiles of the test metric. With ``gap``, the
    figure shows their difference for each seed: test loss − training loss, or training accuracy −
    test accuracy. Above zero, θ fits the training records better.

    The training loss is the objective and includes a penalty. The test loss does not. Runs that
    were lost count as infinite from there on, as in `figures.convergence`.
    """

    x: X = "steps"
    metric: Literal["loss", "accuracy"] = "loss"
    gap: bool = False
    by: By = "auto"
    x_scale: Scale = "auto"
    y_scale: Scale = "auto"

    def title(self) -> str:
        """Return the picture's title."""
        if self.gap:
            return f"Generalization gap of the {self.metric} against {self.x}"
        return f"Training and test {self.metric} against {self.x}"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if nothing was measured on test records, else None."""
        training, test = self._columns
        reason = no_curves(frames, self.x, test, training)
        if reason is not None or self.y_scale != "log":
            return reason
        curves = _derived(frames, training, test).curves
        if (curves[list(self._measured)] <= 0).any(axis=None):
            return f"some {self.metric} is not positive, which a logarithmic axis cannot show"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        compared = self._compared(frames)
        labels = [group.legend for group in compared]
        more = [] if self.gap else ["test", "training"]
        lost = [_LOST] if any("(" in label for label in labels) else []
        return WIDTH, HEIGHT + legend_height([*labels, *more, *lost])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every place: name, metric, x, lower, median, upper."""
        return pd.concat(
            pd.DataFrame(
                {
                    "name": line.group.name,
                    "metric": metric,
                    self.x: line.x,
                    **line.y._asdict(),
                }
            )
            for metric, drawn in self._lines(frames).items()
            for line in drawn.of_groups
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw two lines for each optimizer, or one for the gap, with the legend below."""
        drawn = self._lines(frames)
        test = next(iter(drawn.values()))
        scale, label = label_of(self.x, max(lines.end for lines in drawn.values()))
        paths = {metric: _paths(lines, scale) for metric, lines in drawn.items()}
        every = [path for each in paths.values() for path in each]
        ceiling = ceiling_of(every, test.axis)
        for metric, each in paths.items():
            if metric.startswith("train"):
                draw_paths(axes, [p._replace(lost=False) for p in each], bands=False, **_TRAINING)
            else:
                draw_paths(axes, each, ceiling)
        first = None if test.first is None else test.first * scale
        end = max(lines.end for lines in drawn.values()) * scale
        places = np.concatenate([path.x for path in every])
        set_x_axis(axes, end, first, self.x_scale, float(places[places > 0].min(initial=np.inf)))
        shown = [part for path in every for part in (path.low, path.y, path.high)]
        set_y_axis(axes, np.concatenate(shown), test.axis, ceiling)
        if self.gap:
            axes.axhline(0, color="0.4", linestyle=":", linewidth=1)
        axes.set(xlabel=label, ylabel=self._label)
        axes.grid(which="major", alpha=0.4)
        seaborn.despine(ax=axes)
        self._add_words(axes, frames, [path.group for path in next(iter(paths.values()))], every)

    def _add_words(
        self, axes: Any, frames: Frames, compared: list[Group], paths: list[Path]
    ) -> None:
        runs = number_of_runs(compared)
        what = runs if runs.startswith("one seed") else f"median and quartiles of {runs}"
        add_title(axes, f"{frames.trials['problem'].iloc[0]}: {what}")
        handles: list[Any] = [handle(group) for group in compared]
        labels = [group.legend for group in compared]
        if not self.gap:
            handles += [Line2D([], [], color="0.3", linewidth=1.8)]
            handles += [Line2D([], [], color="0.3", **_TRAINING)]
            labels += ["test", "training"]
        if any(path.lost for path in paths):
            handles.append(lost_handle())
            labels.append(_LOST)
        add_legend(axes, handles, labels)

    @property
    def _columns(self) -> tuple[str, str]:
        if self.metric == "loss":
            return "loss", "test_loss"
        return "train_accuracy", "test_accuracy"

    @property
    def _measured(self) -> tuple[str, ...]:
        """The columns that are drawn, in the frames that `_derived` makes; the test's is first."""
        if self.gap:
            return ("gap",)
        return (
            ("test_loss", "training_loss")
            if self.metric == "loss"
            else ("test_accuracy", "training_accuracy")
        )

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
        made = {
            metric: lines(derived, self.x, metric, self.y_scale, compared)
            for metric in self._measured
        }
        if len({drawn.axis.log for drawn in made.values()}) == 1:
            return made
        return {
            metric: lines(derived, self.x, metric, "linear", compared) for metric in self._measured
        }


def _derived(frames: Frames, training: str, test: str) -> Frames:
    """Add the gap, and the training metric under a name that has no f*."""
    curves = frames.curves
    sign = -1.0 if training.endswith("accuracy") else 1.0
    name = "training_" + test.removeprefix("test_")
    gap = sign * (curves[test] - curves[training])
    return Frames(frames.trials, curves.assign(**{name: curves[training], "gap": gap}), {})


def _paths(drawn: Lines, scale: float) -> list[Path]:
    return [
        Path(line.group, line.x * scale, line.y.median, line.y.lower, line.y.upper, line.lost)
        for line in drawn.of_groups
    ]
