"""AlgoPerf's benchmark score: one number for a performance profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from optframe.statistics.medians import Floats
from optframe.statistics.profiles import performance_ratios

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["algoperf_score", "area"]


def algoperf_score(costs: pd.DataFrame, r_max: float = 4.0) -> pd.Series:
    """Return each optimizer's area under its performance profile from 1 to r_max, best first.

    B = 1/(r_max − 1) ∫₁^{r_max} ρ(τ) dτ, which is the mean over all instances of
    max(0, r_max − r)/(r_max − 1). It is 1 for an optimizer that is the best everywhere, and 0 for
    one that is never within r_max times the best. Like the profile, it depends on the other
    optimizers. It is NaN if no instance has runs of all optimizers.

    Reference: G. E. Dahl et al., *Benchmarking Neural Network Training Algorithms*, arXiv
    2306.07179 (2023), section 4.

    Raises
    ------
    ValueError
        If a cost is negative, or r_max is not above 1.
    """
    import pandas as pd

    if not 1 < r_max < np.inf:
        raise ValueError(f"r_max: found {r_max}, expected a number above 1")
    table = performance_ratios(costs)
    score = area(table.to_numpy(np.float64), r_max)
    series = pd.Series(score, table.columns, name="score")
    return series.sort_values(ascending=False, kind="stable")


def area(ratio: Floats, r_max: float) -> Floats:
    """Return the normalized area under the profile of each column of ratios."""
    if not len(ratio):
        return np.full(ratio.shape[1], np.nan)
    return np.asarray(np.maximum(r_max - ratio, 0.0).mean(axis=0) / (r_max - 1))
