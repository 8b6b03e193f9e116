"""The linear schedule."""

from dataclasses import dataclass, field
from typing import ClassVar

from optframe import Count, Number, Positive, Schedule
from optframe_plugins.ending import end_of
from optframe_plugins.length import Share, check_length, reached

__all__ = ["Linear"]


@dataclass(frozen=True)
class Linear(Schedule):
    """Linear: from the start value to the end value, then constant.

    ::

        ε_k = (1 − a)·ε_0 + a·ε_τ,    a = min(k/τ, 1)

    k is counted in the unit of τ: steps, epochs, or the share of the budget that is spent.

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    end
        ε_τ, the value from τ on.
    factor
        ε_τ / ε_0, which is given instead of the end.
    steps, share, epochs
        τ, the length, one of them: steps, a share of the budget in (0, 1], or epochs.

    References
    ----------
    Goodfellow, I., Bengio, Y., and Courville, A. (2016), Deep Learning, eq. 8.14, who advise τ of
    a few hundred epochs and ε_τ of about one per cent of ε_0.
    """

    start: Number
    end: Number | None = field(default=None, metadata={"added": True})
    steps: Count | None = field(default=None, metadata={"added": True})
    factor: Number | None = field(default=None, metadata={"added": True})
    share: Share | None = field(default=None, metadata={"added": True})
    epochs: Positive | None = field(default=None, metadata={"added": True})

    batched: ClassVar[frozenset[str]] = frozenset({"end", "factor", "start"})

    def __post_init__(self) -> None:
        check_length(self)
        if (self.end is None) == (self.factor is None):
            found = "neither" if self.end is None else "both"
            raise ValueError(f"expected either end or factor, found {found}")

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        now, length = reached(self, k, epoch, progress)
        a = min(now / length, 1.0)
        return (1 - a) * self.start + a * end_of(self)
