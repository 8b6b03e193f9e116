"""What reports and the gate say about many runs: aligned curves, quartiles, medians with intervals.

A run that diverged, failed, timed out or crashed is *censored*: from there on it counts as worse
than every number, +inf (−inf where higher is better). It is never given a number and never left
out, so that an optimizer gains nothing by losing its bad runs. A trial that is planned or skipped
has not run and is in no sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optframe import record

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CENSORED",
    "STATUSES",
    "UNRUN",
    "Curve",
    "Interval",
    "Quartiles",
    "align",
    "final",
    "median_and_quartiles",
    "median_interval",
    "summary",
    "worst",
]

Floats = NDArray[np.float64]

_LABELS = ["problem", "optimizer", "sampler"]
_MEASURES = [
    "runs",
    *("loss", "loss_low", "loss_high", "confidence"),
    "test_loss",
    "test_accuracy",
    "steps_to_target",
    "seconds_per_step",
    "minimum",
]

UNRUN = ("planned", "skipped")
CENSORED = ("diverged", "failed", "timeout", "crashed")
STATUSES = (*record.STATUSES, "planned")


class Quartiles(NamedTuple):
    """The lower quartile, the median and the upper quartile; infinite where censored runs reach."""

    lower: Floats
    median: Floats
    upper: Floats


class Interval(NamedTuple):
    """A median with the interval that covers the true one with at least this ``confidence``."""

    median: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class Curve:
    """A run: the values ``y`` measured at ascending ``x``, and where it was lost, if it was."""

    x: Floats
    y: Floats
    censored: float | None = None


def worst(metric: str) -> float:
    """Return what a censored run counts as: −inf for an accuracy, +inf for all else."""
    return -math.inf if record.rises(metric) else math.inf


def align(
    curves: Sequence[Curve],
    grid: ArrayLike,
    *,
    interpolate: bool = False,
    worst: float = math.inf,
) -> Floats:
    """Return the runs' values on a common grid, shape (runs, grid).

    A run has at each point the value of its last checkpoint, or with ``interpolate`` the value on
    the straight line to its next one. A run that ended keeps its last value; a censored one is
    ``worst`` from there on. NaN is ``worst`` too.

    Raises
    ------
    ValueError
        If a grid point lies before a run's first checkpoint, or checkpoints do not ascend.
    """
    points = np.asarray(grid, dtype=np.float64)
    values = np.empty((len(curves), points.size))
    for row, curve in zip(values, curves, strict=True):
        row[:] = _values_at(curve, points, interpolate, worst)
    return values


def _values_at(curve: Curve, grid: Floats, interpolate: bool, worst: float) -> Floats:
    if curve.x.size == 0 and curve.censored is not None:
        return np.full(grid.shape, worst)
    if curve.x.size == 0 or np.any(np.diff(curve.x) < 0):
        raise ValueError(f"a run's checkpoints must ascend and be at least one, got {curve.x}")
    if grid.size and grid.min() < curve.x[0]:
        raise ValueError(f"the grid starts at {grid.min()}, before a run's start at {curve.x[0]}")
    y = np.where(np.isnan(curve.y), worst, curve.y)
    values = y[np.searchsorted(curve.x, grid, side="right") - 1]
    if interpolate:
        with np.errstate(invalid="ignore"):
            line = np.interp(grid, curve.x, y)
        values = np.where(np.isfinite(line), line, values)
    if curve.censored is not None:
        values[grid >= curve.censored] = worst
    return values


def median_and_quartiles(values: ArrayLike) -> Quartiles:
    """Return the quartiles over the first axis, by NumPy's linear rule.

    A quartile between a number and an infinity is that infinity.

    Raises
    ------
    ValueError
        If there is no run, or a value is NaN.
    """
    ordered = np.sort(_sample(values), axis=0)
    return Quartiles(*(_quantile(ordered, fraction) for fraction in (0.25, 0.5, 0.75)))


def median_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the median of a sample with its exact distribution-free interval.

    The true median lies between the k-th smallest and the k-th largest of n values with
    probability at least 1 − 2 P(B < k), B binomial (n, ½); k is the largest for which that reaches
    ``confidence``. Below six values even the whole range (k = 1) does not reach 0.95: it is
    returned with the confidence that it has. Infinite values need no care, and nothing is drawn.

    References: W. R. Thompson, Annals of Mathematical Statistics 7 (1936); H. A. David and
    H. N. Nagaraja, *Order Statistics* (2003), section 7.1.
    """
    ordered = np.sort(_sample(values))
    n = ordered.size
    k, tail = 1, 1
    while 1 - 2 * (tail + math.comb(n, k)) / 2**n >= confidence:
        tail += math.comb(n, k)
        k += 1
    covered = max(0.0, 1 - 2 * tail / 2**n)
    median = float(_quantile(ordered, 0.5))
    return Interval(median, float(ordered[k - 1]), float(ordered[n - k]), covered)


def _sample(values: ArrayLike) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim == 0 or sample.shape[0] == 0:
        raise ValueError("there is no median of no runs")
    if np.isnan(sample).any():
        raise ValueError("NaN has no rank: a run without a value is censored, hence ±inf")
    return sample


def _quantile(ordered: Floats, fraction: float) -> Floats:
    position = fraction * (ordered.shape[0] - 1)
    low, high = ordered[math.floor(position)], ordered[math.ceil(position)]
    with np.errstate(invalid="ignore", over="ignore"):
        between = low + (high - low) * (position % 1)
    lost = np.where(np.isfinite(high), low, high)
    return np.asarray(np.where(np.isfinite(low) & np.isfinite(high), between, lost))


def final(trials: pd.DataFrame, metric: str) -> Floats:
    """Return the metric's final values over the trials that ran, the censored ones `worst`."""
    ran = trials[~trials["status"].isin(UNRUN)]
    values = ran[metric].to_numpy(np.float64) if metric in ran else np.full(len(ran), np.nan)
    lost = ran["status"].isin(CENSORED).to_numpy() | np.isnan(values)
    return np.asarray(np.where(lost, worst(metric), values), dtype=np.float64)


def summary(trials: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each problem, optimizer and sampler, in the study's order.

    Columns, NaN where there is nothing to say: ``runs`` (trials that ran); ``loss``, ``loss_low``,
    ``loss_high``, ``confidence`` (the final loss's `median_interval`); ``test_loss`` and
    ``test_accuracy`` (medians); ``steps_to_target`` (median, infinite where half of the runs or
    more did not reach it); ``seconds_per_step`` (median); ``minimum`` (f*, where all trials know
    the same to nine digits); the number of trials by status, and ``statuses``, the same in words:
    ``"3 finished, 2 diverged"``.
    """
    import pandas as pd

    if trials.empty:
        return pd.DataFrame(columns=[*_LABELS, *_MEASURES, *STATUSES, "statuses"])
    return pd.DataFrame(
        {
            **dict(zip(_LABELS, labels, strict=True)),
            **dict(zip(_MEASURES, _measures(group, of_problem), strict=True)),
            **(counts := {s: int((group["status"] == s).sum()) for s in STATUSES}),
            "statuses": ", ".join(f"{count} {s}" for s, count in counts.items() if count),
        }
        for _, of_problem in trials.groupby("problem", sort=False)
        for labels, group in of_problem.groupby(_LABELS, sort=False)
    )


def _measures(trials: pd.DataFrame, of_problem: pd.DataFrame) -> tuple[float, ...]:
    ran = trials[~trials["status"].isin(UNRUN)]
    loss = Interval(math.nan, math.nan, math.nan, math.nan)
    to_target = math.nan
    if len(ran):
        loss = median_interval(final(ran, "loss"))
    tests = [_median(ran, of_problem, metric) for metric in ("test_loss", "test_accuracy")]
    if ran["target"].notna().any():
        steps = [trial["steps"] if _reached(trial) else math.inf for _, trial in ran.iterrows()]
        to_target = float(median_and_quartiles(steps).median)
    stepped = ran[(ran["steps"] > 0) & (ran["together"] == 1)]  # else the time is a batch's
    minima = trials["minimum"].dropna()
    same = len(minima) and minima.max() - minima.min() <= 1e-9 * minima.abs().max()
    minimum = float(minima.min()) if same else math.nan  # computed elsewhere, it may be rounded
    pace = float((stepped["seconds"] / stepped["steps"]).median())
    return len(ran), *loss, *tests, to_target, pace, minimum


def _median(ran: pd.DataFrame, of_problem: pd.DataFrame, metric: str) -> float:
    """Return a metric's median over the trials that ran, NaN where the problem measures none."""
    if not len(ran) or metric not in of_problem or not of_problem[metric].notna().any():
        return math.nan
    return float(median_and_quartiles(final(ran, metric)).median)


def _reached(trial: pd.Series) -> bool:
    """Say whether a run ended at its target: it may have converged by its gradient's norm."""
    if trial["status"] != "converged":
        return False
    metric = str(trial["target_metric"])
    sign = math.copysign(1.0, worst(metric))
    return bool(sign * trial[metric] <= sign * trial["target"])
