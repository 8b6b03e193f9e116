"""The cosine schedule."""

import math
from dataclasses import dataclass

from optframe import Count, Number, Schedule

__all__ = ["Cosine"]


@dataclass(frozen=True)
class Cosine(Schedule):
    """Cosine: half a period from the start value to the end value.

    ::

        ε_k = ε_T + ½(ε_0 − ε_T)(1 + cos(π·min(k/T, 1)))

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    end
        ε_T, the value from step T on.
    steps
        T, ≥ 1.

    References
    ----------
    Loshchilov, I., and Hutter, F. (2017), SGDR: stochastic gradient descent with warm restarts,
    ICLR, eq. 5.
    """

    start: Number
    steps: Count
    end: Number = 0.0

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        share = min(k / self.steps, 1.0)
        return self.end + 0.5 * (self.start - self.end) * (1 + math.cos(math.pi * share))
