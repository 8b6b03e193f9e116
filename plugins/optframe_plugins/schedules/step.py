"""The step schedule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from optframe import Count, Number, Positive, Schedule, Space
from optframe_plugins.geometric import geometric
from optframe_plugins.length import Share, check_length, reached, whole
from optframe_plugins.usual_spaces import unpublished

__all__ = ["Step"]


@dataclass(frozen=True)
class Step(Schedule):
    """Step: multiply by a factor again and again, and keep the value between.

    ::

        ε_k = ε_0 · γ^⌊k/s⌋

    k is counted in the unit of s: steps, epochs, or the share of the budget that is spent.

    Parameters
    ----------
    start
        ε_0, the value at step 0.
    steps, share, epochs
        s, how long each value is kept, one of them: steps, a share of the budget in (0, 1], or
        epochs.
    factor
        γ, > 0. Below 1 the value decays. Above 1 it grows, and becomes infinite where it is too
        large for a float.

    References
    ----------
    Ge, R., Kakade, S. M., Kidambi, R., and Netrapalli, P. (2019), The step decay schedule: a near
    optimal, geometrically decaying learning rate procedure for least squares, NeurIPS.
    """

    start: Number
    steps: Count | None = field(default=None, metadata={"added": True})
    factor: Positive = 0.1
    share: Share | None = field(default=None, metadata={"added": True})
    epochs: Positive | None = field(default=None, metadata={"added": True})

    batched: ClassVar[frozenset[str]] = frozenset({"factor", "start"})

    def __post_init__(self) -> None:
        check_length(self)

    spaces: ClassVar[Mapping[str, Space]] = {
        "factor": Space(
            0.01, 0.9, "log", source=unpublished("about a decade to either side of the default")
        ),
    }

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        now, length = reached(self, k, epoch, progress)
        return geometric(self.start, self.factor, whole(now / length))
