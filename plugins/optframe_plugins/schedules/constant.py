"""The constant schedule."""

from dataclasses import dataclass
from typing import ClassVar

from optframe import Number, Schedule

__all__ = ["Constant"]


@dataclass(frozen=True)
class Constant(Schedule):
    """Constant: the same value at every step.

    Parameters
    ----------
    value
        The value.

    References
    ----------
    Bottou, L., Curtis, F. E., and Nocedal, J. (2018), Optimization methods for large-scale machine
    learning, SIAM Review 60, 223–311, theorem 4.6.
    """

    value: Number

    batched: ClassVar[frozenset[str]] = frozenset({"value"})

    def __call__(self, k: int, epoch: float, progress: float) -> float:
        """Return the value."""
        return self.value
