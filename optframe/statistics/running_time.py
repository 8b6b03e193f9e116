"""The cost of reaching a target: expected running time, success probability, median cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.grouped import GROUP, Integers, grouped, grouped_medians
from optframe.statistics.intervals import clopper_pearson
from optframe.statistics.medians import Floats

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["expected_running_times", "percentile_ends", "time_to_target"]

_AT_ONCE = 4_000_000
"""The number of resampled running times that are sorted at a time."""


def expected_running_times(cost: Floats, spent: Floats, codes: Integers, groups: int) -> Floats:
    """Return each group's expected cost of reaching a target by restarting until a run succeeds.

    ERT = (Σ costs of the runs that reached it, up to there + Σ all that the others spent) / number
    of successes. A run with an infinite ``cost`` did not reach the target, one whose cost is NaN is
    in no sample. It is infinite where no run succeeded, and where what a failed run spent is
    unknown (NaN): a crash is not free. It is NaN where a group has no run.

    References: A. Auger and N. Hansen, IEEE Congress on Evolutionary Computation (2005), "success
    performance"; N. Hansen et al., *COCO*, Optimization Methods and Software 36 (2021).
    """
    known = ~np.isnan(cost)
    cost, spent, codes = cost[known], spent[known], codes[known]
    won = np.isfinite(cost)
    runs, wins = (np.bincount(some, minlength=groups) for some in (codes, codes[won]))
    paid = np.bincount(codes, weights=_paid(cost, spent), minlength=groups)
    times = np.divide(paid, wins, out=np.full(groups, np.inf), where=wins > 0)
    return np.asarray(np.where(runs > 0, times, np.nan))


def time_to_target(
    evaluations: pd.DataFrame, confidence: float = 0.95, resamples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Return the costs of targets: a row per problem, optimizer, sampler and level.

    Columns: ``target`` (NaN where it differs by seed), ``runs``, ``left_out`` (runs whose cost is
    NaN, in no sample), ``reached``; ``median``, ``low``, ``high``, ``confidence`` (the
    `median_interval` of the cost, infinite where half of the runs or more did not get there);
    ``ert``, ``ert_low``, ``ert_high`` (the percentile bootstrap interval over runs, in which a draw
    without a success is infinite); ``success``, ``success_low``, ``success_high`` (the exact
    interval, which is never too narrow). Groups of one run have no interval: its ends are NaN.

    The exact interval is `clopper_pearson`.
    """
    codes, table = grouped(evaluations, [*GROUP, "level"])
    groups = len(table)
    cost = evaluations["cost"].to_numpy(np.float64)
    known = ~np.isnan(cost)
    spent = evaluations["spent"].to_numpy(np.float64)
    target = evaluations["target"].groupby(codes)
    medians = grouped_medians(cost, codes, groups, confidence)
    times = _intervals(cost[known], spent[known], codes[known], groups, confidence, resamples, seed)
    runs = np.bincount(codes, minlength=groups)
    wins = np.bincount(codes[np.isfinite(cost)], minlength=groups)
    with np.errstate(invalid="ignore"):
        share = wins / np.where(medians.counts, medians.counts, np.nan)
    ends = clopper_pearson(wins, medians.counts, confidence)
    several = medians.counts > 1
    low, high, ert_low, ert_high, success_low, success_high = (
        np.where(several, end, np.nan) for end in (*medians[1:3], *times[1:], *ends)
    )
    return table.assign(
        target=np.where(target.min() == target.max(), target.min(), np.nan),
        runs=runs,
        left_out=runs - medians.counts,
        reached=wins,
        median=medians.median,
        low=low,
        high=high,
        confidence=np.where(several, medians.confidence, np.nan),
        ert=times[0],
        ert_low=ert_low,
        ert_high=ert_high,
        success=share,
        success_low=success_low,
        success_high=success_high,
    )


def percentile_ends(drawn: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Return the percentile interval's ends over the first axis, rounded outwards."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, found {confidence}")
    if not len(drawn):
        raise ValueError("an interval needs at least one resample")
    low = int((1 - confidence) / 2 * len(drawn))
    high = len(drawn) - 1 - low
    ordered = np.partition(drawn, sorted({low, high}), axis=0)
    return ordered[low], ordered[high]


def _times(runs: Floats, weights: Floats) -> Floats:
    """Return running times (draws, groups) of runs (n, 2, groups) with the weights (draws, n)."""
    cost, spent = runs[:, 0], runs[:, 1]
    won, paid = np.isfinite(cost), _paid(cost, spent)
    unknown = np.isinf(paid)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = (weights @ np.where(unknown, 0.0, paid)) / (weights @ won)
    times[(weights @ unknown > 0) | (weights @ won == 0)] = np.inf
    return np.asarray(times)


def _paid(cost: Floats, spent: Floats) -> Floats:
    """Return each run's part of the sum: its cost if finite, else its whole cost, else infinity."""
    return np.asarray(np.where(np.isfinite(cost), cost, np.where(np.isnan(spent), np.inf, spent)))


def _intervals(
    cost: Floats,
    spent: Floats,
    codes: Integers,
    groups: int,
    confidence: float,
    resamples: int,
    seed: int,
) -> Floats:
    """Return each group's running time with its interval, shape (3, groups).

    Groups of equal size share the draws.
    """
    order = np.argsort(codes, kind="stable")
    runs = np.stack([cost, spent], axis=1)[order]
    counts = np.bincount(codes, minlength=groups)
    begin = np.cumsum(counts) - counts
    found = np.full((3, groups), np.nan)
    found[:, counts == 1] = _times(runs[begin[counts == 1]].T[None], np.ones((1, 1)))[0]
    for n in np.unique(counts[counts > 1]):
        draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
        weights = np.concatenate([np.ones((1, n)), draws])
        same = np.flatnonzero(counts == n)
        for some in np.array_split(same, -(-same.size * resamples // _AT_ONCE)):
            rows = begin[some] + np.arange(n)[:, None]
            times = _times(runs[rows].swapaxes(1, 2), weights)
            found[0, some] = times[0]
            found[1, some], found[2, some] = percentile_ends(times[1:], confidence)
    return found
