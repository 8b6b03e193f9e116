"""A sum of squares of a handful of residuals, each with a formula of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from optframe import Array
from optframe_problems.functions.sum_of_squares import SumOfSquares

__all__ = ["FewResiduals"]


class FewResiduals(SumOfSquares):
    """Residuals written as in their paper, as formulas of the coordinates x₁, x₂, ...

    A subclass gives the formulas of the residuals and of those first and second derivatives that
    are not zero. The coordinates are plain numbers in a lone run, which is several times as fast
    as arrays of one element, and arrays of shape (...) in a batch; all that happens to them is
    elementwise, so that a run gives the same bits in a batch as alone.
    """

    @abstractmethod
    def _terms(self, *x: Any) -> Sequence[Any]:
        """Return r₁, ..., rₘ."""

    @abstractmethod
    def _slopes(self, *x: Any) -> Sequence[Mapping[int, Any]]:
        """Return for each residual its ∂rᵢ/∂xⱼ by j, counted from 0."""

    @abstractmethod
    def _bends(self, *x: Any) -> Sequence[Mapping[tuple[int, int], Any]]:
        """Return for each residual its ∂²rᵢ/∂xⱼ∂xₖ by (j, k) with j ≤ k, counted from 0."""

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return _squares(self._terms(*_coordinates(theta)))

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        x = _coordinates(theta)
        return self._assemble(theta, self._terms(*x), self._slopes(*x))

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same residuals."""
        x = _coordinates(theta)
        terms = self._terms(*x)
        return _squares(terms), self._assemble(theta, terms, self._slopes(*x))

    def residuals(self, theta: Array) -> Array:
        """Return r(θ), shape (..., m)."""
        return self.xp.stack(self._terms(*_coordinates(theta)), axis=-1)

    def jacobian(self, theta: Array) -> Array:
        """Return ∂rᵢ/∂θⱼ, shape (..., m, P)."""
        room = self.residuals(theta)[..., None] + theta[..., None, :]
        jacobian = self.xp.zeros_like(room)
        for i, slopes in enumerate(self._slopes(*_coordinates(theta))):
            for j, slope in slopes.items():
                jacobian[..., i, j] = slope
        return jacobian

    def curvature(self, theta: Array, weights: Array) -> Array:
        """Return Σᵢ wᵢ ∇²rᵢ(θ), shape (..., P, P)."""
        curvature = self.xp.zeros_like(theta[..., None] + theta[..., None, :])
        for i, bends in enumerate(self._bends(*_coordinates(theta))):
            for (j, k), bend in bends.items():
                curvature[..., j, k] += weights[..., i] * bend
                if j != k:
                    curvature[..., k, j] += weights[..., i] * bend
        return curvature

    def _assemble(
        self, theta: Array, terms: Sequence[Any], slopes: Sequence[Mapping[int, Any]]
    ) -> Array:
        entries = [0.0] * self.size
        for term, row in zip(terms, slopes, strict=True):
            for j, slope in row.items():
                entries[j] = entries[j] + slope * term
        gradient = self.xp.empty_like(theta)
        for j, entry in enumerate(entries):
            gradient[j if theta.ndim == 1 else (..., j)] = 2 * entry
        return gradient


def _coordinates(theta: Array) -> list[Any]:
    """Return x₁, ..., x_P, each of shape (...); a lone run's are plain numbers."""
    if theta.ndim == 1:
        return [theta[j] for j in range(theta.shape[0])]
    return [theta[..., j] for j in range(theta.shape[-1])]


def _squares(terms: Sequence[Any]) -> Any:
    total = terms[0] * terms[0]
    for term in terms[1:]:
        total = total + term * term
    return total
