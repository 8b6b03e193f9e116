"""Handles SIGINT and SIGTERM while a study runs: the first stops it, the second kills it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, NoReturn, TypeVar

from optframe.contracts import Stop

__all__ = ["GRACE", "end_by", "stoppable", "stopping"]

GRACE = 2.0
"""Seconds for which running trials may continue after the first signal."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and the signal that a cluster sends before it takes a machine away."""

Item = TypeVar("Item")
Done = TypeVar("Done")


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """Let the first SIGINT or SIGTERM inside the block request its end.

    A second one ends the process at once, with exit code 128 + its number. The handlers are
    installed for the duration of the block, only in the main thread, and not for signals that are
    ignored. They are restored afterwards.
    """
    # The first signal calls `requested`, which starts a timer of `GRACE` seconds. Work in this
    # process sets `stop.leaving` (see `stoppable`). If such work still runs when the timer sends
    # SIGALRM, `time_over` raises KeyboardInterrupt in it. Workers in other processes are ended by
    # their executor, which waits until `stop.until`. If SIGALRM is in use or the system has no such
    # timer, the work is left at once.
    with Stop() as stop:
        if threading.current_thread() is not threading.main_thread():
            yield stop
            return
        timed = hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL

        def requested(number: int, frame: Any) -> None:
            if stop.requested:
                _write("optframe: stopped at once; run it again for the rest\n")
                os._exit(128 + number)
            stop.request(number, GRACE)
            _write(f"optframe: stopping, in {GRACE:g} s at most; a second signal stops at once\n")
            if timed:
                signal.setitimer(signal.ITIMER_REAL, GRACE)
            else:
                time_over(number, frame)

        def time_over(number: int, frame: Any) -> None:
            if stop.leaving and stop.requested:  # else a plugin has set the timer
                raise KeyboardInterrupt

        used = [n for n in SIGNALS if signal.getsignal(n) not in (signal.SIG_IGN, None)]
        handlers = dict.fromkeys(used, requested)
        if timed:
            handlers[signal.SIGALRM] = time_over
        before = {number: signal.signal(number, ours) for number, ours in handlers.items()}
        try:
            yield stop
        finally:
            if timed:
                signal.setitimer(signal.ITIMER_REAL, 0)
            for number, theirs in before.items():
                signal.signal(number, theirs)


def stoppable(work: Callable[[Item], Done], stop: Stop) -> Callable[[Item], Done]:
    """Return ``work`` for this process such that a stop prevents or interrupts it.

    After a stop is requested, a new call raises `KeyboardInterrupt`. When the grace period is over,
    a running call is interrupted by it. Nothing that runs trials catches this exception.
    """

    def in_time(item: Item) -> Done:
        stop.leaving = True
        try:
            if stop.requested:
                raise KeyboardInterrupt
            return work(item)
        finally:
            stop.leaving = False

    return in_time


def end_by(number: int) -> NoReturn:
    """Raise `KeyboardInterrupt` for SIGINT, else `SystemExit` with the signal's exit code."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt("the study was stopped; run it again for the rest")
    raise SystemExit(128 + number)


def _write(text: str) -> None:
    """Write to standard error, and show the terminal's cursor, without Python's buffers.

    A handler may interrupt the main program while it uses these buffers.
    """
    for stream in (sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            descriptor = stream.fileno()  # type: ignore[union-attr]
            if os.isatty(descriptor):
                os.write(descriptor, b"\x1b[?25h\n")
            if stream is sys.__stderr__:
                os.write(descriptor, text.encode())
