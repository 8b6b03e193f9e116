"""The figure sensitivity: how results depend on the learning rate, and where it is too large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from optframe import Figure, Frames
from optframe.statistics import final
from optframe_reports.plotting.cells import quartiles_of
from optframe_reports.plotting.contenders import standings_of
from optframe_reports.plotting.labelling import HEIGHT, WIDTH, Legend, finish, legend_height, stroke
from optframe_reports.plotting.metric_axis import Ordinate, judging, ordinate
from optframe_reports.plotting.number_axis import set_number_axis, spelled
from optframe_reports.plotting.sweep_families import families, starts_of
from optframe_reports.plotting.sweep_lines import (
    Sweep,
    best_of,
    draw_sweeps,
    legend_of,
    lost_height,
    seeds_of,
    sweeps_table,
)
from optframe_reports.plotting.tuned_sensitivity import TunedField, tuned_field
from optframe_reports.quantities import count, number, plural

__all__ = ["Sensitivity"]


@dataclass(frozen=True)
class Sensitivity(Figure):
    """The final metric against the learning rate, a line for each optimizer.

    A line joins the medians over the seeds. The band is between the quartiles. A ring marks the
    best setting, and the legend has its value. A flat minimum means that an optimizer needs little
    tuning. If the best value is the largest or the least tried, a wider grid is needed. Runs that
    were lost (diverged, failed, timed out, crashed) count as worse than every number. If half of
    the runs of a setting or more were lost, the line ends before it, × marks the setting in the
    grey rows at the top, and a dotted line leads there. The dotted level is the metric at the
    start. Values far above it are not shown.

    Settings that differ in other hyperparameters, too, are separate lines. Runs whose
    hyperparameter is a schedule are left out, and the legend counts them. Of more than twelve
    lines, those with the best settings are shown.

    Where the hyperparameter was tuned, the settings that were tried are shown instead: a point
    each, by what they were chosen by, and a line where nothing else was tuned. × at the top is a
    setting that broke down. The legend has the width: which share of the settings, and so of the
    space, is within 10 % of the best loss, error or cost. A narrow one needs much tuning. An
    adaptive tuner has none, since its settings crowd around the best.

    Parameters
    ----------
    metric
        A metric, at the runs' ends; by default the one that judges: the study's, else the
        validation loss where there is one, else the loss.
    parameter
        The hyperparameter.
    of
        The metric at the end of each run, or the best value at any of its checkpoints.

    Reference: Y. Choi et al., "On empirical comparisons of optimizers for deep learning",
    arXiv:1910.05446 (2019), on why the range of tried values must be shown.
    """

    metric: str | None = None
    parameter: str = "lr"
    of: Literal["final", "best"] = "final"

    def title(self) -> str:
        """Return the picture's title."""
        against = f"against {spelled(self.parameter)}"
        if self.metric is None and self.of == "final":
            return f"Results {against}"  # where it was tuned, those of tuning
        metric = (self.metric or "results").replace("_", " ")
        return f"{self.of.capitalize()} {metric} {against}"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if no optimizer has two values, or no run has the metric, else None."""
        if self._tuned(frames) is not None:
            return None
        if not len(frames.trials):
            return "no trial has run yet"
        ran, found = families(frames, self.parameter)
        if ran.empty:
            return "no trial has run yet"
        column = self._column(frames)
        if column not in ran or ran[column].isna().all():
            return f"no run measured {judging(frames, self.metric)}"
        if not any(family.values.size > 1 for family in found):
            return f"no optimizer was run with two values of {self.parameter}"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the rows of crosses and the legend."""
        if (tuned := self._tuned(frames)) is not None:
            return tuned.size()
        drawn = self._drawn(frames)
        return WIDTH, HEIGHT + lost_height(drawn.sweeps) + legend_height(drawn.legend[1])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return every setting's quartiles, infinite where runs were lost: name, lr, ..., runs.

        Where it was tuned, a row for each setting: name, lr, value, broken, width.
        """
        if (tuned := self._tuned(frames)) is not None:
            return tuned.data()
        return sweeps_table(self._drawn(frames).sweeps, self.parameter)

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw every line with a ring at its best setting, and the legend below."""
        if (tuned := self._tuned(frames)) is not None:
            tuned.draw(axes, str(frames.tunings["problem"].iloc[0]))
            return
        drawn = self._drawn(frames)
        set_number_axis(axes.xaxis, np.concatenate([sweep.x for sweep in drawn.sweeps]))
        draw_sweeps(axes, drawn.sweeps, drawn.axis, drawn.start)
        for sweep in drawn.sweeps:
            best = sweep.best(drawn.axis)
            if best is not None:
                look = {"ms": 10 * stroke(), "mew": 2 * stroke(), "mfc": "none", "mec": sweep.color}
                axes.plot(sweep.x[best], sweep.y.median[best], "o", zorder=5, **look)
        name = drawn.axis.name if self.of == "best" else f"final {drawn.axis.name}"
        caption = seeds_of(drawn.sweeps, drawn.all_sweeps)
        title = f"{frames.trials['problem'].iloc[0]}: {caption}"
        finish(axes, title, drawn.legend, x=spelled(self.parameter), y=name)

    def _tuned(self, frames: Frames) -> TunedField | None:
        """Return the settings of the tuning, unless another metric is asked for."""
        if not len(frames.tunings) or self.metric is not None or self.of != "final":
            return None
        return tuned_field(frames, self.parameter)

    def _column(self, frames: Frames) -> str:
        metric = judging(frames, self.metric)
        return metric if self.of == "final" else f"best_{metric}"

    def _drawn(self, frames: Frames) -> _Drawn:
        ran, found = families(frames, self.parameter)
        metric, column = judging(frames, self.metric), self._column(frames)
        values, starts = final(ran, column), starts_of(frames, ran, metric)
        both = np.stack([values, starts], axis=1)
        axis = ordinate(column, ran, [pair[np.isfinite(pair)] for pair in both])
        minima = ran["minimum"].to_numpy(np.float64)
        heights, above = axis.of(values, minima), axis.of(starts, minima)[np.isfinite(starts)]
        ordered = [family for family in found if family.values.size]
        judged = standings_of(frames, metric=self.metric, final=self.metric is not None)
        keys = ran["key"].to_numpy()
        sweeps = [
            Sweep(
                *family.look,
                family.values,
                quartiles_of(heights, family.rows),
                family.runs,
                np.array([judged.performance(keys[rows]) for rows in family.rows]),
            )
            for family in ordered
        ]
        return _Drawn(
            self.parameter,
            best_of(sweeps, axis),
            len(sweeps),
            {family.name: family.lost(ran) for family in ordered},
            {family.name: family.unordered.size for family in found if family.unordered.size},
            axis,
            float(np.median(above)) if above.size else np.nan,
        )


class _Drawn(NamedTuple):
    """The contents of a picture: lines, their total number, ``lost`` and ``left_out`` runs by name.

    ``start`` is the metric at the start of the runs.
    """

    parameter: str
    sweeps: list[Sweep]
    all_sweeps: int
    lost: dict[str, int]
    left_out: dict[str, int]
    axis: Ordinate
    start: float

    @property
    def legend(self) -> Legend:
        """The marks and the texts of the legend."""
        return legend_of(self.sweeps, self._label, self._others)

    @property
    def _others(self) -> list[tuple[str, dict[str, Any]]]:
        """The legend's other entries: each text with its mark."""
        others: list[tuple[str, dict[str, Any]]] = []
        if any(not sweep.finite.all() for sweep in self.sweeps):
            look = {"linestyle": "", "marker": "x", "color": "0.3", "markeredgewidth": 2}
            others.append(("half or more of the runs lost", look))
        if np.isfinite(self.start):
            others.append(("at the start", {"color": "0.4", "linestyle": ":", "linewidth": 1}))
        for name, runs in self.left_out.items():
            label = f"{name}: {plural(runs, 'run')} left out"
            others.append((label, {"linestyle": ""}))
        return others

    def _label(self, sweep: Sweep) -> str:
        parts, best = [], sweep.best(self.axis)
        if best is not None:
            parts.append(f"best {number(sweep.x[best])}")
            if sweep.x.size > 1 and best in (0, sweep.x.size - 1):
                parts[0] += ", the largest tried" if best else ", the least tried"
        if self.lost[sweep.name]:
            parts.append(f"{count(self.lost[sweep.name])} of {count(sum(sweep.runs))} lost")
        return f"{sweep.name} ({'; '.join(parts)})"
