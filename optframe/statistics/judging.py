"""What the optimizers of one problem are judged by: the way to the study's target, or the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optframe.contracts.columns import rises
from optframe.statistics.grouped import Flags, Integers, grouped, grouped_medians
from optframe.statistics.medians import Floats
from optframe.statistics.summary import final_values, groups_of
from optframe.statistics.targets import evaluations_to_own_target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Judgement", "judged"]


class Judgement(NamedTuple):
    """The groups of a study (`groups_of`), and how good each is on its problem.

    Where a run of a problem reached the study's target, optimizers are judged by the median cost of
    reaching it, for whoever reached it ends alike; ties, and problems without a target, by the
    median of the final metric. Less is better in all of these numbers.
    """

    codes: Integers
    """Each trial's group."""
    groups: pd.DataFrame
    costs: Floats
    """Of each trial the cost, NaN where that is not what its problem is judged by."""
    finals: Floats
    """Of each trial the final metric (an accuracy with a minus)."""
    cost: Floats
    """Of each group the median cost, NaN as above."""
    final: Floats
    """Of each group the median of the final metric."""
    standing: Floats
    """Of each group a number that compares it with others of its problem; +inf where half of its
    runs were lost on either count, NaN where it has none."""


def judged(trials: pd.DataFrame, metric: str = "loss", by: str | None = "steps") -> Judgement:
    """Judge each optimizer's runs by the cost of reaching the target; where None, by the metric."""
    codes, groups = groups_of(trials)
    n = len(groups)
    finals = final_values(trials, metric) * (-1.0 if rises(metric) else 1.0)
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
