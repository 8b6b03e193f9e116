"""Samples of runs: curves on a common grid, quartiles, and medians with exact intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optframe.contracts import columns

__all__ = [
    "CENSORED",
    "STATUSES",
    "UNRUN",
    "Curve",
    "Floats",
    "Interval",
    "Quartiles",
    "align",
    "between",
    "covering_ranks",
    "median_and_quartiles",
    "median_interval",
    "sample",
    "worst",
]

Floats = NDArray[np.float64]

UNRUN = ("planned", "skipped")
CENSORED = ("diverged", "failed", "timeout", "crashed")
STATUSES = (*columns.STATUSES, *columns.UNENDED)


class Quartiles(NamedTuple):
    """The lower quartile, median and upper quartile; infinite if enough runs are censored."""

    lower: Floats
    median: Floats
    upper: Floats


class Interval(NamedTuple):
    """A median, with an interval that covers the true median with at least this ``confidence``."""

    median: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class Curve:
    """A run: the values ``y`` at ascending ``x``, and the x at which it was lost, if it was."""

    x: Floats
    y: Floats
    censored: float | None = None


def worst(metric: str) -> float:
    """Return the value of a censored run: −inf for an accuracy, +inf for any other metric."""
    return -math.inf if columns.rises(metric) else math.inf


def align(
    curves: Sequence[Curve], grid: ArrayLike, *, interpolate: bool = False, worst: float = math.inf
) -> Floats:
    """Return the runs' values on a common grid, shape (runs, grid).

    At each point, a run has the value of its last checkpoint, or with ``interpolate`` the value on
    the straight line to the next one. A run that ended keeps its last value. A censored run is
    ``worst`` from there on. NaN counts as ``worst``, too.

    Raises
    ------
    ValueError
        If a grid point is before a run's first checkpoint, or checkpoints do not ascend.
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
    ordered = np.sort(sample(values), axis=0)
    return Quartiles(*(_quantile(ordered, fraction) for fraction in (0.25, 0.5, 0.75)))


def median_interval(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Return the median of a sample with its exact distribution-free interval.

    The true median is between the k-th smallest and the k-th largest of n values with probability
    at least 1 − 2 P(B < k), B binomial (n, ½). k is the largest for which that reaches
    ``confidence``. With fewer than six values, even the whole range (k = 1) does not reach 0.95. It
    is then returned with its true confidence. Infinite values are allowed. No random numbers are
    used.

    References: W. R. Thompson, Annals of Mathematical Statistics 7 (1936); H. A. David and
    H. N. Nagaraja, *Order Statistics* (2003), section 7.1.
    """
    ordered = np.sort(sample(values))
    k, covered = covering_ranks(ordered.size, confidence)
    median = float(_quantile(ordered, 0.5))
    return Interval(median, float(ordered[k - 1]), float(ordered[-k]), covered)


@lru_cache(maxsize=1024)
def covering_ranks(n: int, confidence: float) -> tuple[int, float]:
    """Return k of `median_interval` for n values, and the coverage of that interval."""
    k, term, tail = 1, n, 1  # term = C(n, k); tail = the sum of those below
    while 1 - 2 * (tail + term) / 2**n >= confidence:
        tail += term
        k += 1
        term = term * (n - k + 1) // k
    return k, max(0.0, 1 - 2 * tail / 2**n)


def sample(values: ArrayLike) -> Floats:
    """Return runs' values as an array with the runs first; raise `ValueError` if none or NaN."""
    runs = np.asarray(values, dtype=np.float64)
    if runs.ndim == 0 or runs.shape[0] == 0:
        raise ValueError("found no runs, expected at least one for a median")
    if np.isnan(runs).any():
        raise ValueError("found NaN, which has no rank; use ±inf for a run without a value")
    return runs


def between(low: Floats, high: Floats, share: float = 0.5) -> Floats:
    """Return low + share (high − low); if one is infinite, that infinity (+∞ if both are)."""
    with np.errstate(invalid="ignore", over="ignore"):
        line = low + (high - low) * share
    lost = np.where(np.isfinite(high), low, high)
    return np.asarray(np.where(np.isfinite(low) & np.isfinite(high), line, lost))


def _quantile(ordered: Floats, fraction: float) -> Floats:
    position = fraction * (ordered.shape[0] - 1)
    return between(ordered[math.floor(position)], ordered[math.ceil(position)], position % 1)
