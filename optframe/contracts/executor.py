"""An executor: where trials run; what it says of those that it lost, and how it is told to end."""

from __future__ import annotations

import contextlib
import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Any, ClassVar, Generic, Literal, TypeVar

__all__ = ["Executor", "Lost", "Stop"]


Item = TypeVar("Item", bound=Sequence[Any])
Done = TypeVar("Done")


@dataclass(frozen=True)
class Lost(Generic[Item]):
    """An item that an executor has given up: what does it dies, or does not come to an end."""

    item: Item
    status: Literal["crashed", "timeout"]
    reason: str
    """One line: how it died (signal, exit code) or how long it took, and how often it was tried."""
    traceback: str | None = None
    """Where it was at the time, if that is known."""


class Stop:
    """Whether somebody wants the study to end, and how long what is running may go on.

    It has a ``fileno``, which becomes readable at the wish, so that it can be waited for together
    with other things (`select`, `multiprocessing.connection.wait`).
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        """The signal by which it was asked for."""
        self.until = inf
        """What runs then may be finished until this time of `time.monotonic`."""
        self.leaving = False
        """Whether something runs in this process that is to be left then."""
        self.then: list[Callable[[], None]] = []
        """What is called when it is asked for."""
        self._reader, self._writer = os.pipe()

    def __enter__(self) -> Stop:
        return self

    def __exit__(self, *raised: object) -> None:
        os.close(self._reader)
        os.close(self._writer)

    @property
    def requested(self) -> bool:
        """Whether the study is to end."""
        return self.signal is not None

    def request(self, number: int = signal.SIGINT, grace: float = 0.0) -> None:
        """Let the study end, and what is running go on for so many seconds."""
        self.until = monotonic() + grace
        self.signal = number
        with contextlib.suppress(OSError):
            os.write(self._writer, b".")
        for call in self.then:
            call()

    def fileno(self) -> int:
        """What to wait for."""
        return self._reader


class Executor(ABC):
    """A frozen dataclass that runs trials and yields what they leave as it comes, unordered.

    The settings of a study that it has fields for are given to it: ``jobs``, ``timeout`` (seconds
    for each trial) and ``retries``, where the study says them, ``threads``, and ``environments``,
    those of `Backend.environments`.
    """

    elsewhere: ClassVar[bool] = False
    """Whether items are done in other processes, so that work, items and results are pickled."""

    near: ClassVar[bool] = False
    """Whether those processes are on this machine and can have large arrays for nothing (pickled
    out of band, say), so that data sets are handed over with the work instead of loaded again."""

    @abstractmethod
    def run(
        self, work: Callable[[Item], Done], items: Sequence[Item], stop: Stop
    ) -> Iterator[Done | Lost[Item]]:
        """Do the work on every item and yield each result as soon as it is there.

        An item is a batch of trials that advance together, mostly of one. Once ``stop`` is
        requested, no item is begun; those that are running go on until ``stop.until``, and nothing
        is said of the rest. In this process ``work`` sees to that itself; elsewhere its method
        ``hurry``, if it has one, is called where it runs, upon which it may save what it has.
        """
