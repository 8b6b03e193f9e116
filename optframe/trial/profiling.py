"""Where the time and the memory of steps go: what `[run] profile` adds to a run."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Callable
from time import perf_counter
from typing import Any

__all__ = ["Profile", "Stopwatch", "peak_bytes", "state_bytes"]


class Stopwatch:
    """Adds up the seconds inside of functions; the device is synchronized before each reading.

    Two readings cost some tenths of a microsecond, of which about half counts as work inside.
    """

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self.seconds = 0.0
        self._synchronize = synchronize

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the same function, whose calls are timed, those that raise included."""
        synchronize = self._synchronize

        def timed(*arguments: Any) -> Any:
            synchronize()
            began = perf_counter()
            try:
                return function(*arguments)
            finally:
                synchronize()
                self.seconds += perf_counter() - began

        return timed


class Profile:
    """How the seconds of a run are shared out, and what one of its steps allocates.

    ``sampling`` draws and gathers minibatches and noise, ``oracle`` is the problem's answers, and
    the rest of the run's seconds is the update.
    """

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self.sampling = Stopwatch(synchronize)
        self.oracle = Stopwatch(synchronize)
        self.step_bytes: int | None = None

    @property
    def row(self) -> tuple[float, float]:
        """The columns `optframe.contracts.columns.PROFILE_COLUMNS` of a curve's row."""
        return self.sampling.seconds, self.oracle.seconds


def peak_bytes(action: Callable[[], object]) -> int:
    """Return how many bytes an action takes at most, beyond those that were taken before it.

    It counts what Python and NumPy allocate on the host; a device's memory is not seen.
    """
    traced = tracemalloc.is_tracing()
    if not traced:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        action()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        if not traced:
            tracemalloc.stop()
    return peak - before


def state_bytes(state: Any) -> int:
    """Return how many bytes the arrays of an optimizer's state take."""
    if dataclasses.is_dataclass(state):
        return sum(state_bytes(getattr(state, f.name)) for f in dataclasses.fields(state))
    if isinstance(state, (list, tuple)):
        return sum(state_bytes(item) for item in state)
    return int(getattr(state, "nbytes", 0))
