"""Charges what it cost to find the settings of tuned contenders, in work.

Seconds are not charged: the runs of a search often ran in batches, and have no times of their own.
The search of a cell is all that its contender ran there to tune: all studies, runs that confirmed
and runs that broke down. What a winner costs is the expected work to the target on problems of kind
cost, else the mean work of a final run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.charges import whole_budgets
from optframe.statistics.costs import known_cost
from optframe.statistics.medians import Floats
from optframe.statistics.standings.basis import Basis
from optframe.statistics.standings.runs import costs_paid, spent_by
from optframe.statistics.standings.tuned import SEARCH

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["search_of_runs", "search_work", "winner_work"]


def search_work(found: pd.DataFrame, kind: str) -> dict[tuple[str, str], float]:
    """Return the work of all searches by (contender, problem), for those that were tuned."""
    if not len(found):
        return {}
    name = "sampler" if kind == "samplers" else "contender"
    sums: dict[tuple[str, str], float] = {}
    for who, where, work in zip(found[name], found["problem"], found["work"], strict=True):
        sums[str(who), str(where)] = sums.get((str(who), str(where)), 0.0) + float(work)
    return sums


def search_of_runs(basis: Basis, found: pd.DataFrame) -> Floats:
    """Return for each run the work of its own search; 0 without one."""
    if not len(found) or not {*SEARCH} <= {*basis.runs.frame}:
        return np.zeros(len(basis.runs.frame))
    known = found.assign(work=found["work"].fillna(0.0))
    work = {row[:4]: row[4] for row in zip(*(known[n] for n in (*SEARCH, "work")), strict=True)}
    rows = zip(*(basis.runs.frame[name] for name in SEARCH), strict=True)
    return np.array([work.get(row, 0.0) for row in rows], dtype=np.float64)


def winner_work(basis: Basis, names: tuple[str, ...]) -> dict[tuple[str, str], float]:
    """Return what the judged settings cost by (contender, problem); empty if work is not known.

    It is +inf where no run reached the target, and others did.
    """
    frame = basis.runs.frame
    if not len(frame) or known_cost(frame, "work") != "work" or "work" not in frame:
        return {}
    spent, paid = basis.spent, basis.sample.paid
    if basis.cost != "work":
        spent = spent_by(basis.runs, "work")
        whole = whole_budgets(frame, "work", spent, basis.cells)
        paid = costs_paid(basis.runs, basis.sample.won, spent, whole, basis.cells)
    sample, problems = basis.sample, len(basis.sample.problems)
    usable = basis.usable[sample.problem]
    chosen = np.zeros(usable.size, dtype=bool)
    chosen[usable] = basis.judged.cells.chosen
    counted = chosen & ~np.isnan(sample.spent)
    place = sample.contender * problems + sample.problem
    size = len(names) * problems
    runs, won, known, charged, total = (
        np.bincount(place[rows], None if part is None else part[rows], size)
        for rows, part in (
            (chosen, None),
            (chosen & sample.won, None),
            (counted, None),
            (chosen, paid),
            (counted, spent),
        )
    )
    by_cost = np.bincount(sample.problem[sample.won], minlength=problems) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ert = np.where(won > 0, charged / won, np.inf)
        work = np.where(np.tile(by_cost, len(names)), ert, total / known)
    return {
        (names[at // problems], sample.problems[at % problems]): float(work[at])
        for at in np.flatnonzero((runs > 0) & ~np.isnan(work)).tolist()
    }
