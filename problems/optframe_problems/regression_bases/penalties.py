"""Penalties on large weights: their value, gradient and curvature."""

from dataclasses import dataclass
from typing import Any, Protocol

from optframe import Array

__all__ = ["Penalty", "SmoothAbsolute", "SquaredNorm"]


class Penalty(Protocol):
    """A sum of functions of one parameter each, so that its Hessian is diagonal."""

    def value(self, xp: Any, theta: Array) -> Array:
        """Return the penalty, shape (...)."""

    def gradient(self, xp: Any, theta: Array) -> Array:
        """Return its gradient, shape (..., P)."""

    def curvature(self, xp: Any, theta: Array) -> Array:
        """Return the diagonal of its Hessian, shape (..., P)."""


@dataclass(frozen=True)
class SquaredNorm:
    """½ Σ λᵢθᵢ², with λ of shape (P,)."""

    strengths: Array

    def value(self, xp: Any, theta: Array) -> Array:
        """Return ½ Σ λᵢθᵢ²."""
        return 0.5 * xp.sum(self.strengths * theta * theta, axis=-1)

    def gradient(self, xp: Any, theta: Array) -> Array:
        """Return λθ."""
        return self.strengths * theta

    def curvature(self, xp: Any, theta: Array) -> Array:
        """Return λ."""
        return xp.broadcast_to(self.strengths, theta.shape)


@dataclass(frozen=True)
class SmoothAbsolute:
    """Σ λᵢ (√(θᵢ² + μ²) − μ), with λ of shape (P,) and μ > 0.

    The parenthesis is computed as θᵢ² / (√(θᵢ² + μ²) + μ), which loses nothing where |θᵢ| ≪ μ.
    """

    strengths: Array
    mu: float

    def value(self, xp: Any, theta: Array) -> Array:
        """Return Σ λᵢ (√(θᵢ² + μ²) − μ)."""
        squares = theta * theta
        return xp.sum(
            self.strengths * squares / (xp.sqrt(squares + self.mu * self.mu) + self.mu), axis=-1
        )

    def gradient(self, xp: Any, theta: Array) -> Array:
        """Return λθ / √(θ² + μ²)."""
        return self.strengths * theta / xp.sqrt(theta * theta + self.mu * self.mu)

    def curvature(self, xp: Any, theta: Array) -> Array:
        """Return λμ² / (θ² + μ²)^(3/2)."""
        ratio = self.mu / xp.sqrt(theta * theta + self.mu * self.mu)
        return self.strengths / self.mu * ratio * ratio * ratio
