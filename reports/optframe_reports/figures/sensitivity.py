"""Sensitivity: how much depends on the learning rate, and where it is too large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import seaborn
from matplotlib.lines import Line2D

from optframe import Figure, Frames
from optframe.statistics import final
from optframe_reports.plotting.compared_optimizers import plural
from optframe_reports.plotting.labelling import (
    HEIGHT,
    WIDTH,
    add_legend,
    add_title,
    legend_height,
    stroke,
)
from optframe_reports.plotting.metric_axis import Ordinate, ordinate
from optframe_reports.plotting.number_axis import set_number_axis, spelled
from optframe_reports.plotting.sweep_families import families, quartiles_of, starts_of
from optframe_reports.plotting.sweep_lines import (
    Sweep,
    best_of,
    draw_sweeps,
    lost_height,
    seeds_of,
    style_of,
)
from optframe_reports.quantities import count, number

__all__ = ["Sensitivity"]


@dataclass(frozen=True)
class Sensitivity(Figure):
    """The final metric against the learning rate, a line for each optimizer.

    A line joins the medians over the seeds; the band lies between the quartiles. A ring marks the
    best setting, and the legend says its value: a flat bottom is an optimizer that needs little
    tuning, a best value that is the largest or the least tried asks for a wider grid. Where half
    of the runs or more were lost (diverged, failed, timed out, crashed; each counts as worse than
    every number) the line ends at the edge of divergence: × in the grey rows at the top stand at
    the settings that were lost, and a dotted line leads there. The dotted level is the metric at
    the start; what is far above it is not shown.

    Settings that differ in other hyperparameters, too, are lines of their own. Where the
    hyperparameter is a schedule, runs are left out, and the legend counts them. Of more than
    twelve lines, those with the best settings are shown.

    Parameters
    ----------
    metric
        Of the runs' ends, a column of the trials.
    parameter
        The hyperparameter.
    of
        The metric at the end of each run, or the best value at any of its checkpoints.

    Reference: Y. Choi et al., "On empirical comparisons of optimizers for deep learning",
    arXiv:1910.05446 (2019), on why the range that was tried has to be shown.
    """

    metric: str = "loss"
    parameter: str = "lr"
    of: Literal["final", "best"] = "final"

    def title(self) -> str:
        """Return what the picture shows."""
        metric = self.metric.replace("_", " ")
        return f"{self.of.capitalize()} {metric} against {spelled(self.parameter)}"

    def missing(self, frames: Frames) -> str | None:
        """Say so where no optimizer has two values, or the metric was not measured."""
        if not len(frames.trials):
            return "no trial has run yet"
        ran, found = families(frames, self.parameter)
        if ran.empty:
            return "no trial has run yet"
        if self._column not in ran or ran[self._column].isna().all():
            return f"no run measured {self.metric}"
        if not any(family.values.size > 1 for family in found):
            return f"no optimizer was run with two values of {self.parameter}"
        return None

    def size(self, frames: Frames) -> tuple[float, float]:
        """Leave room for the rows of crosses above and for the legend below."""
        drawn = self._drawn(frames)
        return WIDTH, HEIGHT + lost_height(drawn.sweeps) + legend_height(drawn.labels)

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return every setting's quartiles, infinite where runs were lost: name, lr, ..., runs."""
        return pd.concat(
            pd.DataFrame(
                {"name": one.name, self.parameter: one.x, **one.y._asdict(), "runs": one.runs}
            )
            for one in self._drawn(frames).sweeps
        )

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw every line with a ring at its best setting, and the legend below."""
        drawn = self._drawn(frames)
        set_number_axis(axes.xaxis, np.concatenate([sweep.x for sweep in drawn.sweeps]))
        draw_sweeps(axes, drawn.sweeps, drawn.axis, drawn.start)
        for sweep in drawn.sweeps:
            best = sweep.best(drawn.axis)
            if best is not None:
                look = {"ms": 10 * stroke(), "mew": 2 * stroke(), "mfc": "none", "mec": sweep.color}
                axes.plot(sweep.x[best], sweep.y.median[best], "o", zorder=5, **look)
        name = drawn.axis.name if self.of == "best" else f"final {drawn.axis.name}"
        axes.set(xlabel=spelled(self.parameter), ylabel=name)
        axes.grid(which="major", alpha=0.4)
        seaborn.despine(ax=axes)
        told = seeds_of(drawn.sweeps, drawn.all_sweeps)
        add_title(axes, f"{frames.trials['problem'].iloc[0]}: {told}")
        add_legend(axes, drawn.handles, drawn.labels)

    @property
    def _column(self) -> str:
        return self.metric if self.of == "final" else f"best_{self.metric}"

    def _drawn(self, frames: Frames) -> _Drawn:
        ran, found = families(frames, self.parameter)
        values, starts = final(ran, self._column), starts_of(frames, ran, self.metric)
        both = np.stack([values, starts], axis=1)
        axis = ordinate(self._column, ran, [pair[np.isfinite(pair)] for pair in both])
        minima = ran["minimum"].to_numpy(np.float64)
        heights, above = axis.of(values, minima), axis.of(starts, minima)[np.isfinite(starts)]
        ordered = [family for family in found if family.values.size]
        sweeps = [
            Sweep(*family.look, family.values, quartiles_of(heights, family.rows), family.runs)
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
    """All that a picture shows: the lines, of how many; runs ``lost`` and ``left_out`` by name.

    ``start`` is the metric where the runs began.
    """

    parameter: str
    sweeps: list[Sweep]
    all_sweeps: int
    lost: dict[str, int]
    left_out: dict[str, int]
    axis: Ordinate
    start: float

    @property
    def labels(self) -> list[str]:
        """The texts of the legend."""
        return [*map(self._label, self.sweeps), *(text for text, _ in self._others)]

    @property
    def handles(self) -> list[Line2D]:
        """The marks of the legend."""
        lines = [Line2D([], [], **style_of(sweep)) for sweep in self.sweeps]
        return [*lines, *(Line2D([], [], **look) for _, look in self._others)]

    @property
    def _others(self) -> list[tuple[str, dict[str, Any]]]:
        """What stands in the legend beside the lines, and how it looks."""
        others: list[tuple[str, dict[str, Any]]] = []
        if any(not sweep.finite.all() for sweep in self.sweeps):
            look = {"linestyle": "", "marker": "x", "color": "0.3", "markeredgewidth": 2}
            others.append(("half or more of the runs lost", look))
        if np.isfinite(self.start):
            others.append(("at the start", {"color": "0.4", "linestyle": ":", "linewidth": 1}))
        for name, runs in self.left_out.items():
            said = f"{name}: {plural(runs, 'run')} left out"
            others.append((said, {"linestyle": ""}))
        return others

    def _label(self, sweep: Sweep) -> str:
        said, best = [], sweep.best(self.axis)
        if best is not None:
            said.append(f"best {number(sweep.x[best])}")
            if sweep.x.size > 1 and best in (0, sweep.x.size - 1):
                said[0] += ", the largest tried" if best else ", the least tried"
        if self.lost[sweep.name]:
            said.append(f"{count(self.lost[sweep.name])} of {count(sum(sweep.runs))} lost")
        return f"{sweep.name} ({'; '.join(said)})"
