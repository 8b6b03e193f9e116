"""The tables of a report as frames: for each problem, over all problems, and the tuned settings.

The ends of an interval are NaN if a group has a single run, which has no interval.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.contracts.columns import rises
from optframe.contracts.costs import DEFAULT
from optframe.statistics.costs import known_cost
from optframe.statistics.grouped import GROUP, Flags, Integers, grouped, grouped_medians
from optframe.statistics.judging import judged
from optframe.statistics.medians import UNRUN, Floats
from optframe.statistics.metrics import metric_words
from optframe.statistics.profiles import final_costs, performance_ratios, solver_costs
from optframe.statistics.ranks import average_ranks
from optframe.statistics.running_time import time_to_target
from optframe.statistics.scores import algoperf_score
from optframe.statistics.summary import counts_by_status, final_values, groups_of, summary
from optframe.statistics.targets import evaluations_to_own_target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["at_tuned", "over_problems", "per_problem", "study_costs", "tuned"]


def per_problem(
    trials: pd.DataFrame,
    metric: str | None = None,
    confidence: float = 0.95,
    cost: str = DEFAULT,
) -> pd.DataFrame:
    """Return `summary` with more columns, for a problem's table: a row per optimizer and sampler.

    Further columns:

    - ``optimizer_name`` and ``hyperparameters`` (JSON),
    - ``value``, ``value_low``, ``value_high``, ``value_confidence``: the final metric's
      `median_interval`; without a ``metric``, that of the one by which the problem's runs are
      judged: the validation loss where there is one, else f − f* where f* is known, else the loss,
    - ``best``: no other row of its problem and sampler is better; ``tuned``: no other row of its
      optimizer's name there is better. Both include ties. They are judged by the median
      ``cost`` of the study's target if some run reached it, then by the final metric,
    - for the study's own target: ``reached`` (runs), ``success``, ``success_low``,
      ``success_high``, ``ert`` (the expected cost), and for the cost, steps, gradients and seconds
      the median ``<cost>_to_target`` with ``..._low`` and ``..._high``; those in seconds rank
      nothing where ``seconds_comparable`` is false,
    - ``timed``: the number of runs in the statistics of time (runs in batches are not).
    """
    table = summary(trials)
    if trials.empty:
        return table
    cost = known_cost(trials, cost)
    codes, labels = groups_of(trials)
    n = len(labels)
    value = grouped_medians(final_values(trials, metric), codes, n, confidence)
    several = value.counts > 1
    first = trials.iloc[np.unique(codes, return_index=True)[1]]
    names = first["optimizer_name"].to_numpy()
    table = table.assign(
        optimizer_name=names,
        hyperparameters=first["hyperparameters"].to_numpy(),
        value=value.median,
        value_low=np.where(several, value.low, np.nan),
        value_high=np.where(several, value.high, np.nan),
        value_confidence=np.where(several, value.confidence, np.nan),
    )
    standing = judged(trials, metric, cost).standing
    table["best"] = _least(standing, table, ["problem", "sampler"])
    table["tuned"] = _least(standing, table, ["problem", "sampler", "optimizer_name"])
    alone = ~trials["status"].isin(UNRUN) & (trials["together"] == 1)
    table["timed"] = np.bincount(codes[alone.to_numpy()], minlength=n)
    table = table.drop(columns=["steps_to_target", "cost_to_target"])
    for by in dict.fromkeys((cost, "steps", "gradients", "seconds")):
        found = time_to_target(evaluations_to_own_target(trials, by), confidence)
        ends = {"median": f"{by}_to_target"}
        ends |= {end: f"{by}_to_target_{end}" for end in ("low", "high")}
        kept = [*GROUP, *ends]
        if by == cost:
            kept += ["reached", "success", "success_low", "success_high", "ert"]
        table = table.merge(found[kept].rename(columns=ends), on=GROUP, how="left")
    return table.assign(cost_to_target=table[f"{cost}_to_target"])


def over_problems(
    trials: pd.DataFrame,
    evaluations: pd.DataFrame | None = None,
    metric: str | None = None,
    cost: str = DEFAULT,
) -> pd.DataFrame:
    """Return a row for each optimizer with its results over all problems, best average rank first.

    Optimizers are compared by their costs of targets, given as by `evaluations_to_target`. The
    default is that of `study_costs`: the ``cost`` of the study's own target, and on problems
    without a target the median of the final metric.

    Columns:

    - ``optimizer``, and ``ranked_by`` in words,
    - ``problems``: the instances (problem, sampler, target) that all optimizers have runs of;
      ``left_out``: the other instances; ``unsolved``: those that no optimizer solved,
    - ``mean_rank``; ``wins``: the instances on which no other is better, ties included,
    - ``within_2``: the instances solved within twice the best cost; ``ert_ratio``: the geometric
      mean of the expected running time divided by the best one's, over the instances that some
      optimizer solved, infinite if this one never solves one of them; ``solved``: the instances
      with a finite ERT; ``score``: `algoperf_score`,
    - ``with_target``: the instances of these four columns, which are NaN if there are none,
    - ``runs``, and the number of trials by status.
    """
    import pandas as pd

    if evaluations is None:
        cost = known_cost(trials, cost)
        evaluations = evaluations_to_own_target(trials, cost)
        costs = study_costs(trials, metric, cost)
        reaching = f"median {cost} to the target"
    else:
        reaching = "median cost to the target"
        costs = solver_costs(evaluations)
    targets = len(evaluations) > 0
    timed = solver_costs(evaluations) if targets else costs.iloc[:0]
    complete = costs.dropna()
    value = complete.to_numpy(np.float64)
    best = value.min(axis=1, initial=np.inf)
    table = pd.DataFrame(
        {
            "ranked_by": _ranked_by(reaching, len(timed), len(costs), metric_words(trials, metric)),
            "problems": len(complete),
            "left_out": len(costs) - len(complete),
            "unsolved": int(np.isposinf(best).sum()),
            "mean_rank": average_ranks(costs),
            "wins": _count((value == best[:, None]) & np.isfinite(value)),
            "with_target": len(timed.dropna()),
            **dict.fromkeys(["within_2", "ert_ratio", "solved", "score"], np.nan),
        },
        index=costs.columns,
    )
    if targets:
        expected = performance_ratios(solver_costs(evaluations, "ert"))
        names, ratio = expected.columns, expected.to_numpy(np.float64)
        solvable = ratio[np.isfinite(ratio).any(axis=1)]
        within = performance_ratios(timed).to_numpy(np.float64) <= 2
        found = {
            "within_2": _count(within),
            "ert_ratio": _geometric_mean(solvable),
            "solved": _count(np.isfinite(ratio)),
        }
        for name, values in found.items():
            table[name] = pd.Series(values, names)
        table["score"] = algoperf_score(timed)
    table = table.rename_axis("optimizer").reset_index()
    table = table.join(_statuses(trials), on="optimizer")
    return table.sort_values("mean_rank", kind="stable", ignore_index=True)


def study_costs(
    trials: pd.DataFrame, metric: str | None = None, cost: str = DEFAULT
) -> pd.DataFrame:
    """Return the values that are ranked: rows (problem, sampler, level), a column per optimizer.

    They are the median ``cost`` of the study's own target, and for problems without a target the
    median of the final metric. Within a row, less is better. Different rows are not comparable.
    """
    import pandas as pd

    evaluations = evaluations_to_own_target(trials, cost)
    final = final_costs(trials, metric)
    final.index = pd.MultiIndex.from_frame(final.index.to_frame(index=False).assign(level=0))
    if not len(evaluations):
        return final
    timed = solver_costs(evaluations)
    rest = final.loc[~final.index.isin(timed.index)]
    return pd.concat([timed, rest])[final.columns.tolist()] if len(rest) else timed


def _ranked_by(reaching: str, timed: int, instances: int, metric: str) -> str:
    if timed == instances:
        return reaching
    return f"{reaching}, else final {metric}" if timed else f"median final {metric}"


def tuned(
    trials: pd.DataFrame, metric: str | None = None, by: str | None = DEFAULT
) -> pd.DataFrame:
    """Return the best settings of each optimizer's name on each problem with each sampler.

    On problems where some run reached the study's own target, the best settings reach it at the
    least median cost (``by``, one of `COSTS`). Ties, and other problems, are judged by the median
    of the final metric; with ``by`` None, all are. Of equal settings, the first in the study's
    order is chosen.

    Columns: ``optimizer_name``, ``problem``, ``sampler``; ``optimizer``, the label of the chosen
    settings, and their ``hyperparameters`` (JSON); ``value``, the median by which they were chosen;
    ``runs`` of the chosen settings; ``settings_tried``; ``selected_by`` in words; ``selected_on``,
    always "the same runs". The best of many settings looks better than it is, most if many were
    tried with few seeds. Problems that do not measure the metric have no row.
    """
    by = None if by is None else known_cost(trials, by)
    judgement = judged(trials, metric, by)
    first = trials.iloc[np.unique(judgement.codes, return_index=True)[1]]
    ran = judgement.codes[(~trials["status"].isin(UNRUN)).to_numpy()]
    by_cost = ~np.isnan(judgement.cost)
    final = -judgement.final if rises(metric or "loss") else judgement.final
    by_final = f"median of the final {metric_words(trials, metric)}"
    words = np.array([by_final, f"median {by} to the target"], dtype=object)
    table = judgement.groups.assign(
        optimizer_name=first["optimizer_name"].to_numpy(),
        hyperparameters=first["hyperparameters"].to_numpy(),
        value=np.where(by_cost, judgement.cost, final),
        runs=np.bincount(ran, minlength=len(first)),
        selected_by=words[by_cost.astype(int)],
        selected_on="the same runs",
    )
    tried = np.flatnonzero(~np.isnan(judgement.standing))
    of, names = grouped(table.iloc[tried], ["problem", "sampler", "optimizer_name"])
    order = np.lexsort((tried, judgement.standing[tried], of))
    best = tried[order[np.flatnonzero(np.diff(of[order], prepend=-1))]]
    columns = ["optimizer_name", "problem", "sampler", "optimizer", "hyperparameters", "value"]
    columns += ["runs", "settings_tried", "selected_by", "selected_on"]
    counts = np.bincount(of, minlength=len(names))
    return table.iloc[best].assign(settings_tried=counts)[columns].reset_index(drop=True)


def at_tuned(trials: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the trials of the settings that `tuned` chose, each under its optimizer's name.

    The new column ``settings`` has the original label.
    """
    key = ["problem", "sampler", "optimizer"]
    kept = trials.merge(chosen[key], on=key, how="inner")
    return kept.assign(settings=kept["optimizer"], optimizer=kept["optimizer_name"])


def _least(cost: Floats, table: pd.DataFrame, columns: list[str]) -> Flags:
    """Return which rows have the least cost in their group of ``columns``; lost ones never have."""
    codes, groups = grouped(table, columns)
    least = np.full(len(groups), np.inf)
    np.fmin.at(least, codes, cost)
    return np.asarray(np.isfinite(cost) & (cost == least[codes]))


def _count(flags: Flags) -> Integers:
    return np.asarray(flags.sum(axis=0))


def _geometric_mean(ratio: Floats) -> Floats:
    if not len(ratio):
        return np.full(ratio.shape[1], np.nan)
    return np.asarray(np.exp(np.log(ratio).mean(axis=0)))


def _statuses(trials: pd.DataFrame) -> pd.DataFrame:
    codes, table = grouped(trials, ["optimizer"])
    counts = counts_by_status(trials, codes, len(table))
    runs = sum(count for status, count in counts.items() if status not in UNRUN)
    return table.assign(runs=runs, **counts).set_index("optimizer")
