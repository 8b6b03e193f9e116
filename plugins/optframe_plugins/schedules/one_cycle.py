"""The one-cycle schedule."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from optframe import Count, Fraction, Number, Positive, Schedule, Space
from optframe_plugins.length import Share, check_length, reached
from optframe_plugins.usual_spaces import unpublished

__all__ = ["OneCycle"]


@dataclass(frozen=True)
class OneCycle(Schedule):
    """One cycle: rise along half a cosine to the highest value, then fall along another to near 0.

    ::

        ε_0 = ε_max / d,    ε_T = ε_0 / e
        up while k ≤ rT,    then down until k = T

    PyTorch's ``OneCycleLR`` calls them ``max_lr`` = ε_max, ``div_factor`` = d and
    ``final_div_factor`` = e. It has its peak at k = pN − 1 and its end at k = N − 1, where p is
    ``pct_start`` and N is ``total_steps``. The same values have T = N − 1 and
    r = (pN − 1)/(N − 1). It also varies the momentum, unless ``cycle_momentum`` is False.

    Parameters
    ----------
    max
        ε_max, the highest value.
    steps, share, epochs
        T, the length of the cycle, one of them: steps, a share of the budget in (0, 1], or epochs.
        From T on the value is ε_T.
    rise
        r, the fraction of the cycle in which the value rises, in [0, 1). PyTorch's 0.3.
    initial_divisor
        d, > 0: the start is ε_max / d. PyTorch's 25.
    final_divisor
        e, > 0: the end is ε_0 / e. PyTorch's 10,000.

    References
    ----------
    Smith, L. N., and Topin, N. (2019), Super-convergence: very fast training of neural networks
    using large learning rates, SPIE 11006.
    """

    max: Number
    steps: Count | None = field(default=None, metadata={"added": True})
    rise: Fraction = 0.3
    initial_divisor: Positive = 25.0
    final_divisor: Positive = 1e4
    share: Share | None = field(default=None, metadata={"added": True})
    epochs: Positive | None = field(default=None, metadata={"added": True})

    batched: ClassVar[frozenset[str]] = frozenset({"final_divisor", "initial_divisor", "max"})

    def __post_init__(self) -> None:
        check_length(self)

    spaces: ClassVar[Mapping[str, Space]] = {
        "rise": Space(0.1, 0.5, "linear", source=unpublished("to either side of PyTorch's 0.3")),
        "initial_divisor": Space(
            2.5, 250.0, "log", source=unpublished("a decade to either side of PyTorch's 25")
        ),
        "final_divisor": Space(
            1e2, 1e6, "log", source=unpublished("two decades to either side of PyTorch's 10,000")
        ),
    }

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        now, length = reached(self, k, epoch, progress)
        first = self.max / self.initial_divisor
        top = self.rise * length
        if now < top:
            return _between(first, self.max, now / top)
        part = (now - top) / (length - top)
        return _between(self.max, first / self.final_divisor, min(part, 1.0))


def _between(start: float, end: float, part: float) -> float:
    """Half a cosine from start to end."""
    return end + 0.5 * (start - end) * (1 + math.cos(math.pi * part))
