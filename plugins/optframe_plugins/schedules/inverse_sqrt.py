"""The inverse square root schedule."""

import math
from dataclasses import dataclass
from typing import ClassVar

from optframe import Number, Schedule

__all__ = ["InverseSqrt"]


@dataclass(frozen=True)
class InverseSqrt(Schedule):
    """Inverse square root: the decay under which online regret grows as √T.

    ::

        ε_k = ε_0 / √(k + 1)

    With t = k + 1, the number of the step, this is the α/√t of Kingma and Ba's experiments.

    Parameters
    ----------
    start
        ε_0, the value at step 0.

    References
    ----------
    Zinkevich, M. (2003), Online convex programming and generalized infinitesimal gradient ascent,
    ICML. Kingma, D. P., and Ba, J. (2015), Adam, section 6.1.
    """

    start: Number

    batched: ClassVar[frozenset[str]] = frozenset({"start"})

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        return self.start / math.sqrt(k + 1)
