"""The base class of quadratic functions whose axes are those of the coordinates."""

from abc import abstractmethod
from functools import cached_property
from typing import ClassVar

import numpy as np

from optframe import Array, Function
from optframe_problems.dot import dot

__all__ = ["AxisParallel"]


class AxisParallel(Function):
    """f(θ) = Σᵢ cᵢ θᵢ² with cᵢ > 0; a subclass gives c.

    The start is all ones; the minimum is 0 at 0. The Hessian is diag(2c). All answers except the
    Hessian take O(P) time.
    """

    quadratic: ClassVar[bool] = True

    @abstractmethod
    def _weights(self) -> np.ndarray:
        """Return c, shape (P,)."""

    @property
    def minimum(self) -> float:
        """f* = 0."""
        return 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The origin."""
        return np.zeros(self.size)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return all ones."""
        return np.ones(self.size)

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self.loss_and_gradient(theta)[0]

    def gradient(self, theta: Array) -> Array:
        """Return 2cθ, shape (..., P)."""
        return self._curvatures * theta

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both; f is ½ θᵀ of the gradient."""
        gradient = self._curvatures * theta
        return 0.5 * dot(theta, gradient), gradient

    def hessian(self, theta: Array) -> Array:
        """Return diag(2c) for every run, shape (..., P, P)."""
        return self.xp.broadcast_to(self._matrix, (*theta.shape, self.size))

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return 2cv, shape (..., P)."""
        return self._curvatures * v

    def partial(self, theta: Array, i: int) -> Array:
        """Return 2cᵢθᵢ, shape (...)."""
        return self._curvatures[i] * theta[..., i]

    def coordinate_minimum(self, theta: Array, i: int) -> Array:
        """Return the θᵢ that minimizes f with the others held: 0, shape (...)."""
        return self.xp.zeros_like(theta[..., i])

    @cached_property
    def _curvatures(self) -> Array:
        return self.asarray(2 * self._weights())

    @cached_property
    def _matrix(self) -> Array:
        return self.asarray(np.diag(2 * self._weights()))
