"""The exponential schedule."""

from dataclasses import dataclass

from optframe import Number, Positive, Schedule

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
        γ, per step, > 0; below 1 it decays.

    References
    ----------
    Li, Z., and Arora, S. (2020), An exponential learning rate schedule for deep learning, ICLR.
    """

    start: Number
    decay: Positive

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        return self.start * self.decay**k
