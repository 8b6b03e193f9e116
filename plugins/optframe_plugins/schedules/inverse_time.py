"""The inverse-time schedule."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import NonNegative, Number, Schedule

__all__ = ["InverseTime"]


@dataclass(frozen=True)
class InverseTime(Schedule):
    """Inverse time: decay as 1/k, under which stochastic gradient descent converges.

    ::

        ε_k = ε_0 / (1 + d·k)

    The sum of all values diverges and the sum of their squares converges. These are Robbins and
    Monro's conditions.

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    decay
        d, per step, ≥ 0.

    References
    ----------
    Robbins, H., and Monro, S. (1951), A stochastic approximation method, Ann. Math. Statist. 22,
    400–407.
    """

    start: Number
    decay: NonNegative

    batched: ClassVar[frozenset[str]] = frozenset({"decay", "start"})

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        return self.start / (1 + self.decay * k)
