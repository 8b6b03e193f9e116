"""Additive noise on the gradient."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge
from numpy.typing import NDArray

from optframe import Array, Count, Indices, Problem, StochasticProblem, Transform
from optframe_problems.candidate_axes import with_candidates

__all__ = ["Drawn", "Noise"]


@dataclass(slots=True)
class Drawn:
    """What a step sees: the batch inside, as a tuple, and the noise σξ, (P,) or (R, P)."""

    inside: tuple[Any, ...]
    noise: Array

    def noise_for(self, theta: Array) -> Array:
        """Return noise that broadcasts against θ, which may have candidate axes after its runs."""
        return with_candidates(self.noise, theta.ndim, 1)


@dataclass(frozen=True)
class Noise(Transform):
    """Add noise of a known variance to the gradient, the same in all answers of a step.

    At step k, with ξ_k ~ N(0, I)::

        g_k(θ) = f(θ) + σ ξ_kᵀθ,    ∇g_k(θ) = ∇f(θ) + σ ξ_k

    The mean over k is f, which is what is measured, and the variance of each partial derivative
    is σ². The Hessian has no noise. All optimizers of a study see the same noise.

    With ``records`` = n the noise is drawn n times, once per problem instance, and shifted so that
    its mean over the n records is 0. A sampler chooses among them: a minibatch of B has the
    variance σ²/B, and all of them together have no noise. So the minimum is that of f. With σ = 1
    and n = 10,000 around the functions of Rosenbrock, Beale and Branin this is the noise u x + v y
    of DeepOBS, which does not centre it.

    Parameters
    ----------
    problem
        f: a function, or a problem with batches of its own.
    sigma
        σ, the standard deviation of each partial derivative, ≥ 0.
    records
        n, at least 1, around a function only; without it, the noise is new at every step.

    References
    ----------
    F. Schneider, L. Balles, P. Hennig, "DeepOBS: a deep learning optimizer benchmark suite", ICLR
    2019 (the two-dimensional problems).
    """

    copies = False
    problem: Problem
    sigma: Annotated[float, Ge(0)] = 1.0
    fixed: Count | None = field(default=None, metadata={"name": "records"})

    draws_batch = True  # noise, or records of it

    def __post_init__(self) -> None:
        if self.fixed is not None and self.problem.draws_batch:
            raise ValueError(
                f"records = {self.fixed} would give {type(self.problem).__name__} a second kind "
                "of minibatch; leave records out, and the noise is new at every step"
            )

    @property
    def draws_instance(self) -> bool:
        """Whether the noise is drawn once for all, or the problem inside draws constants."""
        return self.fixed is not None or self.problem.draws_instance

    @property
    def deterministic(self) -> bool:  # type: ignore[override]
        """Whether all records together have no noise."""
        return self.fixed is not None

    @property
    def records(self) -> int | None:
        """n, or how many records the problem inside has."""
        inside = self.problem
        found = inside.records if isinstance(inside, StochasticProblem) else None
        return found if self.fixed is None else self.fixed

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Drawn:
        """Return a batch of the problem inside, and the noise, of shape (P,) or (R, P)."""
        inside = self._draw_inside(indices, random)
        if self.fixed is not None:
            noise = self._draws[slice(None) if indices is None else indices].mean(axis=-2)
        elif random is None:
            noise = np.zeros(self.size)
        else:
            noise = random.standard_normal(self.size)
        return Drawn(inside, self.asarray(self.sigma * noise))

    def loss(self, theta: Array, batch: Drawn) -> Array:
        """Return f(θ) + σξᵀθ, shape (...)."""
        linear = self.xp.sum(batch.noise_for(theta) * theta, axis=-1)
        return self.inside.loss(theta, *batch.inside) + linear

    def gradient(self, theta: Array, batch: Drawn) -> Array:
        """Return ∇f(θ) + σξ, shape (..., P)."""
        return self.inside.gradient(theta, *batch.inside) + batch.noise_for(theta)

    def loss_and_gradient(self, theta: Array, batch: Drawn) -> tuple[Array, Array]:
        """Return both."""
        noise = batch.noise_for(theta)
        loss, gradient = self.inside.loss_and_gradient(theta, *batch.inside)
        return loss + self.xp.sum(noise * theta, axis=-1), gradient + noise

    def hessian(self, theta: Array, batch: Drawn) -> Array:
        """Return ∇²f(θ), shape (..., P, P)."""
        return self.inside.hessian(theta, *batch.inside)

    def hvp(self, theta: Array, v: Array, batch: Drawn) -> Array:
        """Return ∇²f(θ)·v, shape (..., P)."""
        return self.inside.hvp(theta, v, *batch.inside)

    def partial(self, theta: Array, i: int, batch: Drawn) -> Array:
        """Return ∂f/∂θᵢ + σξᵢ, shape (...)."""
        return self.inside.partial(theta, i, *batch.inside) + batch.noise_for(theta)[..., i]

    @cached_property
    def _draws(self) -> NDArray[Any]:
        """The ξ of all records, shape (n, P), with mean 0."""
        draws: NDArray[Any] = self.instance_random().standard_normal((self.records or 0, self.size))
        draws -= draws.mean(axis=0)
        return draws
