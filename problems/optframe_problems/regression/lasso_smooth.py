"""The lasso, with its absolute values smoothed at zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

from annotated_types import Ge, Gt

from optframe_problems.regression_bases.penalties import SmoothAbsolute
from optframe_problems.regression_bases.squared_loss import SquaredLoss

__all__ = ["LassoSmooth"]


@dataclass(frozen=True)
class LassoSmooth(SquaredLoss):
    """Linear regression with a smooth absolute-value penalty, which keeps most weights near 0.

    With θ = (w, b), records x̃ = (x, 1), targets y, λ = l1 and μ = smoothing::

        f(θ)   = 1/(2n) Σ (θᵀx̃ − y)² + λ Σ (√(wⱼ² + μ²) − μ)
        ∂f/∂wⱼ = 1/n Σ (θᵀx̃ − y) xⱼ + λ wⱼ / √(wⱼ² + μ²)
        ∇²f(θ) = 1/n Σ x̃x̃ᵀ + λ diag(μ² / (wⱼ² + μ²)^(3/2), 0)

    From |w| − μ ≤ √(w² + μ²) − μ ≤ |w| follows 0 ≤ f_lasso − f ≤ λdμ, everywhere and between the
    minima: as μ → 0 this is the lasso. The penalty's curvature goes up to λ/μ, so that gradient
    methods need steps of the order μ/λ. Strictly convex where λ > 0. θ has d + 1 entries, the bias
    last and without penalty; the start is 0. In a batch, ``inputs`` are the x̃.

    Parameters
    ----------
    data
        The data set, one without classes; by default one that comes with scikit-learn.
    l1
        λ, at least 0. It is the alpha of scikit-learn's Lasso.
    smoothing
        μ, greater than 0, in the unit of the weights.

    References
    ----------
    R. Tibshirani, "Regression shrinkage and selection via the lasso", Journal of the Royal
    Statistical Society B 58 (1996). A. Beck, M. Teboulle, "Smoothing and first order methods: a
    unified framework", SIAM Journal on Optimization 22 (2012): the bound.
    """

    data: str = "diabetes"
    l1: Annotated[float, Ge(0)] = 1.0
    smoothing: Annotated[float, Gt(0)] = 0.01

    attained = True  # with the penalty and without

    @cached_property
    def regularizer(self) -> SmoothAbsolute | None:
        """λ Σ (√(wⱼ² + μ²) − μ)."""
        return SmoothAbsolute(self.strengths(self.l1), self.smoothing) if self.l1 else None

    def stages(self) -> Sequence[LassoSmooth]:
        """Return the same with 10⁶, 10⁴ and 10² times μ first, then itself.

        Where |w| ≫ μ, Newton's model does not include the bend at 0; so μ falls in stages.
        """
        wider = [replace(self, smoothing=self.smoothing * factor) for factor in (1e6, 1e4, 1e2)]
        setting = self.setting
        return [*(wide if setting is None else wide.bind(setting) for wide in wider), self]
