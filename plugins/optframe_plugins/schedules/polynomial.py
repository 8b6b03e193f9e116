"""The polynomial schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from optframe import Count, Number, Positive, Schedule, Space
from optframe_plugins.usual_spaces import sivaprasad

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

    spaces: ClassVar[Mapping[str, Space]] = {
        "power": Space(
            0.5, 5.5, "linear", source=sivaprasad("the power of the polynomial decay, U(0.5, 5.5)")
        ),
    }

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        rest = 1 - min(k / self.steps, 1.0)
        return self.end + (self.start - self.end) * float(rest**self.power)
