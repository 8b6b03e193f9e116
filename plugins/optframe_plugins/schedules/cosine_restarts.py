"""The cosine schedule with warm restarts."""

import math
from dataclasses import dataclass
from typing import ClassVar

from optframe import Count, Number, Positive, Schedule
from optframe_plugins.length import CLOSE, Share, check_length, reached

__all__ = ["CosineRestarts"]


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """Cosine with warm restarts (SGDR): fall along half a cosine, restart, fall again.

    ::

        ε_k = ε_T + ½(ε_0 − ε_T)(1 + cos(π·T_cur/T_i)),    T_(i+1) = m·T_i

    T_cur is how far the run has come since the last restart, and T_i the length of the fall since
    then. Both are in the unit of T_0: steps, epochs, or a share of the budget.

    Parameters
    ----------
    start
        ε_0, the value at the start of each fall.
    end
        ε_T, which is approached at the end of each fall.
    steps, share, epochs
        T_0, the length of the first fall, one of them: steps, a share of the budget in (0, 1], or
        epochs.
    growth
        m, ≥ 1: how many times longer each fall is than the one before; the paper's ``T_mult``.

    References
    ----------
    Loshchilov, I., and Hutter, F. (2017), SGDR: stochastic gradient descent with warm restarts,
    ICLR, eq. 5.
    """

    start: Number
    steps: Count | None = None
    share: Share | None = None
    epochs: Positive | None = None
    end: Number = 0.0
    growth: Count = 1

    batched: ClassVar[frozenset[str]] = frozenset({"end", "start"})

    def __post_init__(self) -> None:
        check_length(self)

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        now, length = reached(self, k, epoch, progress)
        part = _since_restart(now / length, self.growth)
        return self.end + 0.5 * (self.start - self.end) * (1 + math.cos(math.pi * part))


def _since_restart(lengths: float, growth: int) -> float:
    """Return T_cur/T_i after a number of first lengths."""
    if abs(lengths - round(lengths)) <= CLOSE * lengths:
        lengths = round(lengths)  # a restart, rounding aside
    if growth == 1:
        return lengths % 1.0
    begin, fall = 0, 1
    while lengths >= begin + fall:
        begin, fall = begin + fall, fall * growth
    return (lengths - begin) / fall
