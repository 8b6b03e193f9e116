"""One trial after another, in this process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from optframe import Executor

__all__ = ["Serial"]

Item = TypeVar("Item")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Serial(Executor):
    """Serial: one trial after another, in this process."""

    def run(self, work: Callable[[Item], Done], items: Sequence[Item]) -> Iterator[Done]:
        """Do each item when the one before is done."""
        for item in items:
            yield work(item)
