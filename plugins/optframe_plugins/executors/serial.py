"""One trial after another, in this process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from optframe import Executor, Stop

__all__ = ["Serial"]

Item = TypeVar("Item", bound=Sequence[Any])
Done = TypeVar("Done")


@dataclass(frozen=True)
class Serial(Executor):
    """Serial: one trial after another, in this process."""

    def run(
        self, work: Callable[[Item], Done], items: Sequence[Item], stop: Stop
    ) -> Iterator[Done]:
        """Do each item when the one before is done."""
        for item in items:
            yield work(item)
