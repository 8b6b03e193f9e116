"""Signals while a study runs: the first one asks for its end, the second one is the end."""

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
"""So many seconds the trials that are running may go on when the study is to end."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C; and what a cluster sends before it takes a machine away."""

Item = TypeVar("Item")
Done = TypeVar("Done")


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """Let the first SIGINT or SIGTERM request the end of what is inside.

    A second one ends the process at once, with 128 + its number. Handlers are there as long as the
    context is, in the main thread alone, and for signals that are not ignored.
    """
    with Stop() as stop:
        if threading.current_thread() is not threading.main_thread():
            yield stop
            return
        timed = hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL

        def asked(number: int, frame: Any) -> None:
            if stop.requested:
                _say("optframe: stopped at once; run it again for the rest\n")
                os._exit(128 + number)
            stop.request(number, GRACE)
            _say(f"optframe: stopping, in {GRACE:g} s at most; once more stops at once\n")
            if timed:
                signal.setitimer(signal.ITIMER_REAL, GRACE)
            else:
                over(number, frame)

        def over(number: int, frame: Any) -> None:
            if stop.leaving:
                raise KeyboardInterrupt

        handlers = {n: asked for n in SIGNALS if signal.getsignal(n) not in (signal.SIG_IGN, None)}
        if timed:
            handlers[signal.SIGALRM] = over
        before = {number: signal.signal(number, ours) for number, ours in handlers.items()}
        try:
            yield stop
        finally:
            if timed:
                signal.setitimer(signal.ITIMER_REAL, 0)
            for number, theirs in before.items():
                signal.signal(number, theirs)


def stoppable(work: Callable[[Item], Done], stop: Stop) -> Callable[[Item], Done]:
    """Return work for this process that is not begun after the end, and left when time is up.

    Both by `KeyboardInterrupt`, which nothing that runs trials catches.
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
    """End as Python does by this signal: `KeyboardInterrupt`, or `SystemExit` with its code."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt("the study was stopped; run it again for the rest")
    raise SystemExit(128 + number)


def _say(text: str) -> None:
    """Write past Python's buffers, which the main program may be using, and show the cursor."""
    for stream in (sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            descriptor = stream.fileno()  # type: ignore[union-attr]
            if os.isatty(descriptor):
                os.write(descriptor, b"\x1b[?25h\n")
            if stream is sys.__stderr__:
                os.write(descriptor, text.encode())
