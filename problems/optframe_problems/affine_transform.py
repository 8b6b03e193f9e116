"""The base class of changes of variables: the derivatives of f(Aθ + b)."""

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Array, Transform

__all__ = ["Affine"]


class Affine(Transform):
    """g(θ) = c f(Aθ + b); a subclass gives the products with A and Aᵀ, and the inverse.

    ::

        ∇g(θ) = c Aᵀ∇f(Aθ + b)        ∇²g(θ) = c Aᵀ ∇²f(Aθ + b) A

    The start and the minimizer are those of the problem inside at φ = Aθ + b. The metrics are those
    inside at φ, losses times c.
    """

    copies = False

    @abstractmethod
    def inward(self, theta: Array) -> Array:
        """Return φ = Aθ + b, where the problem inside is asked."""

    def of_loss(self, loss: Array) -> Array:
        """Return c times the loss inside."""
        return self._factor * loss

    @abstractmethod
    def _along(self, v: Array) -> Array:
        """Return Av."""

    @abstractmethod
    def _back(self, g: Array) -> Array:
        """Return Aᵀg."""

    @abstractmethod
    def _outward(self, phi: NDArray[Any]) -> NDArray[Any]:
        """Return θ = A⁻¹(φ − b), on the host."""

    @property
    def _factor(self) -> float:
        """The factor c, by default 1."""
        return 1.0

    @property
    def minimum(self) -> float | None:
        """f* times c."""
        inside = self.problem.minimum
        return None if inside is None else self._factor * inside

    @property
    def minimizer(self) -> Any | None:
        """The minimizer of the problem inside, as θ."""
        inside = self.problem.minimizer
        return None if inside is None else self._outward(np.asarray(inside))

    def start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return the start of the problem inside, as θ."""
        return self._outward(np.asarray(self.problem.start(random)))

    def random_start(self, random: np.random.Generator) -> NDArray[Any]:
        """Return a random start of the problem inside, as θ."""
        return self._outward(np.asarray(self.problem.random_start(random)))

    def loss(self, theta: Array, *batch: Any) -> Array:
        """Return g(θ), shape (...)."""
        return self.of_loss(self.inside.loss(self.inward(theta), *batch))

    def gradient(self, theta: Array, *batch: Any) -> Array:
        """Return ∇g(θ), shape (..., P)."""
        return self._factor * self._back(self.inside.gradient(self.inward(theta), *batch))

    def loss_and_gradient(self, theta: Array, *batch: Any) -> tuple[Array, Array]:
        """Return both."""
        loss, gradient = self.inside.loss_and_gradient(self.inward(theta), *batch)
        return self.of_loss(loss), self._factor * self._back(gradient)

    def hessian(self, theta: Array, *batch: Any) -> Array:
        """Return ∇²g(θ), shape (..., P, P)."""
        half = self._back(self.inside.hessian(self.inward(theta), *batch)).mT  # AᵀH, H symmetric
        whole = self._back(half)
        return (0.5 * self._factor) * (whole + whole.mT)

    def hvp(self, theta: Array, v: Array, *batch: Any) -> Array:
        """Return ∇²g(θ)·v, shape (..., P)."""
        inside = self.inside.hvp(self.inward(theta), self._along(v), *batch)
        return self._factor * self._back(inside)

    def per_sample(self, theta: Array, *batch: Any) -> Array:
        """Return the gradient of each record of the batch, shape (..., B, P)."""
        inside = self.inside.per_sample(self.inward(theta), *batch)
        return self._factor * self._back(inside)
