"""The base class of quadratic functions whose minimum is 0 at 0."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from optframe import Array, Function
from optframe_problems.dot import dot

__all__ = ["QuadraticForm"]


class QuadraticForm(Function):
    """f(θ) = ½ θᵀAθ with A positive definite; a subclass gives A, and `gradient`, which is Aθ.

    The start is all ones; the minimum is 0 at 0.
    """

    copies = False
    quadratic: ClassVar[bool] = True
    minimum = 0.0

    @property
    @abstractmethod
    def _matrix(self) -> Array:
        """A, shape (P, P)."""

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

    def loss_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        """Return both; f is ½ θᵀ of the gradient."""
        gradient = self.gradient(theta)
        return 0.5 * dot(theta, gradient), gradient

    def hessian(self, theta: Array) -> Array:
        """Return A for every run, shape (..., P, P)."""
        return self.xp.broadcast_to(self._matrix, (*theta.shape, self.size))

    def hvp(self, theta: Array, v: Array) -> Array:
        """Return Av, shape (..., P)."""
        return self.gradient(v)
