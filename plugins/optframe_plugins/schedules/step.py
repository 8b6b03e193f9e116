"""The step schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from optframe import Count, Number, Positive, Schedule, Space
from optframe_plugins.geometric import geometric
from optframe_plugins.usual_spaces import unpublished

__all__ = ["Step"]


@dataclass(frozen=True)
class Step(Schedule):
    """Step: multiply by a factor after every s steps.

    ::

        ε_k = ε_0 · γ^⌊k/s⌋

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    steps
        s, the number of steps for which each value is kept, ≥ 1.
    factor
        γ, > 0. Below 1 the value decays. Above 1 it grows, and becomes infinite where it is too
        large for a float.

    References
    ----------
    Ge, R., Kakade, S. M., Kidambi, R., and Netrapalli, P. (2019), The step decay schedule: a near
    optimal, geometrically decaying learning rate procedure for least squares, NeurIPS.
    """

    start: Number
    steps: Count
    factor: Positive = 0.1

    spaces: ClassVar[Mapping[str, Space]] = {
        "factor": Space(
            0.01, 0.9, "log", source=unpublished("about a decade to either side of the default")
        ),
    }

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        return geometric(self.start, self.factor, k // self.steps)
