"""The warm-up schedule, before any other one."""

import math
from dataclasses import dataclass, field
from typing import ClassVar

from optframe import Count, Number, Positive, Schedule
from optframe_plugins.length import Share, check_length, reached

__all__ = ["Warmup"]


@dataclass(frozen=True)
class Warmup(Schedule):
    """Warm-up: rise linearly from near 0 to the value, then stay constant or go on as another one.

    ::

        ε_k = ε · min((k + 1)/w, 1)    w in steps
        ε_k = ε · min(k/w, 1)          w in epochs, or a share of the budget

    With ``then``, ε is the first value of that schedule, which begins when the warm-up is over: its
    step 0 and epoch 0 are there, and its shares are shares of the budget that is left, so that a
    share of 1 ends with the run. Linear warm-up over 5 % of the budget, then a cosine to 0 over the
    rest, in the short notation::

        adam:lr={schedule=warmup,share=0.05,then={schedule=cosine,start=0.1,share=1}}

    A warm-up in one unit ends at some place in the others, too. That place is computed as if steps,
    epochs and the budget had passed at one rate since the first step, as they do where the budget
    is one of steps or epochs.

    Parameters
    ----------
    value
        ε, the value after the warm-up; not with ``then``.
    steps, share, epochs
        w, the length of the warm-up, one of them: steps, a share of the budget in (0, 1], or
        epochs.
    then
        The schedule after the warm-up. It may be a warm-up with a schedule after it.

    References
    ----------
    Goyal, P., et al. (2017), Accurate, large minibatch SGD: training ImageNet in 1 hour,
    arXiv:1706.02677, section 2.2. A share of 0.05 is that of AlgoPerf's baselines: Dahl, G. E., et
    al. (2023), Benchmarking neural network training algorithms, arXiv:2306.07179.
    """

    value: Number | None = field(default=None, metadata={"added": True})
    steps: Count | None = field(default=None, metadata={"added": True})
    share: Share | None = field(default=None, metadata={"added": True})
    epochs: Positive | None = field(default=None, metadata={"added": True})
    then: Schedule | None = field(default=None, metadata={"added": True})

    batched: ClassVar[frozenset[str]] = frozenset({"then", "value"})

    def __post_init__(self) -> None:
        check_length(self)
        if (self.value is None) == (self.then is None):
            found = "neither" if self.value is None else "both"
            raise ValueError(f"expected either value or then, found {found}")
        if self.then is not None and self.share == 1:
            raise ValueError("a warm-up with a share of 1 leaves nothing for then; give less")

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        now, length = reached(self, k, epoch, progress)
        if self.then is not None and now >= length:
            return self.then(*self._from_its_end(k, epoch, progress))
        peak = self.value if self.then is None else self.then(0, 0.0, 0.0)
        part = (k + 1) / length if self.steps is not None else now / length
        return peak * min(part, 1.0)  # type: ignore[operator]  # one of them is given

    def _from_its_end(self, k: int, epoch: float, progress: float) -> tuple[int, float, float]:
        """Return the step, the epoch and the share of what was left, since the warm-up's end."""
        now, length = reached(self, k, epoch, progress)
        # It ends with the first step at which its length is reached.
        steps = self.steps or math.ceil(k * length / now * (1 - 1e-12))
        part = steps / k if k else 0.0
        begun = self.share or progress * part
        rest = (progress - begun) / (1 - begun) if begun < 1 else 1.0
        return k - steps, max(epoch - (self.epochs or epoch * part), 0.0), max(rest, 0.0)
