"""Computes how many seeds an interval or a test needs."""

from __future__ import annotations

import math
from itertools import count

from numpy.typing import ArrayLike

from optframe.statistics.ranks import a12

__all__ = ["least_p", "seeds_for_interval", "seeds_for_test", "seeds_to_separate"]


def seeds_for_interval(confidence: float = 0.95) -> int:
    """Return the least number of runs whose range is an interval of this confidence: 6 for 95 %.

    The range of n runs covers it with probability 1 − 2¹⁻ⁿ.

    Raises
    ------
    ValueError
        If the confidence is not between 0 and 1.
    """
    _check(confidence, "confidence")
    return next(n for n in count(2) if 1 - 2.0 ** (1 - n) >= confidence)


def least_p(ours: int, theirs: int) -> float:
    """Return the least two-sided p-value of the Mann–Whitney test of n and m runs: 2/C(n + m, n).

    It occurs if all runs of one sample are below all runs of the other.
    """
    return min(1.0, 2 / math.comb(ours + theirs, ours))


def seeds_for_test(alpha: float = 0.05, theirs: int | None = None) -> int:
    """Return the least number of runs with which the Mann–Whitney test can give p < α at all.

    Both optimizers have this number (4 for α = 0.05), or the other one has ``theirs``.

    Raises
    ------
    ValueError
        If α is not between 0 and 1, or ``theirs`` is less than 1.
    """
    _check(alpha, "significance level")
    if theirs is not None and theirs < 1:
        raise ValueError("found an optimizer without runs, expected at least one run")
    return next(n for n in count(1) if least_p(n, n if theirs is None else theirs) < alpha)


def seeds_to_separate(
    ours: ArrayLike, theirs: ArrayLike, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return how many runs each optimizer needs for a significant Mann–Whitney test.

    n = (z_{1−α/2} + z_{power})² / (6 (A₁₂ − ½)²) for each, rounded up, and no less than
    `seeds_for_test`; infinite if A₁₂ = ½. The formula uses the A₁₂ of the given runs for the true
    one, which is inaccurate for few runs. It takes U as normal with its variance under no
    difference, which gives too large an n for large differences. Only the overlap of the samples
    matters, not the distance of their medians. Lost runs are allowed.

    Reference: G. E. Noether, Journal of the American Statistical Association 82 (1987).

    Raises
    ------
    ValueError
        If a sample is empty or has a NaN, or a probability is not between 0 and 1.
    """
    from scipy.special import ndtri

    _check(power, "power")
    least = seeds_for_test(alpha)
    effect = a12(ours, theirs) - 0.5
    if effect == 0:
        return math.inf
    needed = (ndtri(1 - alpha / 2) + ndtri(power)) ** 2 / (6 * effect * effect)
    return float(max(least, math.ceil(needed)))


def _check(probability: float, name: str) -> None:
    if not 0 < probability < 1:
        raise ValueError(f"{name}: found {probability}, expected between 0 and 1")
