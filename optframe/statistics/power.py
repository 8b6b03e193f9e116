"""How many seeds a claim needs."""

from __future__ import annotations

import math
from itertools import count

from numpy.typing import ArrayLike

from optframe.statistics.ranks import a12

__all__ = ["least_p", "seeds_for_interval", "seeds_for_test", "seeds_to_separate"]


def seeds_for_interval(confidence: float = 0.95) -> int:
    """Return the least number of runs whose range covers the median so surely: 6 for 95 %.

    The range of n runs covers it with probability 1 − 2¹⁻ⁿ.

    Raises
    ------
    ValueError
        If the confidence is not between 0 and 1.
    """
    _check(confidence, "a confidence")
    return next(n for n in count(2) if 1 - 2.0 ** (1 - n) >= confidence)


def least_p(ours: int, theirs: int) -> float:
    """Return the least two-sided p-value that the Mann–Whitney test can give: 2/C(n + m, n).

    It is that of samples of n and m runs, all of one below all of the other.
    """
    return min(1.0, 2 / math.comb(ours + theirs, ours))


def seeds_for_test(alpha: float = 0.05, theirs: int | None = None) -> int:
    """Return the least number of runs with which the Mann–Whitney test can give p < α at all.

    Both optimizers have so many (4 for α = 0.05), or the other one has ``theirs``.

    Raises
    ------
    ValueError
        If α is not between 0 and 1, or the other one has no run.
    """
    _check(alpha, "a level of significance")
    if theirs is not None and theirs < 1:
        raise ValueError("nothing can be told from an optimizer without runs")
    return next(n for n in count(1) if least_p(n, n if theirs is None else theirs) < alpha)


def seeds_to_separate(
    ours: ArrayLike, theirs: ArrayLike, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return how many runs each optimizer needs for the Mann–Whitney test to tell them apart.

    n = (z_{1−α/2} + z_{power})² / (6 (A₁₂ − ½)²) for each, rounded up, and no less than
    `seeds_for_test`; infinite where A₁₂ = ½. It takes the A₁₂ of the runs at hand for the true one,
    which few runs know badly, and U for normal with the variance that it has where optimizers do
    not differ, which overstates n where they differ much. Medians far apart with a large spread and
    medians close together with a small one are the same to it, and lost runs are no trouble.

    Reference: G. E. Noether, Journal of the American Statistical Association 82 (1987).

    Raises
    ------
    ValueError
        If a sample is empty or has a NaN, or a probability is not between 0 and 1.
    """
    from scipy.special import ndtri

    _check(power, "a power")
    least = seeds_for_test(alpha)
    effect = a12(ours, theirs) - 0.5
    if effect == 0:
        return math.inf
    needed = (ndtri(1 - alpha / 2) + ndtri(power)) ** 2 / (6 * effect * effect)
    return float(max(least, math.ceil(needed)))


def _check(probability: float, name: str) -> None:
    if not 0 < probability < 1:
        raise ValueError(f"{name} lies between 0 and 1, found {probability}")
