"""The cost of reaching a target: expected running time, success probability, median cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from optframe.statistics.bootstrap import percentile_ends
from optframe.statistics.grouped import GROUP, Integers, grouped, grouped_medians
from optframe.statistics.medians import Floats

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Estimate",
    "expected_running_time",
    "expected_running_time_interval",
    "expected_running_times",
    "success_probability",
    "time_to_target",
]

_AT_ONCE = 4_000_000
"""The number of resampled running times that are sorted at a time."""


class Estimate(NamedTuple):
    """A number with an interval that covers the true one with about this ``confidence``."""

    value: float
    low: float
    high: float
    confidence: float


class _Times(NamedTuple):
    """Expected running times with their intervals, each of shape (groups,)."""

    value: Floats
    low: Floats
    high: Floats


def expected_running_time(cost: ArrayLike, spent: ArrayLike) -> float:
    """Return the expected cost of reaching a target by restarting until a run succeeds.

    ERT = (Σ costs of the runs that reached it + Σ whole costs of the others) / number of successes.
    A run with an infinite ``cost`` did not reach the target. A run whose cost is NaN is in no
    sample. The ERT is infinite if no run succeeded, or if the whole cost of a failed run is unknown
    (NaN), since a crash must not count as free.

    References: A. Auger and N. Hansen, IEEE Congress on Evolutionary Computation (2005), "success
    performance"; N. Hansen et al., *COCO*, Optimization Methods and Software 36 (2021).

    Raises
    ------
    ValueError
        If ``spent`` and ``cost`` have different lengths, or there are no costs.
    """
    runs = _runs(cost, spent)
    one = np.zeros(len(runs), np.intp)
    return float(expected_running_times(runs[:, 0], runs[:, 1], one, 1)[0])


def expected_running_times(cost: Floats, spent: Floats, codes: Integers, groups: int) -> Floats:
    """Return `expected_running_time` of each group of runs; NaN for a group without runs."""
    known = ~np.isnan(cost)
    cost, spent, codes = cost[known], spent[known], codes[known]
    won = np.isfinite(cost)
    runs, wins = (np.bincount(some, minlength=groups) for some in (codes, codes[won]))
    paid = np.bincount(codes, weights=_paid(cost, spent), minlength=groups)
    times = np.divide(paid, wins, out=np.full(groups, np.inf), where=wins > 0)
    return np.asarray(np.where(runs > 0, times, np.nan))


def expected_running_time_interval(
    cost: ArrayLike,
    spent: ArrayLike,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Return `expected_running_time` with its percentile bootstrap interval.

    Runs are drawn with replacement. A draw without a success is infinite. A single run has no
    interval: its confidence is 0.

    Raises
    ------
    ValueError
        As above, and if ``confidence`` or ``resamples`` is out of range.
    """
    runs = _runs(cost, spent)
    codes = np.zeros(len(runs), np.intp)
    times = _intervals(runs[:, 0], runs[:, 1], codes, 1, confidence, resamples, seed)
    value, low, high = (float(one[0]) for one in times)
    return Estimate(value, low, high, confidence if len(runs) > 1 else 0.0)


def success_probability(successes: int, runs: int, confidence: float = 0.95) -> Estimate:
    """Return the share of successes with Clopper and Pearson's interval, which is never too narrow.

    At its lower end, this number of successes or more has probability (1 − c)/2. At its upper end,
    this number or fewer has. Both ends are quantiles of beta distributions.

    Reference: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).

    Raises
    ------
    ValueError
        If there is no run, or more successes than runs.
    """
    if not 0 <= successes <= runs or not runs:
        raise ValueError(
            f"found {successes} successes in {runs} runs, expected 0 to {runs} in at least one run"
        )
    low, high = _clopper_pearson(np.array([successes]), np.array([runs]), confidence)
    return Estimate(successes / runs, float(low[0]), float(high[0]), confidence)


def time_to_target(
    evaluations: pd.DataFrame, confidence: float = 0.95, resamples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Return the costs of targets: a row per problem, optimizer, sampler and level.

    Columns: ``target`` (NaN if it differs by seed), ``runs``, ``left_out`` (runs whose cost is NaN,
    in no sample), ``reached``; ``median``, ``low``, ``high``, ``confidence`` (the `median_interval`
    of the cost, infinite if half of the runs or more did not reach the target); ``ert``,
    ``ert_low``, ``ert_high``; ``success``, ``success_low``, ``success_high``. Groups of one run
    have no interval: its ends are NaN.
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
    ends = _clopper_pearson(wins, medians.counts, confidence)
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
        ert=times.value,
        ert_low=ert_low,
        ert_high=ert_high,
        success=share,
        success_low=success_low,
        success_high=success_high,
    )


def _runs(cost: ArrayLike, spent: ArrayLike) -> Floats:
    """Return the runs in the sample, shape (n, 2)."""
    costs, budgets = (np.asarray(each, dtype=np.float64) for each in (cost, spent))
    known = ~np.isnan(costs)
    if costs.ndim != 1 or costs.shape != budgets.shape or not known.any():
        raise ValueError("expected a cost and a whole cost of each run, and at least one run")
    return np.stack([costs[known], budgets[known]], axis=1)


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
) -> _Times:
    """Return each group's running time with its interval; groups of equal size share the draws."""
    order = np.argsort(codes, kind="stable")
    runs = np.stack([cost, spent], axis=1)[order]
    counts = np.bincount(codes, minlength=groups)
    begin = np.cumsum(counts) - counts
    found = _Times(*(np.full(groups, np.nan) for _ in range(3)))
    lonely = begin[counts == 1]
    for ends in found:
        ends[counts == 1] = _times(runs[lonely].T[None], np.ones((1, 1)))[0]
    for n in np.unique(counts[counts > 1]):
        draws = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)
        weights = np.concatenate([np.ones((1, n)), draws])
        same = np.flatnonzero(counts == n)
        for some in np.array_split(same, -(-same.size * resamples // _AT_ONCE)):
            rows = begin[some] + np.arange(n)[:, None]
            times = _times(runs[rows].swapaxes(1, 2), weights)
            found.value[some] = times[0]
            found.low[some], found.high[some] = percentile_ends(times[1:], confidence)
    return found


def _clopper_pearson(
    successes: Integers, runs: Integers, confidence: float
) -> tuple[Floats, Floats]:
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    won, lost = successes.astype(np.float64), (runs - successes).astype(np.float64)
    with np.errstate(invalid="ignore"):
        low = np.where(won > 0, betaincinv(np.maximum(won, 1), lost + 1, tail), 0.0)
        high = np.where(lost > 0, betaincinv(won + 1, np.maximum(lost, 1), 1 - tail), 1.0)
    return low, high
