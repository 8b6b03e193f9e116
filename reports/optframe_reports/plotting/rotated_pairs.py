"""Finds pairs of a problem and the same problem rotated, and the optimizers' costs on both."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from optframe import Frames
from optframe.contracts.costs import CostName
from optframe.contracts.trial import canonical
from optframe.statistics import (
    UNRUN,
    evaluations_to_own_target,
    final,
    median_and_quartiles,
)
from optframe_reports.plotting.curve_axis import axis_of
from optframe_reports.plotting.metric_axis import ordinate
from optframe_reports.plotting.run_groups import LIMIT

__all__ = ["Compared", "Measure", "Pair", "compared", "pairs_of"]

Floats = NDArray[np.float64]

Measure = Literal["auto", CostName, "suboptimality"]
"""A cost of the target, or the final f − f*; ``auto`` is the study's cost if a target was reached.
"""


class Pair(NamedTuple):
    """The labels of a problem and of the same problem after a rotation."""

    plain: str
    rotated: str


class Compared(NamedTuple):
    """The name of the measure on an axis, and a table with a row for each pair and optimizer.

    Columns: plain_problem, rotated_problem, optimizer, sampler, plain, rotated (medians, infinite
    if half of the runs or more did not reach the target), ratio, seeds.
    """

    words: str
    table: pd.DataFrame


def pairs_of(trials: pd.DataFrame) -> list[Pair]:
    """Return the problems that ran both rotated and not, otherwise equal, in the study's order."""
    ran = trials[~trials["status"].isin(UNRUN)]
    plain: dict[tuple[str, ...], str] = {}
    turned: dict[tuple[str, ...], str] = {}
    each = ran.drop_duplicates("problem")
    columns = ("problem", "problem_name", "problem_parameters", "budget", "start")
    for label, name, parameters, budget, start in each[list(columns)].itertuples(index=False):
        rest, rotated = _without_rotation(json.loads(parameters))
        identity = name, canonical(rest), budget, start
        (turned if rotated else plain).setdefault(identity, label)
    return [Pair(plain[same], turned[same]) for same in plain if same in turned]


def _without_rotation(parameters: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return a problem's parameters without its rotation, and whether it had one."""
    rest = {name: value for name, value in parameters.items() if name not in ("rotate", "wrap")}
    wraps = parameters.get("wrap", [])
    kept = [wrap for wrap in wraps if wrap["name"] != "rotate"]
    rotated = parameters.get("rotate") is True or len(kept) < len(wraps)
    return {**rest, "wrap": kept}, rotated


def compared(frames: Frames, pairs: list[Pair], measure: Measure) -> Compared:
    """Return each optimizer's cost on both problems of each pair."""
    ran = frames.trials[~frames.trials["status"].isin(UNRUN)]
    ran = ran[ran["problem"].isin([label for pair in pairs for label in pair])]
    if measure == "auto":
        reached = ran["target"].notna().all() and np.isfinite(_costs(ran, "steps")).any()
        measure = "auto" if reached else "suboptimality"
    if measure == "suboptimality":
        cost, words = "suboptimality", "final loss − f*"
    else:
        axis = axis_of(frames, None if measure == "auto" else measure)
        cost, words = axis.name, f"{axis.remarked} to the target"
    same = ["problem", "optimizer", "optimizer_name", "sampler", "hyperparameters"]
    costs = pd.Series(_costs(ran, cost), ran.index)
    known = costs.notna()
    grouped = costs[known].groupby([ran.loc[known, name] for name in same], sort=False)
    medians = grouped.agg(lambda values: float(median_and_quartiles(values.to_numpy()).median))
    sides = pd.DataFrame({"median": medians, "seeds": grouped.size()}).reset_index()
    tables = [_side_by_side(sides, pair) for pair in pairs]
    return Compared(words, pd.concat(tables, ignore_index=True))


def _costs(ran: pd.DataFrame, measure: str) -> Floats:
    """Return each run's cost: infinite if it did not reach the target, NaN if it is unknown."""
    if measure != "suboptimality":
        costs = evaluations_to_own_target(ran, measure).set_index("key")["cost"]
        return costs.reindex(ran["key"]).to_numpy(np.float64)
    known = ran["minimum"].notna().to_numpy()
    values = final(ran, "loss")[known]
    axis = ordinate("loss", ran[known], [one[np.isfinite(one)] for one in values[:, None]])
    found = np.full(len(ran), np.nan)
    if known.any():
        found[known] = axis.of(values, ran["minimum"].to_numpy(np.float64)[known])
    return found


def _side_by_side(sides: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """Return a pair's optimizers, the most dependent first; those lost on both are last."""
    on = ["optimizer", "optimizer_name", "sampler", "hyperparameters"]
    plain, rotated = (sides[sides["problem"] == label] for label in pair)
    table = plain.merge(rotated, on=on, suffixes=("_plain", "_rotated"))
    table = table.rename(columns={"median_plain": "plain", "median_rotated": "rotated"})
    table["least"] = table[["plain", "rotated"]].min(axis=1)
    if len(table) > LIMIT:
        ranked = table.sort_values("least", kind="stable")
        several = ranked["optimizer_name"].nunique() > 1
        ranked = ranked.drop_duplicates("optimizer_name") if several else ranked
        table = table.loc[sorted(ranked.index[:LIMIT])]
    with np.errstate(invalid="ignore"):
        table["ratio"] = table["rotated"] / table["plain"]
    table = table.sort_values("ratio", ascending=False, kind="stable", na_position="last")
    table["seeds"] = table[["seeds_plain", "seeds_rotated"]].max(axis=1)
    kept = ["optimizer", "sampler", "plain", "rotated", "ratio", "seeds"]
    return table[kept].assign(plain_problem=pair.plain, rotated_problem=pair.rotated)
