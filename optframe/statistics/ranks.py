"""Ranks over many problems, and tests of whether optimizers differ."""

from __future__ import annotations

import math
from itertools import permutations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from optframe.statistics.medians import Floats

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Friedman",
    "average_ranks",
    "friedman",
    "holm",
    "iman_davenport",
    "nemenyi_distance",
    "nemenyi_groups",
]

_MOST_SUMS = 200_000
"""The most sums of ranks that are counted; with more, the approximation is accurate."""


class Friedman(NamedTuple):
    """Friedman's χ², Iman and Davenport's F, the p-value, and what was compared.

    If ``exact``, p is the share of all equally likely rankings; else it is that of F. ``left_out``
    is the number of problems on which not all optimizers have runs.
    """

    chi_square: float
    f: float
    p: float
    exact: bool
    problems: int
    optimizers: int
    left_out: int


def average_ranks(costs: pd.DataFrame) -> pd.Series:
    """Return each optimizer's rank (1 is the best) averaged over the instances, best first.

    Equal costs share the mean of their ranks, and so do optimizers that failed: of four optimizers,
    two that failed have rank 3.5 each. Rows with a NaN are left out. If no row is left, all are
    NaN.
    """
    import pandas as pd

    ranks = pd.Series(_ranks(costs).mean(axis=0), costs.columns, name="rank")
    return ranks.sort_values(kind="stable")


def _ranks(costs: pd.DataFrame) -> Floats:
    from scipy.stats import rankdata

    table = costs.dropna().to_numpy(np.float64)
    if not len(table):
        return np.full((1, costs.shape[1]), np.nan)
    return np.asarray(rankdata(table, axis=1), dtype=np.float64)


def friedman(costs: pd.DataFrame) -> Friedman:
    """Test whether optimizers have the same ranks over the instances.

    χ² = 12N/(k(k+1)) [Σ Rⱼ² − k(k+1)²/4] with Rⱼ the average ranks of k optimizers over N
    instances, divided by 1 − Σ(t³ − t)/(N(k³ − k)) for ties of t. If all costs of every instance
    are equal, χ² = 0.

    Under the hypothesis of no difference, every order of an instance's ranks is equally likely. p
    is the share of all combinations in which Σ Rⱼ² is at least as large as found. If there are too
    many problems and optimizers to count, p is that of Iman and Davenport's F. (On few problems
    neither F nor χ² is accurate: for three optimizers with the same order on two problems, the
    exact p is 1/6, and F gives 0.)

    References: M. Friedman, Journal of the American Statistical Association 32 (1937); J. Demšar,
    Journal of Machine Learning Research 7 (2006), section 3.2.2.

    Raises
    ------
    ValueError
        If there are fewer than three optimizers, or fewer than two instances with all of them.
    """
    from scipy.stats import friedmanchisquare

    complete = costs.dropna()
    problems, optimizers = complete.shape
    if optimizers < 3 or problems < 2:
        raise ValueError(
            "Friedman's test compares three optimizers or more on two problems or more; "
            f"found {optimizers} on {problems}"
        )
    ranks = _ranks(costs)
    if np.all(ranks == ranks[:, :1]):
        chi_square = 0.0
    else:
        chi_square = float(friedmanchisquare(*ranks.T).statistic)
    f, p = iman_davenport(chi_square, problems, optimizers)
    exact = _exact_friedman(ranks)
    left_out = len(costs) - problems
    known = p if exact is None else exact
    return Friedman(chi_square, f, known, exact is not None, problems, optimizers, left_out)


def _exact_friedman(ranks: Floats) -> float | None:
    """Return the share of all orders whose Σ Rⱼ² is at least as large; None if there are too many.

    Row by row, it collects the sums of ranks with the number of ways to get each. The order of a
    sum's columns does not matter. So they are sorted, and each sum is kept once, as the digits of
    one integer.
    """
    doubled = np.rint(2 * ranks).astype(np.int64)  # so that halves are whole
    rows, optimizers = doubled.shape
    base = 2 * optimizers * rows + 1
    if math.factorial(optimizers) > _MOST_SUMS or base ** (optimizers - 1) > 2**62:
        return None
    weights = base ** np.arange(optimizers - 1)  # the last column is what is left of the total
    sums: Any = np.sort(doubled[:1])
    ways: Any = np.ones(1)
    for row in doubled[1:]:
        orders = np.array(list(set(permutations(row.tolist()))))  # all of them equally likely
        if len(sums) * len(orders) > _MOST_SUMS:
            return None
        reached = np.sort((sums[:, None] + orders).reshape(-1, optimizers))
        digits = reached[:, :-1] @ weights
        _, first, which = np.unique(digits, return_index=True, return_inverse=True)
        sums, ways = reached[first], np.bincount(which, np.repeat(ways, len(orders)))
        ways /= ways.sum()
    found = (doubled.sum(axis=0) ** 2).sum()
    return float(min(1.0, ways[(sums**2).sum(axis=1) >= found].sum()))


def iman_davenport(chi_square: float, problems: int, optimizers: int) -> tuple[float, float]:
    """Return F = (N − 1) χ² / (N(k − 1) − χ²) and its p-value; that of χ² is too large.

    F has k − 1 and (k − 1)(N − 1) degrees of freedom. It is infinite if all problems agree.

    Reference: R. L. Iman and J. M. Davenport, Communications in Statistics A9 (1980).
    """
    from scipy.stats import f

    freedom = optimizers - 1
    rest = problems * freedom - chi_square
    value = (problems - 1) * chi_square / rest if rest > 1e-12 * chi_square else math.inf
    return value, float(f.sf(value, freedom, freedom * (problems - 1)))


def nemenyi_distance(optimizers: int, problems: int, alpha: float = 0.05) -> float:
    """Return the critical difference of average ranks: CD = q √(k(k+1)/(6N)).

    q is the quantile 1 − α of the studentized range of k with infinite degrees of freedom, divided
    by √2. Two optimizers whose average ranks differ by less do not differ significantly.

    Reference: J. Demšar, Journal of Machine Learning Research 7 (2006), section 3.2.2, after P. B.
    Nemenyi's thesis (Princeton, 1963).

    Raises
    ------
    ValueError
        If there are fewer than two optimizers, or no problem.
    """
    from scipy.stats import studentized_range

    if optimizers < 2 or problems < 1:
        raise ValueError(
            f"{optimizers} optimizers on {problems} problems; expected two or more on at least one"
        )
    q = float(studentized_range.ppf(1 - alpha, optimizers, math.inf)) / math.sqrt(2)
    return q * math.sqrt(optimizers * (optimizers + 1) / (6 * problems))


def nemenyi_groups(ranks: pd.Series, distance: float) -> list[tuple[str, ...]]:
    """Return the bars of a critical-difference diagram: groups without significant differences.

    Each bar joins two or more optimizers in the order of their ranks. The first and the last differ
    by less than the critical distance, and no other bar contains this one.
    """
    ordered = ranks.sort_values(kind="stable")
    values, names = ordered.to_numpy(np.float64), list(ordered.index)
    bars: list[tuple[str, ...]] = []
    reach = 0
    for first, value in enumerate(values):
        end = int(np.searchsorted(values, value + distance, side="left"))
        if end > max(reach, first + 1):
            bars.append(tuple(names[first:end]))
            reach = end
    return bars


def holm(p_values: ArrayLike) -> Floats:
    """Return p-values corrected for their number m, so that any wrong claim at all is as rare.

    In ascending order p̃ᵢ = max over j ≤ i of min(1, (m − j + 1) pⱼ).

    Reference: S. Holm, Scandinavian Journal of Statistics 6 (1979).

    Raises
    ------
    ValueError
        If a value is not a probability.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1 or not np.all((p >= 0) & (p <= 1)):
        raise ValueError(f"expected probabilities, found {p_values!r}")
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    steps = np.minimum(np.arange(p.size, 0, -1) * p[order], 1.0)
    corrected[order] = np.maximum.accumulate(steps)
    return corrected
