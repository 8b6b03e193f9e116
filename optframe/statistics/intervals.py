"""The exact interval of a probability of success."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from optframe.statistics.medians import Floats

__all__ = ["clopper_pearson"]


def clopper_pearson(
    successes: ArrayLike, runs: ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Return the ends of the exact interval of a probability; it is never too narrow.

    Of the lower end, so many successes or more have the probability (1 − confidence)/2; of the
    upper end, so many or fewer have it. Both are quantiles of beta distributions. Without runs, the
    interval is from 0 to 1.

    Reference: C. J. Clopper and E. S. Pearson, Biometrika 26 (1934).

    Examples
    --------
    >>> low, high = clopper_pearson([5], [5])
    >>> low.round(2), high
    (array([0.48]), array([1.]))
    """
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    won = np.asarray(successes, dtype=np.float64)
    lost = np.asarray(runs, dtype=np.float64) - won
    low = np.where(won > 0, betaincinv(np.maximum(won, 1), lost + 1, tail), 0.0)
    high = np.where(lost > 0, betaincinv(won + 1, np.maximum(lost, 1), 1 - tail), 1.0)
    return low, high
