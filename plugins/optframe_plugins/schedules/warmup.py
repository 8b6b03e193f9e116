"""The warm-up schedule."""

from dataclasses import dataclass

from optframe import Count, Number, Schedule

__all__ = ["Warmup"]


@dataclass(frozen=True)
class Warmup(Schedule):
    """Warm-up: rise linearly from near 0 to the value, then stay constant.

    ::

        ε_k = ε · min((k + 1)/w, 1)

    Parameters
    ----------
    value
        ε, the value from step w − 1 on.
    steps
        w, ≥ 1.

    References
    ----------
    Goyal, P., et al. (2017), Accurate, large minibatch SGD: training ImageNet in 1 hour,
    arXiv:1706.02677, section 2.2.
    """

    value: Number
    steps: Count

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return ε_k."""
        return self.value * min((k + 1) / self.steps, 1.0)
