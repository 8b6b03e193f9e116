"""The schedule that undoes the bias correction of Adam's first moment."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from optframe import Fraction, Number, Schedule
from optframe_plugins.each_number import each_number

__all__ = ["UndoBiasCorrection"]


@dataclass(frozen=True)
class UndoBiasCorrection(Schedule):
    """Undo bias correction: as a learning rate it takes back what Adam's correction of m adds.

    ::

        ε_k = ε · (1 − β₁^(k + 1))

    Adam moves by ε·m̂ with m̂ = m/(1 − β₁ᵗ) and t = k + 1. With this schedule it moves by ε·m, as
    the averaged form of momentum does. Bias correction makes the first steps 1/(1 − β₁ᵗ) times
    longer, so that Adam with a large δ contains momentum with this schedule only. The correction
    of v is another matter: it vanishes beside a large δ.

    Parameters
    ----------
    value
        ε, which is approached.
    beta1
        β₁, that of Adam, in [0, 1).

    References
    ----------
    Kingma, D. P., and Ba, J. (2015), Adam, algorithm 1. Choi, D., et al. (2019), On empirical
    comparisons of optimizers for deep learning, arXiv:1910.05446, who compare optimizers that
    contain others.
    """

    value: Number
    beta1: Fraction = 0.9

    batched: ClassVar[frozenset[str]] = frozenset({"beta1", "value"})

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        if isinstance(self.beta1, np.ndarray):
            return self.value * (1 - each_number(pow, self.beta1, k + 1))
        return self.value * (1 - self.beta1 ** (k + 1))
