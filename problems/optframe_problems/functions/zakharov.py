"""Zakharov's function: a bowl with one steep direction, which is not along an axis."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optframe import Array, Count, Function
from optframe_problems.dot import dot

__all__ = ["Zakharov"]


@dataclass(frozen=True)
class Zakharov(Function):
    """A round bowl plus a quartic valley wall along one slanted direction.

    With s = wᵀθ and wᵢ = i/2::

        f(θ)   = ‖θ‖² + s² + s⁴
        ∇f(θ)  = 2θ + (2s + 4s³) w
        ∇²f(θ) = 2I + (2 + 12s²) wwᵀ

    Convex. The start is all ones; the minimum is 0 at 0, where the condition number is 1 + ‖w‖².

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.

    References
    ----------
    M. Jamil, X.-S. Yang, "A literature survey of benchmark functions for global optimization
    problems", International Journal of Mathematical Modelling and Numerical Optimisation 4 (2013).
    """

    copies = False
    size: Count = 10

    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The origin."""
        return np.zeros(self.size)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return all ones."""
        return np.ones(self.size)

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self._value(theta, self._along(theta))

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self._slope(theta, self._along(theta))

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both from the same s."""
        s = self._along(theta)
        return self._value(theta, s), self._slope(theta, s)

    def partial(self, theta: Array, i: int) -> Array:
        """Return ∂f/∂θᵢ, shape (...)."""
        s = self._along(theta)
        return 2 * theta[..., i] + (2 * s + 4 * s * s * s) * self._w[i]

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        s = self._along(theta)
        return self._twice_identity + (2 + 12 * s * s)[..., None, None] * self._ww

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        s = self._along(theta)
        return 2 * v + ((2 + 12 * s * s) * self._along(v))[..., None] * self._w

    def _along(self, theta: Array) -> Array:
        """Return wᵀθ, shape (...)."""
        return dot(theta, self._w)

    def _value(self, theta: Array, s: Array) -> Array:
        square = s * s
        return dot(theta, theta) + square + square * square

    def _slope(self, theta: Array, s: Array) -> Array:
        return 2 * theta + (s * (2 + 4 * s * s))[..., None] * self._w

    @cached_property
    def _w(self) -> Array:
        return self.asarray(np.arange(1, self.size + 1) / 2)

    @cached_property
    def _ww(self) -> Array:
        return self._w[:, None] * self._w

    @cached_property
    def _twice_identity(self) -> Array:
        return self.asarray(2 * np.eye(self.size))
