"""The base class of sums of squares, whose derivatives follow from their residuals."""

from abc import abstractmethod
from typing import Any

import numpy as np

from optframe import Array, Function

__all__ = ["SumOfSquares", "hessian_by_products"]


class SumOfSquares(Function):
    """The sum of the squares of m residuals, without a factor ½, as in the collection MGH.

    With the residuals r(θ), their Jacobian J = ∂r/∂θ and their second derivatives ∇²rᵢ::

        f(θ)   = Σᵢ rᵢ²
        ∇f(θ)  = 2 Jᵀr
        ∇²f(θ) = 2 (JᵀJ + Σᵢ rᵢ ∇²rᵢ)

    Three subclasses differ in how the derivatives of the residuals are written: `FewResiduals` has
    a handful of different formulas, `CurveFit` one formula along a grid, and `ManyResiduals` any
    number of residuals, whose Jacobian is not built for a gradient. Methods that use residuals
    (Gauss–Newton, Levenberg–Marquardt) may ask for ``residuals`` and ``jacobian``.

    References
    ----------
    J. J. Moré, B. S. Garbow and K. E. Hillstrom, "Testing unconstrained optimization software",
    ACM Transactions on Mathematical Software 7 (1981), from here on MGH with the problem's number.
    """

    copies = False

    @abstractmethod
    def residuals(self, theta: Array) -> Array:
        """Return r(θ), shape (..., m)."""

    @abstractmethod
    def jacobian(self, theta: Array) -> Array:
        """Return ∂rᵢ/∂θⱼ, shape (..., m, P)."""

    @abstractmethod
    def curvature(self, theta: Array, weights: Array) -> Array:
        """Return Σᵢ wᵢ ∇²rᵢ(θ) for weights of shape (..., m), shape (..., P, P)."""

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        return self.gradient(theta)[..., i]

    def hessian(self, theta: Array) -> Array:
        """Return 2 (JᵀJ + Σ rᵢ ∇²rᵢ), shape (..., P, P)."""
        jacobian = self.jacobian(theta)
        squares = self.xp.matmul(self.xp.matrix_transpose(jacobian), jacobian)
        return 2 * (squares + self.curvature(theta, self.residuals(theta)))

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        return self.xp.matmul(self.hessian(theta), v[..., None])[..., 0]


def hessian_by_products(problem: Any, theta: Array) -> Array:
    """Return ∇²f(θ), shape (..., P, P), whose rows are its products with the unit vectors.

    Where a product takes O(P) operations, this takes as many as the Hessian has entries.
    """
    unit_vectors = problem.asarray(np.eye(problem.size))
    rows = problem.hvp(theta[..., None, :], unit_vectors)
    return (rows + problem.xp.matrix_transpose(rows)) / 2  # to the bit symmetric
