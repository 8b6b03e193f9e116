"""Polyak averaging."""

from dataclasses import dataclass, replace
from typing import Any

from optframe import Array, Optimizer, Oracle, Wrapper

__all__ = ["Polyak"]


@dataclass
class Average:
    """State: the optimizer's own, the mean θ̄ so far, shape (..., P), and the steps in it."""

    inner: Any
    mean: Array
    t: int


@dataclass(frozen=True)
class Polyak(Wrapper):
    """Polyak averaging: measure the mean of all iterates instead of the last one.

    ::

        θ̄ ← θ̄ + (θ − θ̄) / t

    The optimizer goes on from θ; checkpoints measure θ̄. On a noisy quadratic with curvature h the
    variance of θ̄ falls as σ²/(h²T), whatever the learning rate.

    Parameters
    ----------
    optimizer
        The optimizer whose iterates are averaged.
    after
        The step after which averaging begins, ≥ 0; until then θ itself is measured.

    References
    ----------
    Polyak, B. T., and Juditsky, A. B. (1992), Acceleration of stochastic approximation by
    averaging, SIAM J. Control Optim. 30, 838–855.

    Examples
    --------
    >>> import optframe
    >>> optframe.minimize("sphere", "sgd:lr=1+polyak", steps=2).loss
    0.0
    """

    optimizer: Optimizer
    after: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.after, int) and self.after < 0:  # it may be a space
            raise ValueError(f"after: expected a whole number ≥ 0, found {self.after}")

    def init(self, theta: Array, oracle: Oracle) -> Average:
        """Start with an empty mean."""
        return Average(self.optimizer.init(theta, oracle), oracle.xp.zeros_like(theta), 0)

    def step(self, theta: Array, state: Average, oracle: Oracle) -> tuple[Array, Average]:
        """Do the optimizer's step, and update the mean with the new θ."""
        theta, state.inner = self.optimizer.step(theta, state.inner, oracle)
        state.t += 1
        state.mean = state.mean + (theta - state.mean) / max(1, state.t - self.after)
        return theta, state

    def solution(self, theta: Array, state: Average) -> Array:
        """Return θ̄."""
        return state.mean

    def dump(self, state: Average) -> Average:
        """Return the mean with the optimizer's own state as plain data."""
        return replace(state, inner=self.optimizer.dump(state.inner))

    def load(self, theta: Array, plain: Average, oracle: Oracle) -> Average:
        """Return the mean with the optimizer's own state."""
        return replace(plain, inner=self.optimizer.load(theta, plain.inner, oracle))

    def on_scaled_loss(self, factor: float) -> "Polyak":
        """Return the same for the loss times a factor: a mean of θ has no unit of the loss."""
        return self
