"""The base class of sums of one function of each parameter, whose Hessian is diagonal."""

from abc import abstractmethod
from functools import cached_property

import numpy as np

from optframe import Array, Function

__all__ = ["Separable"]


class Separable(Function):
    """f(θ) = Σᵢ φ(θᵢ); a subclass gives φ, φ′ and φ″ for arrays of any shape.

    All answers take O(P) time but the Hessian, which is the diagonal matrix of the φ″(θᵢ).
    """

    copies = False

    @abstractmethod
    def _values(self, x: Array) -> Array:
        """Return φ(x), of x's shape."""

    @abstractmethod
    def _slopes(self, x: Array) -> Array:
        """Return φ′(x), of x's shape."""

    @abstractmethod
    def _curvatures(self, x: Array) -> Array:
        """Return φ″(x), of x's shape."""

    def loss(self, theta: Array) -> Array:
        """Return f(θ), shape (...)."""
        return self.xp.sum(self._values(theta), axis=-1)

    def gradient(self, theta: Array) -> Array:
        """Return ∇f(θ), shape (..., P)."""
        return self._slopes(theta)

    def partial(self, theta: Array, i: int) -> Array:
        """Return φ′(θᵢ), shape (...)."""
        return self._slopes(theta[..., i])

    def hessian(self, theta: Array) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        return self._curvatures(theta)[..., None] * self._identity

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        return self._curvatures(theta) * v

    @cached_property
    def _identity(self) -> Array:
        return self.asarray(np.eye(self.size))
