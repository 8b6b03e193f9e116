"""A sum of squares of residuals that share one formula, as when a curve is fitted to data."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from optframe import Array
from optframe_problems.dot import dot
from optframe_problems.function_bases.sum_of_squares import SumOfSquares

__all__ = ["CurveFit"]


class CurveFit(SumOfSquares):
    """m residuals of one formula along a grid, t₁, ..., tₘ.

    A subclass gives the formula and its derivatives as arrays along the grid. The coordinates that
    it is given are plain numbers in a lone run and have shape (..., 1) in a batch, so that they
    broadcast against the grid's (m,). What the formula and its derivatives share, such as an
    exponential or a denominator, is computed once.
    """

    @abstractmethod
    def _parts(self, *x: Any) -> Any:
        """Return what the formula shares with its derivatives."""

    @abstractmethod
    def _curve(self, parts: Any, *x: Any) -> Array:
        """Return r, shape (..., m)."""

    @abstractmethod
    def _slopes(self, parts: Any, *x: Any) -> Sequence[Any]:
        """Return ∂r/∂x₁, ..., ∂r/∂x_P, each of shape (..., m) or a number."""

    @abstractmethod
    def _bends(self, parts: Any, *x: Any) -> Mapping[tuple[int, int], Any]:
        """Return what is not zero of ∂²r/∂xⱼ∂xₖ by (j, k) with j ≤ k, counted from 0, likewise."""

    def residuals(self, theta: Array) -> Array:
        """Return r(θ), shape (..., m)."""
        x = _coordinates(theta)
        return self._curve(self._parts(*x), *x)

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        residuals = self.residuals(theta)
        return dot(residuals, residuals)

    def jacobian(self, theta: Array) -> Array:
        """Return ∂rᵢ/∂θⱼ, shape (..., m, P)."""
        return self.xp.matrix_transpose(self._both(theta)[1])

    def gradient(self, theta: Array) -> Array:
        """Return 2 Jᵀr, shape (..., P)."""
        return _slope(*self._both(theta))

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same residuals."""
        residuals, rows = self._both(theta)
        return dot(residuals, residuals), _slope(residuals, rows)

    def curvature(self, theta: Array, weights: Array) -> Array:
        """Return Σᵢ wᵢ ∇²rᵢ(θ), shape (..., P, P)."""
        x = _coordinates(theta)
        curvature = self.xp.zeros_like(theta[..., None] + theta[..., None, :])
        for (j, k), bend in self._bends(self._parts(*x), *x).items():
            entry = self.xp.sum(weights * bend, axis=-1)
            curvature[..., j, k] = entry
            curvature[..., k, j] = entry
        return curvature

    def _both(self, theta: Array) -> tuple[Array, Array]:
        """Return the residuals and Jᵀ, shape (..., P, m), of which each slope is a row."""
        x = _coordinates(theta)
        parts = self._parts(*x)
        residuals = self._curve(parts, *x)
        rows = theta[..., None] + residuals[..., None, :]  # an array of this shape, to be filled
        for j, slope in enumerate(self._slopes(parts, *x)):
            rows[..., j, :] = slope
        return residuals, rows


def _coordinates(theta: Array) -> list[Any]:
    """Return x₁, ..., x_P, each of shape (..., 1); a lone run's are plain numbers."""
    if theta.ndim == 1:
        return [theta[j] for j in range(theta.shape[0])]
    return [theta[..., j : j + 1] for j in range(theta.shape[-1])]


def _slope(residuals: Array, rows: Array) -> Array:
    """Return 2 Jᵀr, shape (..., P)."""
    return 2 * (rows @ residuals[..., None])[..., 0]
