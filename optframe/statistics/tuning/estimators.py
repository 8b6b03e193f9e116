"""What a search finds after n trials, or after so much work: the best value, less being better.

The values of N settings that were drawn independently stand for every search in the same space:
any n of them are a search of n trials. So one search of N trials says what searches of 1 to N
trials find. Settings that a tuner proposed from the values of earlier ones are no such draws.
`best_so_far` is all that is known of them.

A value of +inf is a setting that broke down.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from optframe.statistics.medians import Floats, median_and_quartiles

__all__ = [
    "best_so_far",
    "expected_best",
    "lower_side_ends",
    "median_best",
    "median_best_by_work",
    "median_of_studies",
    "simultaneous_band",
]

ORDERS = 4000
"""The number of random orders of `median_best_by_work`."""

_AT_ONCE = 2_000_000
"""The most numbers of random orders that are in memory at once."""

FEWEST_STUDIES = 4
"""The fewest studies whose median is drawn."""


def expected_best(values: ArrayLike, n: ArrayLike) -> Floats:
    """Return the expected best of n settings of N, drawn without replacement.

    ::

        E_n = Σᵢ y₍ᵢ₎ C(N − i, n − 1) / C(N, n),   y₍₁₎ ≤ ... ≤ y₍N₎

    It is unbiased for n ≤ N, and NaN for n > N. It is +inf where n settings may all be infinite, so
    that it suits values with a bound, such as accuracies, and not losses.

    Reference: R. Tang et al., "Showing your work doesn't always work", ACL (2020).

    Raises
    ------
    ValueError
        If there is no value, a value is NaN, or n is below 1.

    Examples
    --------
    >>> expected_best([3.0, 1.0, 2.0], [1, 2, 3])
    array([2.        , 1.33333333, 1.        ])
    """
    from scipy.special import gammaln

    ordered, sizes = _sorted(values), _sizes(n)
    total = ordered.size
    finite = int(np.isfinite(ordered).sum())
    found = np.full(sizes.size, np.nan)
    rest = total - np.arange(1, total + 1)  # the settings that are worse
    for place, size in enumerate(sizes):
        if size > total:
            continue
        if total - finite >= size:
            found[place] = np.inf
            continue
        some = rest >= size - 1
        above = rest[some]
        logs = (
            gammaln(above + 1.0)
            - gammaln(above - size + 2.0)
            - gammaln(total + 1.0)
            + gammaln(total - size + 1.0)
        )
        weight = size * np.exp(logs)
        found[place] = float(ordered[some] @ (weight / weight.sum()))
    return found


def median_best(values: ArrayLike, n: ArrayLike) -> Floats:
    """Return the median of the best of n settings: y of rank ⌈N(1 − 2^(−1/n))⌉.

    It is finite as soon as 1 − 2^(−1/n) is at most the share of finite values.

    Raises
    ------
    ValueError
        If there is no value, a value is NaN, or n is below 1.

    Examples
    --------
    >>> median_best([3.0, 1.0, 2.0], [1, 2, 3])
    array([2., 1., 1.])
    """
    ordered = _sorted(values)
    rank = np.ceil(ordered.size * _levels(n))
    return ordered[np.maximum(rank, 1).astype(np.intp) - 1]


def simultaneous_band(
    values: ArrayLike, n: ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Return a band around `median_best` that contains the true curve at all n at once.

    Its sides are y of ranks ⌈N(p − ε)⌉ and ⌈N(p + ε)⌉, p = 1 − 2^(−1/n), where ε is the quantile of
    Kolmogorov's distance between N draws and their distribution. It holds for every distribution.
    A rank below 1 is −inf: how much better the median could be is not known (`lower_side_ends`). A
    rank above N is +inf.

    Reference: N. Lourie, K. Cho, H. He, "Show your work with confidence: confidence bands for
    tuning curves", NAACL (2024), arXiv:2311.09480.

    Raises
    ------
    ValueError
        If there is no value, a value is NaN, n is below 1, or ``confidence`` is not in (0, 1).
    """
    ordered = _sorted(values)
    distance = _distance(ordered.size, confidence)
    ends = np.concatenate([[-np.inf], ordered, [np.inf]])
    low, high = (
        np.ceil(ordered.size * (_levels(n) + side)).clip(0, ordered.size + 1).astype(np.intp)
        for side in (-distance, distance)
    )
    return ends[low], ends[high]


def lower_side_ends(count: int, confidence: float = 0.95) -> int:
    """Return the largest n at which the lower side of the band of N settings is finite.

    It is about 0.5·√N, and 0 where there is none.

    Examples
    --------
    >>> [lower_side_ends(count) for count in (20, 50, 200)]
    [1, 3, 6]
    """
    distance = _distance(count, confidence)
    sizes = np.arange(1, count + 1)
    finite = np.ceil(count * (_levels(sizes) - distance)) >= 1
    return int(sizes[finite].max(initial=0))


def median_best_by_work(
    values: ArrayLike,
    work: ArrayLike,
    at: ArrayLike,
    start: float = math.inf,
    orders: int = ORDERS,
    seed: int = 0,
) -> Floats:
    """Return the median, over random orders, of the best setting whose runs ended within the work.

    Parameters
    ----------
    values, work
        The value of each setting, and what its runs cost: those that broke down, what they did.
    at
        Amounts of work.
    start
        What there is before any setting with a finite value has ended: the loss at the start.
    orders
        The number of random orders.
    seed
        Of these orders.

    Raises
    ------
    ValueError
        If there is no value, a value is NaN, or the shapes differ.
    """
    found, paid = _both(values, work)
    amounts = np.atleast_1d(np.asarray(at, dtype=np.float64))
    random = np.random.default_rng(seed)
    best = np.empty((orders, amounts.size))
    every = max(1, _AT_ONCE // found.size)
    for begin in range(0, orders, every):
        rows = best[begin : begin + every]
        order = np.tile(np.arange(found.size), (len(rows), 1))
        random.permuted(order, axis=1, out=order)
        rows[:] = _within(found[order], paid[order], amounts, start)
    return median_and_quartiles(best).median


def best_so_far(
    values: ArrayLike, work: ArrayLike, at: ArrayLike, start: float = math.inf
) -> Floats:
    """Return the best setting whose runs ended within the work, in the order of the settings.

    The parameters are those of `median_best_by_work`; with a ``work`` of ones, ``at`` is a number
    of trials.

    Raises
    ------
    ValueError
        If there is no value, a value is NaN, or the shapes differ.
    """
    found, paid = _both(values, work)
    amounts = np.atleast_1d(np.asarray(at, dtype=np.float64))
    return np.asarray(_within(found[None], paid[None], amounts, start)[0])


def median_of_studies(curves: ArrayLike) -> Floats | None:
    """Return the median of the studies' curves, shape (studies, points); None below 4 studies."""
    lines = np.asarray(curves, dtype=np.float64)
    return median_and_quartiles(lines).median if len(lines) >= FEWEST_STUDIES else None


def _within(values: Floats, work: Floats, amounts: Floats, start: float) -> Floats:
    """Return the least of the first values that the amounts pay, for each row of (rows, N).

    It is ``start`` where none of them is finite.
    """
    best = np.minimum.accumulate(values, axis=1)
    best = np.concatenate([np.full((len(best), 1), np.inf), best], axis=1)
    enough = amounts * (1 + 1e-12)
    ended = np.stack([np.searchsorted(row, enough, "right") for row in np.cumsum(work, axis=1)])
    paid = np.take_along_axis(best, ended, axis=1)
    return np.where(np.isposinf(paid), start, paid)


def _levels(n: ArrayLike) -> Floats:
    """Return 1 − 2^(−1/n): the share of settings of which n contain one half the time."""
    return np.asarray(-np.expm1(-math.log(2.0) / _sizes(n)))


def _sizes(n: ArrayLike) -> Floats:
    sizes = np.atleast_1d(np.asarray(n, dtype=np.float64))
    if not (sizes >= 1).all():
        raise ValueError(f"n: found {sizes.min()}, expected numbers of trials >= 1")
    return sizes


def _distance(count: int, confidence: float) -> float:
    from scipy.stats import kstwo

    if not 0 < confidence < 1:
        raise ValueError(f"confidence: found {confidence}, expected a number in (0, 1)")
    return float(kstwo.ppf(confidence, count))


def _both(values: ArrayLike, work: ArrayLike) -> tuple[Floats, Floats]:
    found, paid = _checked(values), np.asarray(work, dtype=np.float64)
    if paid.shape != found.shape:
        raise ValueError(f"found work of shape {paid.shape} for values of {found.shape}")
    return found, paid


def _checked(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not found.size:
        raise ValueError(f"found values of shape {found.shape}, expected at least one")
    if np.isnan(found).any():
        raise ValueError("found NaN, expected +inf for a setting without a value")
    return found


def _sorted(values: ArrayLike) -> Floats:
    return np.sort(_checked(values))
