"""The figure batch-size: what a larger batch gains and costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Figure, Frames
from optframe.statistics import (
    CENSORED,
    UNRUN,
    Quartiles,
    Standings,
    known_cost,
)
from optframe_reports.plotting.batch_size_values import (
    BUDGETS,
    ENDS,
    Measured,
    batch_sizes,
    measured,
)
from optframe_reports.plotting.cells import quartiles_of
from optframe_reports.plotting.contenders import standings_of
from optframe_reports.plotting.curve_axis import no_ranking
from optframe_reports.plotting.labelling import HEIGHT, WIDTH, Legend, finish, legend_height, stroke
from optframe_reports.plotting.metric_axis import Ordinate
from optframe_reports.plotting.number_axis import set_number_axis
from optframe_reports.plotting.sweep_families import Family, families
from optframe_reports.plotting.sweep_lines import (
    Sweep,
    best_of,
    draw_sweeps,
    legend_of,
    lost_height,
    seeds_of,
    sweeps_table,
)
from optframe_reports.quantities import count, noted, plural

__all__ = ["BatchSize"]

Quantity = Literal[
    "loss_per_step",
    "loss_per_sample",
    "loss_per_record",
    "loss_per_work",
    "loss_per_second",
    "gradient_variance",
    "time_per_step",
    "memory_per_step",
    "best_lr",
    "validation_loss",
    "test_loss",
]


@dataclass(frozen=True)
class BatchSize(Figure):
    """A quantity against the batch size, a line for each optimizer and sampler.

    ``loss_per_step``, ``loss_per_sample`` (records drawn into minibatches), ``loss_per_record``
    (records that answers touched), ``loss_per_work`` and ``loss_per_second`` are the loss after the
    same cost: the largest that runs with every batch size have spent. Between two checkpoints it is
    interpolated. ``validation_loss`` and ``test_loss`` are
    those of the runs' ends. At each batch size an optimizer has the learning rate (lr) that is best
    there in the standings, since larger batches allow larger rates. ``best_lr`` is that learning
    rate. It is a triangle if it is the largest or the least that was tried, since a wider grid
    might have a better one. In all of these, a run that was lost counts as worse than every number.
    × in the grey rows at the top means that half of the runs or more were lost with that learning
    rate.

    ``gradient_variance`` is the median over a run's checkpoints (in a study with ``[run] measure =
    ["gradient_variance"]``). The dashed line falls as 1/B from the smallest batch, as the variance
    of a mean of independent records does. ``time_per_step`` and ``memory_per_step`` (in a study
    with ``[run] profile = true``) are those of all runs that have them, with every learning rate.
    Runs without a value, and the variances of lost ones, are left out and counted in the legend.

    A line joins medians over the seeds. The band is between the quartiles. Samplers without a batch
    size are left out, and the legend counts their runs.

    Reference: C. J. Shallue et al., "Measuring the effects of data parallelism on neural network
    training", Journal of Machine Learning Research 20 (2019).
    """

    quantity: Quantity = "loss_per_sample"

    def title(self) -> str:
        """Return the picture's title."""
        name = self.quantity.replace("_", " ").replace(" lr", " learning rate")
        return f"{name.capitalize()} against the batch size"

    def missing(self, frames: Frames) -> str | None:
        """Return a reason if there are not two batch sizes, or nothing was measured, else None."""
        trials = frames.trials
        ran = trials[~trials["status"].isin(UNRUN)] if len(trials) else trials
        if not len(ran):
            return "no trial has run yet"
        sizes = np.unique(batch_sizes(ran))
        sizes = sizes[np.isfinite(sizes)]
        if not sizes.size:
            return "no sampler has a batch size"
        if sizes.size == 1:
            return f"all runs have batches of {int(sizes[0])}; expected two sizes or more"
        return self._unmeasured(frames, ran)

    def _unmeasured(self, frames: Frames, ran: pd.DataFrame) -> str | None:
        name, curves = self.quantity, frames.curves
        if name == "gradient_variance" and (name not in curves or curves[name].isna().all()):
            return f'no run measured {name}; expected [run] measure = ["{name}"] in the study'
        if name == "memory_per_step" and _nothing(ran, "step_bytes"):
            return "no run was profiled; expected [run] profile = true in the study"
        if name in ENDS and _nothing(ran, name):
            return f"no run measured {name}"
        if name == "time_per_step" and not ((ran["steps"] > 0) & (ran["together"] == 1)).any():
            return "no run has taken a step with a time of its own"
        if name == "loss_per_second" and (ran["together"] > 1).any():
            return "runs ran in batches and have no times of their own"
        if name in BUDGETS and curves.empty:
            return "no run has a curve yet"
        if name in BUDGETS and known_cost(ran, BUDGETS[name]) != BUDGETS[name]:
            return f"not all runs have {BUDGETS[name]}"
        if name == "best_lr" and all(f.values.size < 2 for f in families(frames, "lr")[1]):
            return "no optimizer was run with two learning rates"
        timed = "seconds" if name in ("loss_per_second", "time_per_step") else ""
        return no_ranking(frames, timed)

    def size(self, frames: Frames) -> tuple[float, float]:
        """Return the size in inches, with room for the rows of crosses and the legend."""
        drawn = self._drawn(frames)
        return WIDTH, HEIGHT + lost_height(drawn.sweeps) + legend_height(drawn.legend[1])

    def data(self, frames: Frames) -> pd.DataFrame:
        """Return the quartiles at every batch size: name, batch_size, lower to upper, runs."""
        return sweeps_table(self._drawn(frames).sweeps, "batch_size")

    def draw(self, axes: Any, frames: Frames) -> None:
        """Draw every line, and the legend below."""
        drawn = self._drawn(frames)
        values = np.concatenate([sweep.x for sweep in drawn.sweeps])
        set_number_axis(axes.xaxis, values, each=True)
        draw_sweeps(axes, drawn.sweeps, drawn.axis)
        for sweep in drawn.sweeps:
            if drawn.quantity == "gradient_variance" and sweep.finite[0]:
                fall = sweep.y.median[0] * sweep.x[0] / sweep.x
                axes.plot(sweep.x, fall, "--", color=sweep.color, lw=stroke(), zorder=2)
            for mark, where in drawn.edges(sweep).items():
                look = {"color": sweep.color, "ms": 9 * stroke(), "mec": "white"}
                axes.plot(sweep.x[where], sweep.y.median[where], mark, **look)
        title = f"{frames.trials['problem'].iloc[0]}: {drawn.caption}"
        finish(axes, title, drawn.legend, x="batch size (records)", y=drawn.axis.name)

    def _drawn(self, frames: Frames) -> _Drawn:
        ran, found = families(frames, "lr", samplers_apart=False)
        what = measured(frames, ran, self.quantity)
        judged, best_lr = standings_of(frames), self.quantity == "best_lr"
        lines = [_line(family, ran, what, judged, best_lr) for family in found]
        least = 2 if best_lr else 1  # the best learning rate needs two or more
        drawn = [line for line in lines if line.sweep.x.size and line.tried >= least]
        kept = {line.sweep.name: line for line in drawn}
        without = {line.sweep.name: line.all_runs for line in lines}
        sweeps, axis = [line.sweep for line in drawn], what.axis
        if best_lr:
            axis = Ordinate("best learning rate", True, np.inf)
        shown = best_of(sweeps, axis)
        caption = [seeds_of(shown, len(sweeps)) if what.tuned else "median and quartiles"]
        if best_lr:
            caption = ["the rate that is best in the standings"]
        elif what.tuned and any(line.tried > 1 for line in drawn):
            caption.append("best lr at each")
        return _Drawn(
            shown,
            kept,
            {name: runs for name, runs in without.items() if name not in kept},
            axis,
            self.quantity,
            ", ".join(caption),
        )


def _nothing(ran: pd.DataFrame, column: str) -> bool:
    return column not in ran or bool(ran[column].isna().all())


class _Line(NamedTuple):
    """A family's line, with the numbers of ``all_runs``, ``lost`` ones, and those ``left_out``.

    Runs without a value are left out. ``tried`` is the largest number of settings at a point.
    ``largest`` and ``least`` mark the points where the best learning rate is at an end of the grid.
    """

    sweep: Sweep
    all_runs: int
    lost: int
    left_out: int
    tried: int
    largest: list[int]
    least: list[int]


def _line(
    family: Family, ran: pd.DataFrame, what: Measured, judged: Standings, best_lr: bool
) -> _Line:
    lr = np.full(len(ran), np.nan)
    for value, rows in zip(family.values, family.rows, strict=True):
        lr[rows] = value
    every = np.concatenate([*family.rows, family.unordered])
    sizes = batch_sizes(ran)
    known = np.isfinite(sizes) & (np.isfinite(lr) if best_lr else True) & ~np.isnan(what.values)
    rows = every[known[every]]
    settings: NDArray[Any] = _settings(ran) if what.tuned else np.zeros(len(ran), int)
    cells, owner = np.unique(np.stack([sizes, settings], axis=1)[rows], axis=0, return_inverse=True)
    parts = [rows[owner == cell] for cell in range(len(cells))]
    quartiles, keys = quartiles_of(what.values, parts), ran["key"].to_numpy()
    performance = (
        [judged.performance(keys[part]) for part in parts] if what.tuned else [0] * len(parts)
    )
    chosen, largest, least, tried = [], [], [], 1
    for place, size in enumerate(np.unique(sizes[rows])):
        candidates = np.flatnonzero(cells[:, 0] == size)
        best = int(min(candidates, key=performance.__getitem__))
        chosen.append(best)
        rates = lr[[parts[candidate][0] for candidate in candidates]]
        tried = max(tried, candidates.size)
        if np.isfinite(quartiles.median[best]) and np.unique(rates).size > 1:
            largest += [place] if lr[parts[best][0]] == rates.max() else []
            least += [place] if lr[parts[best][0]] == rates.min() else []
    y = Quartiles(*(quartile[chosen] for quartile in quartiles))
    if best_lr:
        rate = np.where(np.isfinite(y.median), lr[[parts[best][0] for best in chosen]], np.inf)
        y = Quartiles(rate, rate, rate)
    sweep = Sweep(*family.look, np.unique(sizes[rows]), y, [len(parts[best]) for best in chosen])
    lost = int(ran["status"].iloc[rows].isin(CENSORED).sum())
    return _Line(sweep, every.size, lost, every.size - rows.size, tried, largest, least)


def _settings(ran: pd.DataFrame) -> NDArray[np.integer[Any]]:
    """Number the settings of optimizer and sampler, in the order of the study."""
    codes = ran.groupby(["optimizer", "sampler"], sort=False).ngroup()
    return codes.to_numpy()


class _Drawn(NamedTuple):
    """The contents of a picture: lines, the data of each, and the families without a line."""

    sweeps: list[Sweep]
    lines: dict[str, _Line]
    without: dict[str, int]
    axis: Ordinate
    quantity: str
    caption: str

    @property
    def legend(self) -> Legend:
        """The marks and the texts of the legend."""
        return legend_of(self.sweeps, self._label, self._others)

    def edges(self, sweep: Sweep) -> dict[str, list[int]]:
        """Return the marks at a line's points, with their places: rates at an end of the grid."""
        line = self.lines[sweep.name]
        ends = {"^": line.largest, "v": line.least} if self.quantity == "best_lr" else {}
        return {mark: places for mark, places in ends.items() if places}

    @property
    def _others(self) -> list[tuple[str, dict[str, Any]]]:
        """The legend's other entries: each text with its mark."""
        others: list[tuple[str, dict[str, Any]]] = []
        dot = {"linestyle": "", "color": "0.3"}
        if any(not sweep.finite.all() for sweep in self.sweeps):
            others.append(("half or more of the runs lost", {**dot, "marker": "x", "mew": 2}))
        if self.quantity == "gradient_variance":
            fall = {"color": "0.3", "linestyle": "--", "linewidth": 1}
            others.append(("in proportion to 1 / batch size", fall))
        marks = {mark for sweep in self.sweeps for mark in self.edges(sweep)}
        ends = (("^", "the largest that was tried"), ("v", "the least that was tried"))
        others += [(label, {**dot, "marker": mark}) for mark, label in ends if mark in marks]
        left_out = [
            (f"{name}: {plural(n, 'run')} left out", {"linestyle": ""})
            for name, n in self.without.items()
        ]
        return [*others, *left_out]

    def _label(self, sweep: Sweep) -> str:
        line, every = self.lines[sweep.name], count(self.lines[sweep.name].all_runs)
        parts = [f"{count(line.lost)} of {every} lost"] if line.lost else []
        parts += [f"{count(line.left_out)} of {every} left out"] if line.left_out else []
        return noted(sweep.name, *parts)
