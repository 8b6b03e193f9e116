"""Judges a study again in other ways, to see whether its conclusion holds.

Of "best" the claim must stay; of "leads" the first place. Variations that change nothing (half the
budget, where nobody won in the second half) are no evidence, and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optframe.contracts.columns import rises
from optframe.statistics.charges import whole_budgets
from optframe.statistics.costs import known_cost, paid
from optframe.statistics.drift import no_ranking_by_seconds
from optframe.statistics.grouped import Flags, Integers
from optframe.statistics.medians import Floats
from optframe.statistics.metrics import measured
from optframe.statistics.standings.basis import Basis
from optframe.statistics.standings.judgement import Judgement, judge
from optframe.statistics.standings.runs import costs_paid, spent_by

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Variation", "variations_of"]

_OTHER_COSTS = ("work", "steps", "gradients", "seconds")


class Variation(NamedTuple):
    """One other way to judge, and what it says."""

    words: str
    kind: str
    """``problem`` (left out), ``cost``, ``tuning``, ``budget``, ``target`` or ``charge``."""
    what: str
    """The problem or the cost."""
    judgement: Judgement


def variations_of(
    basis: Basis, curves: pd.DataFrame | None, searched: Floats
) -> Iterator[Variation]:
    """Return the variations that change something; ``searched`` has the work of each search."""
    yield from _problems(basis)
    if any(basis.judged.cells.units[p].by_cost for p in basis.judged.numbers):
        yield from _costs(basis)
        yield from _searches(basis, searched)
        yield from _half_budget(basis)
        yield from _easier_target(basis, curves)
        yield from _cheap(basis)


def _problems(basis: Basis) -> Iterator[Variation]:
    numbers = basis.judged.numbers
    if len(numbers) < 2:
        return
    for number in map(int, numbers):
        usable = basis.judged.judged.copy()
        usable[number] = False
        name = basis.sample.problems[number]
        made = Judgement(basis.judged.cells, basis.sample.problems, usable)
        yield Variation(f"without {name}", "problem", name, made)


def _costs(basis: Basis) -> Iterator[Variation]:
    frame = basis.runs.frame
    for cost in _OTHER_COSTS:
        if cost == basis.cost or cost not in frame or known_cost(frame, cost) != cost:
            continue
        if cost == "seconds" and (
            (frame["together"] > 1).any() or no_ranking_by_seconds(frame, cost)
        ):
            continue
        spent = spent_by(basis.runs, cost)
        if _proportional(spent, basis.spent, basis.runs.problem):
            continue
        whole = whole_budgets(frame, cost, spent, basis.cells)
        if not _counted(spent, basis):
            continue
        made = _again(basis, basis.sample.won, spent, whole)
        yield Variation(f"counting {cost}", "cost", cost, made)


def _searches(basis: Basis, searched: Floats) -> Iterator[Variation]:
    """Charge each success what its setting's search cost: Σ paid / won grows by the search."""
    if basis.cost != "work" or not searched.any():
        return
    sample = basis.sample
    charged = sample._replace(paid=sample.paid + np.where(sample.won, searched, 0.0))
    judged = Judgement(judge(charged), sample.problems, basis.usable)
    yield Variation("when the work of tuning is counted", "tuning", "", judged)


def _half_budget(basis: Basis) -> Iterator[Variation]:
    half = 0.5 * basis.whole
    late = basis.sample.won & (basis.spent > half) & (basis.whole > 0)
    if not late.any():
        return
    won = basis.sample.won & ~late
    spent = np.where(basis.whole > 0, np.minimum(basis.spent, half), basis.spent)
    yield Variation("with half the budget", "budget", "", _again(basis, won, spent, half))


def _easier_target(basis: Basis, curves: pd.DataFrame | None) -> Iterator[Variation]:
    """Judge by a target half the way: √(start · target) for gaps, else their mean."""
    import pandas as pd

    frame = basis.runs.frame
    if curves is None or not len(curves) or frame["target"].isna().all():
        return
    codes = pd.Index(frame["key"]).get_indexer(curves["key"])
    known = codes >= 0
    rows, codes = curves[known], codes[known]
    steps = rows["step"].to_numpy()
    expense = paid(rows, basis.cost, in_curves=True)
    won, cost = basis.sample.won.copy(), basis.spent.copy()
    goals = frame["target_metric"].to_numpy(dtype=object)
    goal = frame["target"].to_numpy(np.float64)
    minimum = frame["minimum"].to_numpy(np.float64)
    for metric in frame["target_metric"].dropna().unique():
        value = measured(rows, metric, minimum[codes])
        sign = -1.0 if rises(metric) else 1.0
        start = np.full(len(frame), np.nan)
        start[codes[steps == 0]] = value[steps == 0]
        with np.errstate(invalid="ignore"):
            middle = 0.5 * (start + goal)
            if metric == "gap":
                middle = np.where((start > 0) & (goal > 0), np.sqrt(start * goal), middle)
            met = sign * value <= sign * middle[codes]
        met &= (goals[codes] == metric) & np.isfinite(expense) & (expense > 0)
        order = np.lexsort((steps[met], codes[met]))
        first, place = np.unique(codes[met][order], return_index=True)
        won[first], cost[first] = True, expense[met][order][place]
    yield Variation(
        "with a target half the way", "target", "", _again(basis, won, cost, basis.whole)
    )


def _cheap(basis: Basis) -> Iterator[Variation]:
    broken = basis.sample.lost & (basis.spent < basis.whole)
    numbers = basis.judged.numbers
    on_cost = np.isin(
        basis.sample.problem, [p for p in numbers if basis.judged.cells.units[p].by_cost]
    )
    if (broken & on_cost).any():
        made = _again(basis, basis.sample.won, basis.spent, basis.whole, cheap=True)
        yield Variation("with broken runs charged what they spent", "charge", "", made)


def _again(
    basis: Basis, won: Flags, spent: Floats, whole: Floats, cheap: bool = False
) -> Judgement:
    charged = costs_paid(basis.runs, won, spent, whole, basis.cells, cheap)
    sample = basis.sample._replace(won=won, paid=charged)
    return Judgement(judge(sample), sample.problems, basis.usable)


def _counted(spent: Floats, basis: Basis) -> bool:
    """Return whether every judged problem of kind cost has runs with this cost."""
    sums = np.bincount(basis.runs.problem, spent, len(basis.sample.problems))
    by_cost = [p for p in basis.judged.numbers if basis.judged.cells.units[p].by_cost]
    return bool((sums[by_cost] > 0).all())


def _proportional(ours: Floats, theirs: Floats, problem: Integers) -> bool:
    """Return whether two costs are in the same ratio in all runs of each problem."""
    count = problem.max(initial=-1) + 1
    total = np.bincount(problem, ours, count), np.bincount(problem, theirs, count)
    return bool(
        np.allclose(ours * total[1][problem], theirs * total[0][problem], rtol=1e-9, atol=0)
    )
