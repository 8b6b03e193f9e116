"""The clock of a run: measures the seconds of sampling and steps, without checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

__all__ = ["Clock"]


class Clock:
    """The seconds of work so far; the device is synchronized at each start and stop.

    The loop starts the clock before its steps and stops it before a checkpoint.
    """

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self.seconds = 0.0
        self._synchronize = synchronize
        self._started: float | None = None

    def start(self) -> None:
        """Start the clock; work before this call is not measured."""
        self._synchronize()
        self._started = perf_counter()

    def stop(self) -> float:
        """Stop the clock and return the seconds so far; it may be stopped already."""
        if self._started is not None:
            self._synchronize()
            self.seconds += perf_counter() - self._started
            self._started = None
        return self.seconds

    def took(self, work: Callable[[], None]) -> float:
        """Return the seconds that some work takes; they are not added."""
        self._synchronize()
        began = perf_counter()
        work()
        self._synchronize()
        return perf_counter() - began

    def now(self) -> float:
        """Return the seconds so far without stopping or waiting for the device."""
        return (
            self.seconds
            if self._started is None
            else (self.seconds + perf_counter() - self._started)
        )
