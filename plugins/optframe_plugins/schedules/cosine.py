"""The cosine schedule."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

from optframe import Count, Number, Positive, Schedule
from optframe_plugins.ending import check_end, end_of
from optframe_plugins.length import Share, check_length, reached

__all__ = ["Cosine"]


@dataclass(frozen=True)
class Cosine(Schedule):
    """Cosine: half a period from the start value to the end value.

    ::

        ε_k = ε_T + ½(ε_0 − ε_T)(1 + cos(π·min(k/T, 1)))

    k is counted in the unit of T: steps, epochs, or the share of the budget that is spent.

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    end
        ε_T, the value from T on.
    factor
        ε_T / ε_0, which may be given instead of the end.
    steps, share, epochs
        T, the length, one of them: steps, a share of the budget in (0, 1], or epochs.

    References
    ----------
    Loshchilov, I., and Hutter, F. (2017), SGDR: stochastic gradient descent with warm restarts,
    ICLR, eq. 5.
    """

    start: Number
    steps: Count | None = field(default=None, metadata={"added": True})
    end: Number = 0.0
    factor: Number | None = field(default=None, metadata={"added": True})
    share: Share | None = field(default=None, metadata={"added": True})
    epochs: Positive | None = field(default=None, metadata={"added": True})

    batched: ClassVar[frozenset[str]] = frozenset({"end", "factor", "start"})

    def __post_init__(self) -> None:
        check_length(self)
        check_end(self)

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        now, length = reached(self, k, epoch, progress)
        end, part = end_of(self), min(now / length, 1.0)
        return end + 0.5 * (self.start - end) * (1 + math.cos(math.pi * part))
