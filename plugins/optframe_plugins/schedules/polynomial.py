"""The polynomial schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from optframe import Count, Number, Positive, Schedule, Space
from optframe_plugins.each_number import each_number
from optframe_plugins.ending import check_end, end_of
from optframe_plugins.length import Share, check_length, reached
from optframe_plugins.usual_spaces import sivaprasad

__all__ = ["Polynomial"]


@dataclass(frozen=True)
class Polynomial(Schedule):
    """Polynomial: from the start value to the end value along a power of what is left.

    ::

        ε_k = ε_T + (ε_0 − ε_T)(1 − min(k/T, 1))^p

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
    power
        p, > 0; 1 gives a linear schedule.

    References
    ----------
    Keras's ``PolynomialDecay``. With p = 1, a share of 0.9 and a factor, after a warm-up, it is the
    decay of AlgoPerf's baselines: Dahl, G. E., et al. (2023), Benchmarking neural network training
    algorithms, arXiv:2306.07179.
    """

    start: Number
    steps: Count | None = field(default=None, metadata={"added": True})
    end: Number = 0.0
    power: Positive = 1.0
    factor: Number | None = field(default=None, metadata={"added": True})
    share: Share | None = field(default=None, metadata={"added": True})
    epochs: Positive | None = field(default=None, metadata={"added": True})

    batched: ClassVar[frozenset[str]] = frozenset({"end", "factor", "power", "start"})

    def __post_init__(self) -> None:
        check_length(self)
        check_end(self)

    spaces: ClassVar[Mapping[str, Space]] = {
        "power": Space(
            0.5, 5.5, "linear", source=sivaprasad("the power of the polynomial decay, U(0.5, 5.5)")
        ),
    }

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        now, length = reached(self, k, epoch, progress)
        end, rest = end_of(self), 1 - min(now / length, 1.0)
        if isinstance(self.power, np.ndarray):
            return end + (self.start - end) * each_number(pow, rest, self.power)
        return end + (self.start - end) * float(rest**self.power)
