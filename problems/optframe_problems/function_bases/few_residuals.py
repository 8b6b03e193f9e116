"""A sum of squares of a handful of residuals, each with a formula of its own."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from optframe import Array
from optframe_problems.function_bases.sum_of_squares import SumOfSquares

__all__ = ["FewResiduals", "coordinates"]


class FewResiduals(SumOfSquares):
    """Residuals written as in their paper, as formulas of the coordinates x₁, x₂, ...

    A subclass gives the formulas of the residuals, of their product with the derivatives (from
    which the Jacobian follows, whose row i is Jᵀeᵢ), and of those second derivatives that are not
    zero. The coordinates are plain numbers in a lone run, which is several times as fast as arrays
    of one element, and arrays of shape (...) in a batch. All operations on them are elementwise, so
    that a run gives the same bits in a batch as alone.
    """

    @abstractmethod
    def _terms(self, *x: Any) -> Sequence[Any]:
        """Return r₁, ..., rₘ."""

    @abstractmethod
    def _pull(self, weights: Sequence[Any], *x: Any) -> Sequence[Any]:
        """Return Jᵀw for w₁, ..., wₘ: its entries Σᵢ wᵢ ∂rᵢ/∂x₁, ..., Σᵢ wᵢ ∂rᵢ/∂x_P."""

    @abstractmethod
    def _bends(self, *x: Any) -> Sequence[Mapping[tuple[int, int], Any]]:
        """Return for each residual its ∂²rᵢ/∂xⱼ∂xₖ by (j, k) with j ≤ k, counted from 0."""

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return _squares(self._terms(*coordinates(theta)))

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        x = coordinates(theta)
        return self._filled(theta, self._pull(self._terms(*x), *x))

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same residuals."""
        x = coordinates(theta)
        terms = self._terms(*x)
        return _squares(terms), self._filled(theta, self._pull(terms, *x))

    def residuals(self, theta: Array) -> Array:
        """Return r(θ), shape (..., m)."""
        return self.xp.stack(self._terms(*coordinates(theta)), axis=-1)

    def jacobian(self, theta: Array) -> Array:
        """Return ∂rᵢ/∂θⱼ, shape (..., m, P)."""
        x, residuals = coordinates(theta), self.residuals(theta)
        jacobian = self.xp.empty_like(residuals[..., None] + theta[..., None, :])
        m = residuals.shape[-1]
        for i in range(m):
            unit = [float(k == i) for k in range(m)]
            for j, slope in enumerate(self._pull(unit, *x)):
                jacobian[..., i, j] = slope
        return jacobian

    def curvature(self, theta: Array, weights: Array) -> Array:
        """Return Σᵢ wᵢ ∇²rᵢ(θ), shape (..., P, P)."""
        curvature = self.xp.zeros_like(theta[..., None] + theta[..., None, :])
        for i, bends in enumerate(self._bends(*coordinates(theta))):
            for (j, k), bend in bends.items():
                curvature[..., j, k] += weights[..., i] * bend
                if j != k:
                    curvature[..., k, j] += weights[..., i] * bend
        return curvature

    def _filled(self, theta: Array, pulled: Sequence[Any]) -> Array:
        """Return 2 Jᵀr, shape (..., P)."""
        gradient = self.xp.empty_like(theta)
        for j, entry in enumerate(pulled):
            gradient[j if theta.ndim == 1 else (..., j)] = 2 * entry
        return gradient


def coordinates(theta: Array) -> list[Any]:
    """Return x₁, ..., x_P, each of shape (...); a lone run's are plain numbers."""
    if theta.ndim == 1:
        return [theta[j] for j in range(theta.shape[0])]
    return [theta[..., j] for j in range(theta.shape[-1])]


def _squares(terms: Sequence[Any]) -> Any:
    total = terms[0] * terms[0]
    for term in terms[1:]:
        total = total + term * term
    return total
