"""Reads from the standings the numbers by which contenders are ranked on each problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from optframe import Frames
from optframe.contracts.costs import COSTS, CostName
from optframe.statistics import Standings, cost_note
from optframe.statistics.wording import joined
from optframe_reports.plotting.compared_optimizers import lost_runs, nothing_to_compare
from optframe_reports.plotting.contenders import at_contenders, standings_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measure", "Ranked", "Ranking"]

Measure = Literal["auto", "target", "final"]
"""What is ranked: the expected cost of the study's own target, or the mean final metric.

``auto`` is the target on problems where some run reached it, else the final metric. ``target`` is
the problems where some run reached it alone.
"""


@dataclass(frozen=True)
class Ranked:
    """The numbers by which contenders are ranked, with their names.

    ``costs`` are performances, less being better, with a row for each problem, in the order of the
    standings. A number is +inf if no run reached the target, NaN if the contender did not run.
    ``ranks`` and ``ratios`` to the problem's best are those of the standings, in the same shape.
    """

    frames: Frames
    costs: pd.DataFrame
    ranks: pd.DataFrame
    ratios: pd.DataFrame
    words: str
    notes: list[str]
    lost: str
    """A text with the number of lost runs; empty if none was lost."""


@dataclass(frozen=True)
class Ranking:
    """A figure's choice of what to rank, for ``most`` contenders."""

    measure: Measure
    by: CostName | None
    metric: str | None
    most: int

    def by_target(self, frames: Frames) -> bool:
        """Return whether contenders are ranked by the cost of the target on every problem."""
        kinds = set(self.standings(frames).cells["kind"])
        return self.measure == "target" or kinds == {"cost"}

    def standings(self, frames: Frames) -> Standings:
        """Return the standings by this choice."""
        return standings_of(frames, self.by, self.metric, final=self.measure == "final")

    def missing(self, frames: Frames) -> str | None:
        """Return why nothing can be ranked, or None."""
        found = self.standings(frames)
        if (reason := nothing_to_compare(frames, found)) is not None:
            return reason
        if not found.comparable:
            return found.headline[0].rstrip(".")
        if self.measure == "target" and not (found.cells["kind"] == "cost").any():
            return "no run reached a target of the study"
        return None

    def of(self, frames: Frames) -> Ranked:
        """Return the contenders' performances; only the first ones' if there are too many."""
        found = self.standings(frames)
        compared, settings = at_contenders(frames, found, self.most)
        columns = ("performance", "rank", "ratio")
        tables = [_by_problem(found, column, self.most) for column in columns]
        if self.measure == "target":
            aimed = found.cells.loc[found.cells["kind"] == "cost", "problem"].unique()
            tables = [table[table.index.isin(aimed)] for table in tables]
        costs, ranks, ratios = tables
        kinds = found.problems.set_index("problem")["kind"].reindex(costs.index)
        measures = found.problems.set_index("problem")["measure"].reindex(costs.index)
        parts = []
        if (kinds == "cost").any():
            parts.append(f"expected {COSTS[found.cost].words} to the study's target")
        if (kinds == "value").any():
            names = dict.fromkeys(measures[kinds == "value"])
            parts.append(f"mean final {' or '.join(names)}")
        notes = [cost_note(frames.trials, found.asked), settings]
        return Ranked(
            compared,
            costs,
            ranks,
            ratios,
            joined(parts) if len(parts) < 2 else ", else ".join(parts),
            [note for note in notes if note],
            lost_runs(compared, list(costs.columns)),
        )


def _by_problem(found: Standings, column: str, most: int) -> pd.DataFrame:
    """Return a column of the cells of at most ``most`` contenders: a row for each problem."""
    table = found.cells.pivot_table(
        column, "problem", "contender", sort=False, dropna=False, observed=False
    )
    order = [name for name in found.contenders if name in table.columns]
    return table[order[:most]]
