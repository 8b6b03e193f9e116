"""The polynomial schedule."""

from dataclasses import dataclass

from optframe import Count, Number, Positive, Schedule

__all__ = ["Polynomial"]


@dataclass(frozen=True)
class Polynomial(Schedule):
    """Polynomial: from the start value to the end value along a power of the steps left.

    ::

        ε_k = ε_T + (ε_0 − ε_T)(1 − min(k/T, 1))^p

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    end
        ε_T, the value from step T on.
    steps
        T, ≥ 1.
    power
        p, > 0; 1 gives a linear schedule.

    References
    ----------
    Keras's ``PolynomialDecay``.
    """

    start: Number
    steps: Count
    end: Number = 0.0
    power: Positive = 1.0

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        rest = 1 - min(k / self.steps, 1.0)
        return self.end + (self.start - self.end) * float(rest**self.power)
