"""Orders each problem's optimizers by their cost of the study's target, or by the final metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optframe.contracts.columns import rises
from optframe.contracts.costs import DEFAULT
from optframe.statistics.grouped import Flags, Integers, grouped, grouped_medians
from optframe.statistics.medians import Floats
from optframe.statistics.summary import final_values, groups_of
from optframe.statistics.targets import evaluations_to_own_target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judgement", "judged"]


class Judgement(NamedTuple):
    """The groups of a study (`groups_of`), and how good each is on its problem.

    If a run of a problem reached the study's target, optimizers are judged by the median cost of
    reaching it, since runs that reached the target are equally good. Ties, and problems without a
    target, are judged by the median of the final metric. Less is better in all of these numbers.
    """

    codes: Integers
    """Each trial's group."""
    groups: pd.DataFrame
    costs: Floats
    """Each trial's cost, NaN if its problem is not judged by costs."""
    finals: Floats
    """Each trial's final metric (an accuracy with a minus)."""
    cost: Floats
    """Each group's median cost, NaN as above."""
    final: Floats
    """Each group's median of the final metric."""
    standing: Floats
    """Each group's standing, by which groups of one problem are ordered. It is +inf if half of the
    group's runs were lost by the numbers that judge it, NaN if it has none."""


def judged(trials: pd.DataFrame, metric: str | None = None, by: str | None = DEFAULT) -> Judgement:
    """Judge groups by their cost ``by`` of the target, then by the metric; only it if None."""
    codes, groups = groups_of(trials)
    n = len(groups)
    finals = final_values(trials, metric) * (-1.0 if rises(metric or "loss") else 1.0)
    costs = np.full(len(trials), np.nan)
    if by is not None:
        own = evaluations_to_own_target(trials, by).set_index("key")["cost"]
        costs = own.reindex(trials["key"]).to_numpy(np.float64, copy=True)
    instance, instances = grouped(groups, ["problem", "sampler"])
    reached = np.zeros(len(instances), dtype=bool)
    reached[instance[codes[np.isfinite(costs)]]] = True
    costs[~reached[instance[codes]]] = np.nan

    cost, final = (grouped_medians(each, codes, n).median for each in (costs, finals))
    standing = _standing(reached[instance], cost, final)
    return Judgement(codes, groups, costs, finals, cost, final, standing)


def _standing(by_cost: Flags, cost: Floats, final: Floats) -> Floats:
    first = np.where(by_cost, cost, 0.0)
    second = np.where(by_cost & np.isnan(final), np.inf, final)
    order = np.lexsort((second, first))
    keys = np.stack([first, second])[:, order]
    steps = np.any(keys[:, 1:] != keys[:, :-1], axis=0)
    standing = np.zeros(by_cost.size)
    standing[order[1:]] = np.cumsum(steps)
    standing[np.isposinf(second) & ~(by_cost & np.isfinite(first))] = np.inf
    standing[np.isnan(first) | np.isnan(second)] = np.nan
    return standing
