"""Profiles over many problems: the fraction of instances that an optimizer solves within a cost.

Costs are a frame with a row for each instance (a problem with its sampler, and a target) and a
column for each optimizer: +inf if it failed, NaN if it has no runs. Optimizers are compared on the
same instances, so rows with a NaN are left out and counted. Instances that no optimizer solved are
kept: fractions are of all instances.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from optframe.statistics.grouped import GROUP, Integers, grouped, grouped_medians
from optframe.statistics.medians import Floats
from optframe.statistics.running_time import expected_running_times

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "data_profile",
    "performance_profile",
    "performance_ratios",
    "ratios",
    "solver_costs",
    "targets_reached",
]


def solver_costs(
    evaluations: pd.DataFrame, over: Literal["median", "ert", "seeds"] = "median"
) -> pd.DataFrame:
    """Return each optimizer's cost of each instance: rows (problem, sampler, level).

    The runs of an instance become one number: the median of their costs, or their expected running
    time (``"ert"``). With ``"seeds"``, each seed is an instance, with rows (problem, sampler,
    level, seed): under one seed, all optimizers of a study have the same start and minibatches.

    Raises
    ------
    ValueError
        If an optimizer has two runs of one seed, with ``"seeds"``.
    """
    cost = evaluations["cost"].to_numpy(np.float64)
    instance = ["problem", "sampler", "level"]
    if over == "seeds":
        instance = [*instance, "seed"]
        _, labels = grouped(evaluations, [*instance, "optimizer"])
        if len(labels) < len(evaluations):
            raise ValueError("an optimizer has two runs of one problem, sampler and seed")
        return _matrix(evaluations, cost, instance)
    codes, labels = grouped(evaluations, [*GROUP, "level"])
    if over == "median":
        return _matrix(labels, grouped_medians(cost, codes, len(labels)).median, instance)
    spent = evaluations["spent"].to_numpy(np.float64)
    return _matrix(labels, expected_running_times(cost, spent, codes, len(labels)), instance)


def _matrix(labels: pd.DataFrame, values: Floats, instance: list[str]) -> pd.DataFrame:
    import pandas as pd

    row, rows = grouped(labels, instance)
    column, optimizers = pd.factorize(labels["optimizer"])
    table = np.full((len(rows), len(optimizers)), np.nan)
    table[row, column] = values
    columns = pd.Index(optimizers, name="optimizer")
    return pd.DataFrame(table, pd.MultiIndex.from_frame(rows), columns)


def performance_ratios(costs: pd.DataFrame) -> pd.DataFrame:
    """Return each cost divided by the best of its instance, r = t / min t, of complete rows.

    All optimizers that tie with the best have ratio 1. Those that failed have +inf, and so have all
    if none succeeded.

    Raises
    ------
    ValueError
        If a cost is negative, which has no ratio.
    """
    complete = _complete(costs)
    table = complete.to_numpy(np.float64)
    best = table.min(axis=1, initial=np.inf)
    return complete.__class__(ratios(table, best), complete.index, complete.columns)


def _complete(costs: pd.DataFrame) -> pd.DataFrame:
    complete = costs.dropna()
    if (complete.to_numpy(np.float64) < 0).any():
        raise ValueError(
            "found a negative cost, expected none: a final loss can be ranked, but has no profile"
        )
    return complete


def ratios(costs: Floats, best: Floats) -> Floats:
    """Return costs (instances, optimizers) divided by the best ones (instances,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = costs / best[:, None]
    ratio[np.isinf(costs)] = np.inf
    ratio[np.isfinite(costs) & (costs == best[:, None])] = 1.0  # 0/0, too
    return ratio


def performance_profile(costs: pd.DataFrame) -> pd.DataFrame:
    """Return ρ(τ), the fraction of instances that an optimizer solves within τ times the best.

    A row for each step of each optimizer: ``optimizer``, ``ratio`` (τ, ascending from 1),
    ``fraction`` (ρ from that τ on), ``problems`` (instances compared, the denominator),
    ``unsolved`` (those of them that no optimizer solved), ``left_out`` (instances without runs of
    all optimizers).

    Reference: E. D. Dolan and J. J. Moré, Mathematical Programming 91 (2002).

    Raises
    ------
    ValueError
        If a cost is negative.
    """
    return _steps(performance_ratios(costs), costs, "ratio", 1.0)


def data_profile(costs: pd.DataFrame, sizes: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Return d(α), the fraction of instances that an optimizer solves at a cost up to α.

    With ``sizes``, each problem's P, costs are divided by P + 1, the number of evaluations of a
    gradient by differences (a simplex gradient). Columns are those of `performance_profile`, with
    ``cost`` (α, ascending from 0) instead of ``ratio``.

    Reference: J. J. Moré and S. M. Wild, SIAM Journal on Optimization 20 (2009), section 2.

    Raises
    ------
    KeyError
        If a problem has no size.
    ValueError
        If a cost is negative.
    """
    complete = _complete(costs)
    if sizes is not None:
        problems = complete.index.get_level_values("problem")
        complete = complete.div([float(sizes[name]) + 1 for name in problems], axis=0)
    return _steps(complete, costs, "cost", 0.0)


def _steps(table: pd.DataFrame, costs: pd.DataFrame, name: str, first: float) -> pd.DataFrame:
    values = table.to_numpy(np.float64)
    row, optimizer = np.nonzero(np.isfinite(values))
    at = values[row, optimizer]
    steps = _staircases(list(table.columns), optimizer, at, np.ones(row.size), name, first)
    return steps.assign(
        fraction=steps["fraction"] / max(len(table), 1),
        problems=len(table),
        unsolved=int(np.isinf(values).all(axis=1).sum()),
        left_out=len(costs) - len(table),
    )


def _staircases(
    optimizers: Sequence[Any], of: Integers, at: Floats, rise: Floats, name: str, first: float
) -> pd.DataFrame:
    """Return the running sum of each optimizer's rises: a row at ``first``, and for each step."""
    import pandas as pd

    everyone = np.arange(len(optimizers))
    of, at = np.append(of, everyone), np.append(at, np.full(everyone.size, first))
    rise = np.append(rise, np.zeros(everyone.size))
    order = np.lexsort((at, of))
    of, at, rise = of[order], at[order], rise[order]
    begin = np.flatnonzero((np.diff(of, prepend=-1) != 0) | (np.diff(at, prepend=np.nan) != 0))
    height = np.add.reduceat(rise, begin) if begin.size else rise
    names = pd.Index(optimizers, dtype=object)[of[begin]]
    height = pd.Series(height).groupby(of[begin]).cumsum().to_numpy()
    return pd.DataFrame({"optimizer": names, name: at[begin], "fraction": height})


def targets_reached(evaluations: pd.DataFrame) -> pd.DataFrame:
    """Return the fraction of all targets that an optimizer's runs reached at a cost up to α.

    This is COCO's runtime distribution over problems × targets × seeds, without its simulated
    restarts: a target that a run missed stays missed. Each problem with its sampler has the same
    weight, within it each target, and within that each run. So a problem that ran once (without
    random numbers) has the same weight as one with many seeds.

    A row for each step of each optimizer: ``optimizer``; ``cost`` (α, ascending from 0);
    ``fraction``; ``spent``, the median cost of its whole runs, after which half of them have ended
    (COCO's cross); ``problems``; ``pairs`` of run and target; ``left_out``, its pairs on problems
    that not all optimizers have runs of, or that have no cost (NaN).

    Reference: N. Hansen et al., *COCO: performance assessment*, arXiv 1605.03560 (2016).
    """
    import pandas as pd

    of, optimizers = pd.factorize(evaluations["optimizer"])
    instance, instances = grouped(evaluations, ["problem", "sampler"])
    level = evaluations["level"].to_numpy(np.intp)
    cost, spent = (evaluations[name].to_numpy(np.float64) for name in ("cost", "spent"))

    met = np.zeros((len(optimizers), len(instances)), dtype=bool)
    known = ~np.isnan(cost)
    met[of[known], instance[known]] = True
    everybody = np.asarray(met.all(axis=0))
    kept = np.flatnonzero(known & everybody[instance])
    of_pair, instance, level, cost = of[kept], instance[kept], level[kept], cost[kept]

    shape = (*met.shape, level.max(initial=0) + 1)
    cell = np.ravel_multi_index((of_pair, instance, level), shape)
    runs = np.bincount(cell, minlength=math.prod(shape)).reshape(shape)
    levels = (runs > 0).sum(axis=2)
    problems = int(everybody.sum())
    weight = 1.0 / (problems * levels[of_pair, instance] * runs.ravel()[cell])
    hit = np.isfinite(cost)
    steps = _staircases(list(optimizers), of_pair[hit], cost[hit], weight[hit], "cost", 0.0)

    own = pd.Index(optimizers).get_indexer(steps["optimizer"])
    pairs = np.bincount(of_pair, minlength=len(optimizers))
    once = kept[~evaluations["key"].iloc[kept].duplicated().to_numpy()]
    budget = grouped_medians(spent[once], of[once], len(optimizers)).median
    return steps.assign(
        fraction=steps["fraction"].clip(upper=1.0),  # sums of weights are rounded
        spent=budget[own],
        problems=problems,
        pairs=pairs[own],
        left_out=(np.bincount(of, minlength=len(optimizers)) - pairs)[own],
    )
