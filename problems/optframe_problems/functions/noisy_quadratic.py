"""A round bowl with noise, on which the noise floor of gradient descent is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from optframe import Array, Count, Indices, StochasticProblem

__all__ = ["NoisyQuadratic"]


@dataclass(frozen=True)
class NoisyQuadratic(StochasticProblem):
    """A bowl with gradient noise of constant variance: a constant learning rate ends at a floor.

    At step k, with ξ_k ~ N(0, I)::

        f_k(θ) = ½ h ‖θ‖² + σ ξ_kᵀθ,    ∇f_k(θ) = hθ + σ ξ_k

    What is measured is the mean f(θ) = ½ h ‖θ‖². The start is all ones; f* is 0 at 0. Gradient
    descent with learning rate ε multiplies each parameter by 1 − εh and adds −εσξ, so that from
    θ₀ = 1, with a = (1 − εh)²::

        E θᵢ² = aᵏ + (1 − aᵏ) V,    V = εσ² / (h (2 − εh))

    and for 0 < ε < 2/h the expected loss ends at P εσ² / (2 (2 − εh)): halving ε halves the floor
    and doubles the time to get there.

    Parameters
    ----------
    size
        P, the number of parameters, at least 1.
    curvature
        h, > 0.
    sigma
        σ, the standard deviation of each partial derivative, ≥ 0.

    References
    ----------
    T. Schaul, S. Zhang, Y. LeCun, "No more pesky learning rates", ICML 2013, section 4: the noisy
    quadratic model, there with the noise on the minimizer.
    """

    copies = False
    size: Count = 10
    curvature: Annotated[float, Gt(0)] = 1.0
    sigma: Annotated[float, Ge(0)] = 1.0

    deterministic: ClassVar[bool] = False
    quadratic: ClassVar[bool] = True

    records = None  # the noise is new at every step
    minimum = 0.0

    @property
    def minimizer(self) -> np.ndarray:
        """The origin."""
        return np.zeros(self.size)

    def start(self, random: np.random.Generator) -> np.ndarray:
        """Return all ones."""
        return np.ones(self.size)

    def draw(self, indices: Indices | None, random: np.random.Generator | None) -> Array:
        """Return the step's σξ, shape (P,); zeros without a generator."""
        noise = np.zeros(self.size) if random is None else random.standard_normal(self.size)
        return self.asarray(self.sigma * noise)

    def loss(self, theta: Array, batch: Array) -> Array:
        """Return ½ h ‖θ‖² + σξᵀθ, shape (...)."""
        return self.xp.sum((0.5 * self.curvature * theta + batch) * theta, axis=-1)

    def gradient(self, theta: Array, batch: Array) -> Array:
        """Return hθ + σξ, shape (..., P)."""
        return self.curvature * theta + batch

    def hessian(self, theta: Array, batch: Array) -> Array:
        """Return hI for every run, shape (..., P, P)."""
        return self.xp.broadcast_to(self._matrix, (*theta.shape, self.size))

    def hvp(self, theta: Array, v: Array, batch: Array) -> Array:
        """Return hv, shape (..., P)."""
        return self.curvature * v

    def partial(self, theta: Array, i: int, batch: Array) -> Array:
        """Return hθᵢ + σξᵢ, shape (...)."""
        return self.curvature * theta[..., i] + batch[i]

    def coordinate_minimum(self, theta: Array, i: int, batch: Array) -> Array:
        """Return −σξᵢ/h, shape (...)."""
        return self.xp.zeros_like(theta[..., i]) - batch[i] / self.curvature

    def metrics(self, theta: Array) -> Mapping[str, Array]:
        """Measure the loss without noise."""
        return {"loss": 0.5 * self.curvature * self.xp.sum(theta * theta, axis=-1)}

    @cached_property
    def _matrix(self) -> Array:
        return self.asarray(self.curvature * np.eye(self.size))
