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

_THIN: dict[str, dict[str, Any]] = {
    "validation": {"linewidth": 1.2, "linestyle": (0, (1, 1.2)), "marker": "None"},
    "training": {"linewidth": 1.0, "linestyle": (0, (3, 1.5)), "marker": "None"},
}
"""The styles of the lines that have neither band nor marker."""


@dataclass(frozen=True)
class Generalization(Figure):
    """A metric on the test records (thick), the validation records (dotted) and the training ones.

    The training line is thin and dashed. Without validation records there are two lines. Without
    test records the thick line is the validation's. Lines are medians over seeds, and bands are the
    quartiles of the thick line's metric. With ``gap``, the figure shows the difference of the thick
    and the training line for each seed: test loss − training loss, or training accuracy − test
    accuracy. Above zero, θ fits the training records better.

    The training loss is the objective and includes a penalty. The other losses do not. Runs that
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
        return f"Generalization of the {self.metric} against {x}"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if nothing but the training records was measured, else None."""
        x = axis_of(frames, self.x).name
        reason = no_curves(frames, x, f"{self._main(frames)}_{self.metric}", self.metric)
        if reason is not None or self.y_scale != "log":
            return reason
        if (self._derived(frames).curves[self._measured(frames)] <= 0).any(axis=None):
            return f"some {self.metric} is not positive, which a logarithmic axis cannot show"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the legend below."""
        compared = self._compared(frames)
        lost = any("(" in group.legend for group in compared)
        return WIDTH, HEIGHT + legend_height(self._legend(compared, frames, lost)[1])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every place: name, metric, x, lower, median, upper."""
        drawn = self._lines(frames)
        x = axis_of(frames, self.x).name
        return pd.concat(lines.table(x, metric=metric) for metric, lines in drawn.items())

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw the lines of each optimizer, or one for the gap, with the legend below."""
        drawn = self._lines(frames)
        main = next(iter(drawn.values()))
        scale, label = axis_of(frames, self.x).label(max(lines.end for lines in drawn.values()))
        paths = {
            metric: [path.scaled(scale) for path in paths_of(lines)]
            for metric, lines in drawn.items()
        }
        every = [path for each in paths.values() for path in each]
        ceiling = ceiling_of(every, main.axis)
        for place, (metric, each) in enumerate(paths.items()):
            if place:
                style = _THIN[metric.partition("_")[0]]
                draw_paths(axes, [p._replace(lost=False) for p in each], bands=False, **style)
            else:
                draw_paths(axes, each, ceiling)
        first = None if main.first is None else main.first * scale
        set_x_axis(axes, every, first, self.x_scale)
        set_y_axis(axes, every, main.axis, ceiling)
        if self.gap:
            axes.axhline(0, color="0.4", linestyle=":", linewidth=1)
        compared = [line.group for line in main.of_groups]
        title = f"{frames.trials['problem'].iloc[0]}: {spread(compared)}"
        legend = self._legend(compared, frames, any(path.lost for path in every))
        finish(axes, title, legend, x=label, y=self._label(frames))

    def _legend(self, compared: list[Group], frames: Frames, lost: bool) -> Legend:
        if self.gap:
            return legend_of(compared, lost)
        main, *others = [metric.partition("_")[0] for metric in self._measured(frames)]
        kinds: list[tuple[str, dict[str, Any]]] = [(main, {"color": "0.3", "linewidth": 1.8})]
        kinds += [(part, {"color": "0.3", **_THIN[part]}) for part in others]
        return legend_of(compared, lost, kinds)

    def _main(self, frames: Frames) -> str:
        """Return the part of the data whose line is thick."""
        measured = _parts(frames, self.metric)
        return measured[0] if measured else "test"

    def _measured(self, frames: Frames) -> list[str]:
        """Return the columns of `_derived` that are drawn, that of the thick line first."""
        if self.gap:
            return ["gap"]
        return [f"{part}_{self.metric}" for part in (*_parts(frames, self.metric), "training")]

    def _label(self, frames: Frames) -> str:
        if not self.gap:
            return self.metric
        main = self._main(frames)
        if self.metric == "loss":
            return f"{main} loss − training loss"
        return f"training − {main} accuracy"

    def _compared(self, frames: Frames) -> list[Group]:
        return groups(frames, by=self.by, metric=f"{self._main(frames)}_{self.metric}")

    def _lines(self, frames: Frames) -> dict[str, Lines]:
        """Return the lines of each column that is drawn, all on one axis."""
        compared, derived = self._compared(frames), self._derived(frames)
        measured, x = self._measured(frames), axis_of(frames, self.x).name
        made = {m: lines(derived, x, m, self.y_scale, compared) for m in measured}
        if len({drawn.axis.log for drawn in made.values()}) == 1:
            return made
        return {m: lines(derived, x, m, "linear", compared) for m in measured}

    def _derived(self, frames: Frames) -> Frames:
        """Add the gap, and the training metric under a name that has no f*."""
        curves = frames.curves
        sign = -1.0 if self.metric == "accuracy" else 1.0
        training = curves[self.metric]
        gap = sign * (curves[f"{self._main(frames)}_{self.metric}"] - training)
        columns = {f"training_{self.metric}": training, "gap": gap}
        return dataclasses.replace(frames, curves=curves.assign(**columns), colors={})


def _parts(frames: Frames, metric: str) -> list[str]:
    """Return the parts of the data, but for the training part, on which a metric was measured."""
    curves = frames.curves
    return [
        part
        for part in ("test", "validation")
        if f"{part}_{metric}" in curves and curves[f"{part}_{metric}"].notna().any()
    ]
