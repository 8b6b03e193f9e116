"""Linear least squares."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import Array
from optframe_problems.learning import Batch
from optframe_problems.regression_bases.squared_loss import SquaredLoss

__all__ = ["LeastSquares"]


@dataclass(frozen=True)
class LeastSquares(SquaredLoss):
    """Linear regression: fit a plane to the targets by least squares.

    With θ = (w, b), records x̃ = (x, 1) and targets y::

        f(θ) = 1/(2n) Σ (θᵀx̃ − y)²,    ∇f(θ) = 1/n Σ (θᵀx̃ − y) x̃,    ∇²f(θ) = 1/n Σ x̃x̃ᵀ

    A convex quadratic, flat along directions in which the records do not vary. θ has d + 1
    entries, the bias last; the start is 0. In a batch, ``inputs`` are the x̃.

    Parameters
    ----------
    data
        The data set, one without classes; by default one that comes with scikit-learn.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2nd edition
    (2009), section 3.2.
    """

    data: str = "diabetes"

    quadratic: ClassVar[bool] = True
    regularizer = None
    attained = True  # a quadratic that is bounded below has a minimizer

    def coordinate_minimum(self, theta: Array, i: int, batch: Batch) -> Array:
        """Return the θᵢ that minimizes f with the others held, shape (...)."""
        return self.minimum_along(theta, i, batch)
