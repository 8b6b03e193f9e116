"""Multiplicative noise on the gradient."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge

from optframe import Array, Indices, Problem, Transform

__all__ = ["MultiplicativeNoise"]


@dataclass(frozen=True)
class MultiplicativeNoise(Transform):
    """Multiply the gradient by a random factor: the noise vanishes where the gradient does.

    At step k, with ξ_k ~ N(0, 1)::

        g_k(θ) = (1 + σ ξ_k) f(θ),    ∇g_k(θ) = (1 + σ ξ_k) ∇f(θ)

    The mean over k is f, which is what is measured, and the variance of the gradient is
    σ² ‖∇f‖²: E ‖∇g‖² = (1 + σ²) ‖∇f‖², the strong growth condition, under which gradient descent
    converges with a constant learning rate, one that is smaller by 1 + σ². All optimizers of a
    study see the same noise.

    Parameters
    ----------
    problem
        f: a function, or a problem with batches of its own.
    sigma
        σ, the standard deviation relative to the gradient, ≥ 0.

    References
    ----------
    M. Schmidt, N. Le Roux, "Fast convergence of stochastic gradient descent under a strong growth
    condition", arXiv:1308.6370 (2013).
    """

    copies = False
    problem: Problem
    sigma: Annotated[float, Ge(0)] = 0.5

    deterministic: ClassVar[bool] = False
    draws_batch = True  # noise

    def draw(
        self, indices: Indices | None, random: np.random.Generator | None
    ) -> tuple[tuple[Any, ...], Any]:
        """Return a batch of the problem inside, as a tuple, and 1 + σξ: a number, or (R, 1)."""
        inside = self._draw_inside(indices, random)
        factor = 1 + self.sigma * (0.0 if random is None else random.standard_normal())
        return inside, self.asarray(factor) if getattr(factor, "shape", ()) else factor

    def loss(self, theta: Array, batch: Any) -> Array:
        """Return (1 + σξ) f(θ), shape (...)."""
        inside, factor = batch
        return _spread(factor, 0) * self.inside.loss(theta, *inside)

    def gradient(self, theta: Array, batch: Any) -> Array:
        """Return (1 + σξ) ∇f(θ), shape (..., P)."""
        inside, factor = batch
        return _spread(factor, 1) * self.inside.gradient(theta, *inside)

    def loss_and_gradient(self, theta: Array, batch: Any) -> tuple[Array, Array]:
        """Return both."""
        inside, factor = batch
        loss, gradient = self.inside.loss_and_gradient(theta, *inside)
        return _spread(factor, 0) * loss, _spread(factor, 1) * gradient

    def hessian(self, theta: Array, batch: Any) -> Array:
        """Return (1 + σξ) ∇²f(θ), shape (..., P, P)."""
        inside, factor = batch
        return _spread(factor, 2) * self.inside.hessian(theta, *inside)

    def hvp(self, theta: Array, v: Array, batch: Any) -> Array:
        """Return (1 + σξ) ∇²f(θ)·v, shape (..., P)."""
        inside, factor = batch
        return _spread(factor, 1) * self.inside.hvp(theta, v, *inside)

    def partial(self, theta: Array, i: int, batch: Any) -> Array:
        """Return (1 + σξ) ∂f/∂θᵢ, shape (...)."""
        inside, factor = batch
        return _spread(factor, 0) * self.inside.partial(theta, i, *inside)

    def per_sample(self, theta: Array, batch: Any) -> Array:
        """Return (1 + σξ) times the gradient of each record of the batch, shape (..., B, P)."""
        inside, factor = batch
        return _spread(factor, 2) * self.inside.per_sample(theta, *inside)


def _spread(factor: Any, axes: int) -> Any:
    """Return the factor of each run with so many axes behind; a lone run's is a number."""
    if not getattr(factor, "shape", ()):
        return factor
    return factor[(..., 0, *[None] * axes)]
