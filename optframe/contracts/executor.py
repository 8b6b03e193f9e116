"""An executor: runs trials in this process or in others, and reports those that it lost."""

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
    """An item without a result: its process died each time, or it took too long."""

    item: Item
    status: Literal["crashed", "timeout"]
    reason: str
    """One line: the signal, the exit code or the time, and the number of tries."""
    traceback: str | None = None
    """Where the process was when it ended, if that is known."""


class Stop:
    """Whether the study should end (after Ctrl-C or SIGTERM), and by when.

    An executor checks `requested`, or waits for the file descriptor `fileno`, which becomes
    readable at the request (`select`, `multiprocessing.connection.wait`).
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        """The signal that requested the end; None before that."""
        self.until = inf
        """Running items may finish until this time of `time.monotonic`."""
        self.leaving = False
        """Whether an item runs in this process that should be abandoned at that time."""
        self.then: list[Callable[[], None]] = []
        """Functions that are called at the request."""
        self._reader, self._writer = os.pipe()

    def __enter__(self) -> Stop:
        return self

    def __exit__(self, *raised: object) -> None:
        os.close(self._reader)
        os.close(self._writer)

    @property
    def requested(self) -> bool:
        """Whether the study should end."""
        return self.signal is not None

    def request(self, number: int = signal.SIGINT, grace: float = 0.0) -> None:
        """Request the end of the study; running items may finish within ``grace`` seconds."""
        self.until = monotonic() + grace
        self.signal = number
        with contextlib.suppress(OSError):
            os.write(self._writer, b".")
        for call in self.then:
            call()

    def fileno(self) -> int:
        """Return the file descriptor that becomes readable when the end is requested."""
        return self._reader


class Executor(ABC):
    """Runs trials and yields their results as they finish, in any order; a frozen dataclass.

    An executor gets those settings of a study for which it has fields: ``jobs``, ``timeout``
    (seconds for each trial) and ``retries`` if the study sets them, ``threads``, and
    ``environments``, which are those of `Backend.environments`.
    """

    elsewhere: ClassVar[bool] = False
    """Whether items run in other processes. Work, items and results are then pickled."""

    near: ClassVar[bool] = False
    """Whether those processes are on this machine and get large arrays without a copy (pickled out
    of band, for example). Data sets are then passed with the work instead of loaded again."""

    @contextlib.contextmanager
    def open(self) -> Iterator[Executor]:
        """Give an executor whose ``run`` is called many times, once for each round of a study.

        By default this is the executor itself. One with processes or connections keeps them from
        round to round: it yields an object with ``run``, ``elsewhere`` and ``near``, and ends them
        at the end of the block. Processes may keep the ``work`` of the first call as long as the
        later calls are given the same object, and what has changed in it since does not matter.
        A process that died between two calls is replaced, and costs no item a try.
        """
        yield self

    @abstractmethod
    def run(
        self, work: Callable[[Item], Done], items: Sequence[Item], stop: Stop
    ) -> Iterator[Done | Lost[Item]]:
        """Call ``work`` on every item and yield each result as soon as it is complete.

        An item is a batch of trials that advance together; usually it contains one trial. Items
        should start in the given order, in which what is compared runs at about the same times, so
        that a machine that becomes slower does so for all. For an item that crashed or timed out,
        yield `Lost`.

        After ``stop`` is requested, start no further item. Running items may finish until
        ``stop.until``; nothing is yielded for the others. In this process ``work`` watches
        ``stop`` itself. In other processes, call its method ``hurry``, if it has one, in the
        process that runs it: ``work`` may then save the state of its trial.
        """
