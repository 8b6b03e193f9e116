"""Measures the time and the memory of steps, for `[run] profile`."""

from __future__ import annotations

import dataclasses
import tracemalloc
from collections.abc import Callable
from time import perf_counter
from typing import Any

__all__ = ["Profile", "Stopwatch", "bytes_of", "peak_bytes", "state_bytes"]


class Stopwatch:
    """Adds up the seconds in functions and contexts; each reading first synchronizes the device.

    Two readings take some tenths of a microsecond. About half of that is counted as work inside.
    """

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self.seconds = 0.0
        self._synchronize = synchronize
        self._began = 0.0

    def __enter__(self) -> None:
        self._synchronize()
        self._began = perf_counter()

    def __exit__(self, *raised: object) -> None:
        self._synchronize()
        self.seconds += perf_counter() - self._began

    def timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that calls ``function`` and measures its time, also if it raises."""
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
    """The parts of a run's seconds, and the memory that one of its steps allocates.

    ``sampling`` measures the drawing and gathering of minibatches and noise. ``oracle`` measures
    evaluations of the problem. The rest of the run's seconds is the update.
    """

    def __init__(self, synchronize: Callable[[], None]) -> None:
        self.sampling = Stopwatch(synchronize)
        self.oracle = Stopwatch(synchronize)
        self.step_bytes: int | None = None

    @property
    def row(self) -> tuple[float, float]:
        """The values of a curve's row for the columns `PROFILE_COLUMNS`."""
        return self.sampling.seconds, self.oracle.seconds

    def shorten(self, share: float) -> None:
        """Keep this share of the seconds, for a run that ends before its last step."""
        self.sampling.seconds *= share
        self.oracle.seconds *= share


def peak_bytes(action: Callable[[], object]) -> int:
    """Return the largest number of bytes that an action allocates at a time.

    It counts memory that Python and NumPy allocate on the host, not memory of a device.
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


def bytes_of(optimizer: Any, state: Any) -> int:
    """Return the number of bytes in the arrays of an optimizer's state."""
    if state is None:  # also of a solver, and before the first step
        return 0
    try:
        return state_bytes(optimizer.dump(state))
    except Exception:  # whoever saves the state says so
        return state_bytes(state)


def state_bytes(plain: Any) -> int:
    """Return the number of bytes in the arrays of plain data, such as `Optimizer.dump` returns."""
    if dataclasses.is_dataclass(plain):
        return sum(state_bytes(getattr(plain, f.name)) for f in dataclasses.fields(plain))
    if isinstance(plain, (list, tuple)):
        return sum(map(state_bytes, plain))
    if isinstance(plain, dict):
        return sum(map(state_bytes, plain.values()))
    return int(getattr(plain, "nbytes", 0))
