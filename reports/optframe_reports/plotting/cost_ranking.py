"""Computes the costs by which optimizers are ranked on each problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from optframe import Frames
from optframe.contracts.costs import COSTS, CostName
from optframe.statistics import UNRUN, final_costs, no_ranking_by_seconds, solver_costs
from optframe.statistics.metrics import judged_values, metric_words
from optframe_reports.plotting.best_settings import at_best_settings
from optframe_reports.plotting.compared_optimizers import best, lost_runs, nothing_to_compare
from optframe_reports.plotting.curve_axis import axis_of
from optframe_reports.plotting.target_costs import (
    has_own_targets,
    nothing_to_reach,
    reaching,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measure", "Ranked", "Ranking"]

Measure = Literal["auto", "target", "final"]
"""What is ranked: the median cost of the study's own target, or the median final metric.

``auto`` is the target if the study has one for every problem.
"""


@dataclass(frozen=True)
class Ranked:
    """The costs by which optimizers are ranked, with their names.

    ``costs`` are medians over seeds, less being better. There is a row for each problem. A cost is
    +inf if half of the runs or more were lost or did not reach the target.
    """

    frames: Frames
    costs: pd.DataFrame
    words: str
    notes: list[str]
    lost: str
    """A text with the number of lost runs; empty if none was lost."""


@dataclass(frozen=True)
class Ranking:
    """A figure's choice of what to rank, for ``most`` optimizers."""

    measure: Measure
    by: CostName | None
    metric: str | None
    most: int

    def by_target(self, frames: Frames) -> bool:
        """Return whether optimizers are ranked by the cost of the study's target."""
        return self.measure == "target" or (self.measure == "auto" and has_own_targets(frames))

    def missing(self, frames: Frames) -> str | None:
        """Return why nothing can be ranked, or None."""
        cost = axis_of(frames, self.by).name
        if self.by_target(frames) and (why := no_ranking_by_seconds(frames.trials, cost)):
            return why
        frames, _ = self._compared(frames)
        reason = nothing_to_compare(frames)
        if reason is None and self.by_target(frames):
            return nothing_to_reach(frames, axis_of(frames, self.by).name, "study")
        ran = frames.trials[~frames.trials["status"].isin(UNRUN)] if reason is None else None
        metric = self.metric or frames.metric
        if ran is not None and np.isnan(judged_values(ran, metric)).all():
            return f"no run measured {metric or 'loss'}"
        return reason

    def of(self, frames: Frames) -> Ranked:
        """Return the optimizers' costs; only the best ones' if there are too many."""
        frames, settings = self._compared(frames)
        if self.by_target(frames):
            axis = axis_of(frames, self.by)
            evaluations, target = reaching(frames, axis.name, "study", 0.0)
            costs = solver_costs(evaluations)
            words, fallback = f"median {COSTS[axis.name].words} to {target}", axis.note
        else:
            metric, fallback = self.metric or frames.metric, ""
            costs = final_costs(frames.trials, metric)
            words = f"median final {metric_words(frames.trials, metric)}"
        costs, restriction = best(costs, self.most)
        notes = [note for note in (fallback, settings, restriction) if note]
        return Ranked(frames, costs, words, notes, lost_runs(frames, list(costs.columns)))

    def _compared(self, frames: Frames) -> tuple[Frames, str]:
        by = axis_of(frames, self.by).name if self.by_target(frames) else None
        return at_best_settings(frames, by, self.metric)
