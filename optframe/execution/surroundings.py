"""Restores what a plugin's code may have changed in its process, so that it costs itself alone.

A trial is given the process as it was: working directory, environment, umask, locale, warning
filters, recursion limit, timer, signal handlers, garbage collection, tracing, standard output and
error. The state of global random generators is left as it is: restored, trials of all seeds would
draw the same numbers.
"""

from __future__ import annotations

import contextlib
import gc
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from optframe.components.importing import staying

__all__ = ["restored"]

_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM", "SIGCHLD", "SIGPIPE", "SIGUSR1")
    if hasattr(signal, name)
)


_UNKNOWN = object()
"""The state of what this system or thread does not have."""


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """Restore the process's state after the block, whatever it has done.

    A process that the block has forked ends here: what comes after the block is the first one's.
    """
    process = os.getpid()
    before = [(put, value, get) for get, put in _STATE if (value := get()) is not _UNKNOWN]
    try:
        with staying():
            yield
    finally:
        if os.getpid() != process:
            os._exit(1)
        for put, value, get in before:
            with contextlib.suppress(Exception):  # what cannot be restored stays
                if get() != value:
                    put(value)
        _reopen()


def _umask() -> int:
    os.umask(mask := os.umask(0o077))
    return mask


def _set_environment(values: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(values)


def _set_filters(filters: list[Any]) -> None:
    """Restore filters, but keep new ones of a module or message: libraries that were loaded."""
    own = [one for one in warnings.filters if one not in filters and (one[1] or one[3])]
    warnings.resetwarnings()  # so that Python notices the change
    warnings.filters[:] = [*own, *filters]  # type: ignore[index]


def _handlers() -> Any:
    if threading.current_thread() is not threading.main_thread():
        return _UNKNOWN
    return [signal.getsignal(number) for number in _SIGNALS]


def _set_handlers(handlers: list[Any]) -> None:
    for number, handler in zip(_SIGNALS, handlers, strict=True):
        if handler is not None:  # else it was not set by Python
            signal.signal(number, handler)


def _timed() -> Any:
    known = hasattr(signal, "getitimer")  # not on Windows
    return signal.getitimer(signal.ITIMER_REAL)[0] > 0 if known else _UNKNOWN


def _set_timed(was: bool) -> None:
    if not was:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _streams() -> tuple[Any, Any]:
    return sys.stdout, sys.stderr


def _set_streams(streams: tuple[Any, Any]) -> None:
    sys.stdout, sys.stderr = streams


def _reopen() -> None:
    """Replace closed streams, so that printing to them later raises no error."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and stream.closed:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
            if name == "stdout" and sys.stderr is not None and not sys.stderr.closed:
                text = "optframe: a trial has closed standard output; nothing more is printed there"
                print(text, file=sys.stderr)


_STATE: tuple[tuple[Callable[[], Any], Callable[[Any], Any]], ...] = (
    (os.environ.copy, _set_environment),
    (_umask, os.umask),
    (lambda: locale.setlocale(locale.LC_ALL), lambda was: locale.setlocale(locale.LC_ALL, was)),
    (lambda: [*warnings.filters], _set_filters),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (_timed, _set_timed),
    (_handlers, _set_handlers),
    (gc.isenabled, lambda was: gc.enable() if was else gc.disable()),
    (sys.gettrace, sys.settrace),
    (sys.getprofile, sys.setprofile),
    (_streams, _set_streams),
)
"""What is restored: how it is read, and how it is set."""
