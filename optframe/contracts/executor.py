"""An executor: where trials run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

__all__ = ["Executor"]


Item = TypeVar("Item")
Done = TypeVar("Done")


class Executor(ABC):
    """A frozen dataclass that runs trials and yields what they leave as it comes, unordered."""

    @abstractmethod
    def run(self, work: Callable[[Item], Done], items: Sequence[Item]) -> Iterator[Done]:
        """Do the work on every item once and yield each result as soon as it is there.

        An item is a batch of trials that advance together, mostly of one; it pickles.
        """
