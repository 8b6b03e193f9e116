"""The clock of a run: it runs around sampling and steps, and checkpoints stop it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

__all__ = ["Clock"]


class Clock:
    """Seconds of work so far; the device is synchronized before each reading."""

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self.seconds = 0.0
        self._synchronize = synchronize
        self._started: float | None = None

    def start(self) -> None:
        """Let time pass."""
        self._synchronize()
        self._started = perf_counter()

    def stop(self) -> float:
        """Stop and return the seconds so far; a stopped clock just returns them."""
        if self._started is not None:
            self._synchronize()
            self.seconds += perf_counter() - self._started
            self._started = None
        return self.seconds

    def now(self) -> float:
        """Return the seconds so far without stopping or waiting for the device."""
        return (
            self.seconds
            if self._started is None
            else (self.seconds + perf_counter() - self._started)
        )
