"""Ridge regression: linear least squares with a squared penalty."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

from annotated_types import Ge

from optframe import Array
from optframe_problems.learning import Batch
from optframe_problems.regression_bases.penalties import SquaredNorm
from optframe_problems.regression_bases.squared_loss import SquaredLoss

__all__ = ["Ridge"]


@dataclass(frozen=True)
class Ridge(SquaredLoss):
    """Linear regression with a squared penalty, which keeps the weights small.

    With θ = (w, b), records x̃ = (x, 1) and targets y::

        f(θ)   = 1/(2n) Σ (θᵀx̃ − y)² + ½ l2 ‖w‖²
        ∇f(θ)  = 1/n Σ (θᵀx̃ − y) x̃ + l2 (w, 0)
        ∇²f(θ) = 1/n Σ x̃x̃ᵀ + l2 diag(1, ..., 1, 0)

    A strictly convex quadratic where l2 > 0. θ has d + 1 entries, the bias last; the start is 0.
    In a batch, ``inputs`` are the x̃.

    Parameters
    ----------
    data
        The data set, one without classes; by default one that comes with scikit-learn.
    l2
        The strength of the penalty on the weights (not on the bias), at least 0. It is
        scikit-learn's alpha / n for n training records.

    References
    ----------
    A. E. Hoerl, R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
    Technometrics 12 (1970).
    """

    data: str = "diabetes"
    l2: Annotated[float, Ge(0)] = 0.1

    quadratic: ClassVar[bool] = True
    attained = True  # a quadratic that is bounded below has a minimizer

    @cached_property
    def regularizer(self) -> SquaredNorm | None:
        """½ l2 ‖w‖²."""
        return SquaredNorm(self.strengths(self.l2)) if self.l2 else None

    def coordinate_minimum(self, theta: Array, i: int, batch: Batch) -> Array:
        """Return the θᵢ that minimizes f with the others held, shape (...)."""
        return self.minimum_along(theta, i, batch)
