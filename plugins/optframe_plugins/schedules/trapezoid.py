"""The trapezoidal schedule."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import Count, Fraction, Number, Positive, Schedule
from optframe_plugins.length import Share, check_length, reached

__all__ = ["Trapezoid"]


@dataclass(frozen=True)
class Trapezoid(Schedule):
    """Trapezoid: rise linearly from 0, stay constant, cool down linearly to 0.

    ::

        ε_k = ε · min(x/r, 1, (1 − x)/f),    x = min(k/T, 1)

    It is also called warm-up, stable, decay (WSD). k is counted in the unit of T: steps, epochs, or
    the share of the budget that is spent.

    Parameters
    ----------
    value
        ε, the value between rise and cool-down.
    rise
        r, the fraction of the length in which the value rises, in [0, 1).
    fall
        f, the fraction of the length in which it falls, in [0, 1); r + f ≤ 1.
    steps, share, epochs
        T, the length, one of them: steps, a share of the budget in (0, 1], or epochs.

    References
    ----------
    Xing, C., Arpit, D., Tsirigotis, C., and Bengio, Y. (2018), A walk with SGD, arXiv:1802.08770.
    Hägele, A., et al. (2024), Scaling laws and compute-optimal training beyond fixed training
    durations, NeurIPS.
    """

    value: Number
    rise: Fraction
    fall: Fraction
    steps: Count | None = None
    share: Share | None = None
    epochs: Positive | None = None

    batched: ClassVar[frozenset[str]] = frozenset({"value"})

    def __post_init__(self) -> None:
        check_length(self)
        if self.rise + self.fall > 1:
            raise ValueError(f"expected rise + fall ≤ 1, found {self.rise + self.fall:g}")

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        now, length = reached(self, k, epoch, progress)
        x = min(now / length, 1.0)
        if x < self.rise:
            return self.value * (x / self.rise)
        return self.value * (min((1 - x) / self.fall, 1.0) if self.fall else 1.0)
