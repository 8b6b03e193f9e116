"""The exponential schedule."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import Number, Positive, Schedule
from optframe_plugins.geometric import geometric

__all__ = ["Exponential"]


@dataclass(frozen=True)
class Exponential(Schedule):
    """Exponential: multiply by a factor at each step.

    ::

        ε_k = ε_0 · γᵏ

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    decay
        γ, per step, > 0. Below 1 the value decays. Above 1 it grows, as in a learning rate range
        test, and becomes infinite where it is too large for a float.

    References
    ----------
    Li, Z., and Arora, S. (2020), An exponential learning rate schedule for deep learning, ICLR.
    """

    start: Number
    decay: Positive

    batched: ClassVar[frozenset[str]] = frozenset({"decay", "start"})

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        return geometric(self.start, self.decay, k)
