"""Writes the answer of a report: which optimizer is best, by how much, and how significantly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optframe.contracts.columns import rises
from optframe.contracts.costs import DEFAULT
from optframe.statistics import (
    UNRUN,
    at_tuned,
    evaluations_to_own_target,
    final,
    friedman,
    known_cost,
    mann_whitney,
    nemenyi_distance,
    no_ranking_by_seconds,
    over_problems,
    per_problem,
    seeds_to_separate,
    study_costs,
    tuned,
    warnings,
)
from optframe.statistics.metrics import metric_words
from optframe_reports.quantities import number, p_value

__all__ = ["Answer", "answer"]


@dataclass(frozen=True)
class Answer:
    """The answer of a study: two sentences, the warnings about them, and the table they come from.

    ``table`` is what `over_problems` returns, for each optimizer's best settings if a study tried
    several.
    """

    sentences: list[str]
    caveats: list[str]
    table: pd.DataFrame


def answer(trials: pd.DataFrame, metric: str | None = None, cost: str = DEFAULT) -> Answer:
    """Return the answer of a study in which some trials ran, by its metric and cost."""
    ran = trials[~trials["status"].isin(UNRUN)]
    if ran.empty:
        caveats = warnings(trials, metric, cost=cost)
        return Answer(["No trial has run yet."], caveats, pd.DataFrame())
    by = known_cost(trials, cost)
    targets = len(evaluations_to_own_target(ran, by)) > 0
    if targets and (why := no_ranking_by_seconds(trials, by)):
        caveats = warnings(trials, metric, cost=cost)
        return Answer([f"Seconds rank nothing here: {why}"], caveats, pd.DataFrame())
    several = ran.groupby("optimizer_name")["optimizer"].nunique().max() > 1
    chosen = tuned(ran, metric, by if targets else None)
    compared = at_tuned(trials, chosen) if several else trials
    table = over_problems(compared, metric=metric, cost=by)
    if len(table) < 2:
        only = table["optimizer"].iloc[0]
        sentences = [f"One optimizer ran, {only}: there is nothing to compare it with."]
    elif table["problems"].iloc[0] < 2:
        sentences = _on_one(compared, metric, by if targets else None)
    else:
        sentences = [_over_all(table), _sure(compared, metric, by)]
    return Answer(sentences, warnings(trials, metric, cost=cost), table)


def _over_all(table: pd.DataFrame) -> str:
    best, problems, count = table.iloc[0], int(table["problems"].iloc[0]), len(table)
    tied = table[np.isclose(table["mean_rank"], best["mean_rank"])]
    names = " and ".join(tied["optimizer"])
    verb = "ranks" if len(tied) == 1 else "rank"
    text = (
        f"{names} {verb} first by {best['ranked_by']}: mean rank {best['mean_rank']:.2g} of "
        f"{count} over {problems} problems, the best on {best['wins']} of them"
    )
    if not math.isnan(best["within_2"]):
        text += f" and within twice the best on {int(best['within_2'])}"
        if best["with_target"] < problems:
            text += f" of the {best['with_target']} with a target"
    return text + "."


def _sure(trials: pd.DataFrame, metric: str | None, cost: str) -> str:
    """Return whether the ranks differ significantly, and which optimizers do not from the first."""
    costs = study_costs(trials, metric, cost)
    optimizers = costs.shape[1]
    if optimizers < 3:
        return (
            "There is no test of ranks for two optimizers; look at the intervals of each problem."
        )
    tested = friedman(costs)
    if not tested.p < 0.05:
        return (
            f"How sure: the optimizers do not differ significantly (Friedman's test, "
            f"{p_value(tested.p)})."
        )
    distance = nemenyi_distance(tested.optimizers, tested.problems)
    table = over_problems(trials, metric=metric, cost=cost)
    ranks = table.set_index("optimizer")["mean_rank"]
    near = [str(name) for name in ranks.index[1:] if ranks[name] - ranks.iloc[0] < distance]
    text = (
        f"How sure: the optimizers differ (Friedman's test, {p_value(tested.p)}), and "
        f"ranks that differ by {number(distance, 2)} do so significantly (Nemenyi, 5 %)"
    )
    if near:
        return f"{text}: {ranks.index[0]} does not differ significantly from {', '.join(near)}."
    return f"{text}: {ranks.index[0]} is ahead of all others."


def _on_one(trials: pd.DataFrame, metric: str | None, cost: str | None) -> list[str]:
    """Compare the best two on the only problem, by the cost of its target or the final metric."""
    table = per_problem(trials, metric, cost=cost or DEFAULT)
    more_is_better = rises(metric or "loss")
    if cost is not None:
        keys = ["cost_to_target", "value"]
        table = table.assign(value=-table["value"] if more_is_better else table["value"])
        ordered = table.sort_values(keys, kind="stable")
    else:
        ordered = table.sort_values("value", ascending=not more_is_better, kind="stable")
    first, second = ordered.iloc[0], ordered.iloc[1]
    measure, unit = "value", metric_words(trials, metric)
    if cost is not None:
        measure, unit = "cost_to_target", f"{cost} to the target"
    value = [
        abs(float(row[measure])) if cost is not None else float(row[measure])
        for row in (first, second)
    ]
    if not np.isfinite(value[0]):
        return [
            f"No optimizer has a median {unit}: half of the runs or more were lost or missed the "
            "target."
        ]
    text = (
        f"On {first['problem']} {first['optimizer']} is best, median {unit} "
        f"{number(value[0])}; then {second['optimizer']}, {number(value[1])}."
    )
    ours, theirs = (_sample(trials, row, metric, cost) for row in (first, second))
    if min(len(ours), len(theirs)) < 2:
        return [
            text,
            "How sure: unknown, since one run of each does not show the spread over seeds.",
        ]
    tested = mann_whitney(ours, theirs)
    sure = f"How sure: over {len(ours)} and {len(theirs)} runs the difference is "
    if tested.p < 0.05:
        return [text, f"{sure}beyond chance (Mann–Whitney, {p_value(tested.p)})."]
    needed = seeds_to_separate(ours, theirs)
    seeds = f"; about {number(needed)} runs of each are needed" if needed <= 1000 else ""
    return [text, f"{sure}within chance (Mann–Whitney, {p_value(tested.p)}{seeds})."]


def _sample(
    trials: pd.DataFrame, row: pd.Series, metric: str | None, cost: str | None
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    own = trials[(trials["optimizer"] == row["optimizer"]) & (trials["sampler"] == row["sampler"])]
    if cost is not None:
        return evaluations_to_own_target(own, cost)["cost"].to_numpy(np.float64)
    return final(own, metric)
