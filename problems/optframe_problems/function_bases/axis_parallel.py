"""The base class of quadratic functions whose axes are those of the coordinates."""

from abc import abstractmethod
from functools import cached_property

import numpy as np

from optframe import Array
from optframe_problems.function_bases.quadratic_form import QuadraticForm

__all__ = ["AxisParallel"]


class AxisParallel(QuadraticForm):
    """f(θ) = Σᵢ cᵢ θᵢ² with cᵢ > 0; a subclass gives c.

    The start is all ones; the minimum is 0 at 0. The Hessian is diag(2c). All answers except the
    Hessian take O(P) time.
    """

    @abstractmethod
    def _weights(self) -> np.ndarray:
        """Return c, shape (P,)."""

    def gradient(self, theta: Array) -> Array:
        """Return 2cθ, shape (..., P)."""
        return self._curvatures * theta

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
