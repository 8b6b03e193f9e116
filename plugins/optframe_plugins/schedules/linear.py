"""The linear schedule."""

from dataclasses import dataclass

from optframe import Count, Number, Schedule

__all__ = ["Linear"]


@dataclass(frozen=True)
class Linear(Schedule):
    """Linear decay until step τ, then constant.

    ::

        ε_k = (1 − a)·ε_0 + a·ε_τ,    a = min(k/τ, 1)

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    end
        ε_τ, the value from step τ on.
    steps
        τ, ≥ 1.

    References
    ----------
    Goodfellow, I., Bengio, Y., and Courville, A. (2016), Deep Learning, eq. 8.14, who advise τ of
    a few hundred epochs and ε_τ of about one per cent of ε_0.
    """

    start: Number
    end: Number
    steps: Count

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        a = min(k / self.steps, 1.0)
        return (1 - a) * self.start + a * self.end
