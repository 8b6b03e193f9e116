"""The parent's side of a worker process: start it, send items, read its messages, end it."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from math import inf
from multiprocessing.connection import Pipe
from time import monotonic
from typing import Any

from optframe import UnavailableError
from optframe_plugins.worker_processes.shared_arrays import Handed

__all__ = ["Died", "Worker"]

PROGRAM = (
    "import sys; sys.path[:] = sys.argv[5:]; "
    "from optframe_plugins.worker_processes.worker_main import serve; "
    "serve(*map(int, sys.argv[1:5]))"
)

THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
"""The environment variables in which libraries look up their number of threads when loaded."""

MOST = 20_000
"""The bytes that are kept of a dead process's Python stack."""

PATIENCE = 10.0
"""Seconds that a process may take to end by itself."""


class Died(Exception):  # noqa: N818 - an event, which the parent handles
    """A worker has died; the message says how."""


class Worker:
    """A new Python process that inherits no memory, threads or locks of this one.

    It does not run the main module again, so that scripts need no ``if __name__ == "__main__"``.
    SIGINT and SIGTERM, which end a study, do not reach it: its parent decides when it ends.
    """

    def __init__(self, work: Handed, threads: int, environment: Mapping[str, str]) -> None:
        if os.name != "posix":
            raise UnavailableError(
                "executor 'processes': it needs Linux or macOS; use --executor serial"
            )
        self.deadline = inf
        self.task: Any = None
        self.ready = False
        self.dismissed = False
        self._last_words = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as it lives
        self.connection, theirs = Pipe()
        passed = (theirs.fileno(), work.file.fileno(), self._last_words.fileno())
        paths = [os.path.abspath(path) for path in sys.path]
        words = [sys.executable, "-c", PROGRAM, *map(str, (*passed, os.getpid())), *paths]
        limits = dict.fromkeys(THREADS, str(threads))
        signals = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,  # its end tells it that this process has ended
                pass_fds=passed,
                env={**os.environ, **limits, **environment},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
            theirs.close()
        self._send(work.message)

    def begin(self, task: Any, item: Sequence[Any], seconds: float | None) -> None:
        """Send it an item, to be done within so many seconds."""
        self.task = task
        self.deadline = inf if seconds is None else monotonic() + seconds
        self._send(pickle.dumps(item, pickle.HIGHEST_PROTOCOL))

    def hear(self) -> tuple[str, Any] | None:
        """Return its next message; None where there is none and it is alive.

        Raises
        ------
        Died
            Where it has ended and there is no message left.
        """
        gone = self._process.poll() is not None  # its messages from before can still be read
        try:
            if self.connection.poll():
                kind, value = self.connection.recv()
                return str(kind), value
        except (EOFError, OSError):
            gone = True
        except Exception as error:  # a trial wrote to the pipe itself, or its result cannot be read
            self._process.kill()
            what = type(error).__name__
            raise Died(f"its process sent what is no message ({what}) and was ended") from error
        if gone:
            raise Died(self._death())
        return None

    def hurry(self) -> None:
        """Ask it to save its item's state soon, where the state can be saved."""
        if self.task is not None:
            self._process.send_signal(signal.SIGUSR1)

    def dismiss(self) -> None:
        """Ask it to end by itself, if it is idle."""
        if self.ready and self.task is None:
            self._send(b"")
            self.dismissed = True

    def end(self, where: bool = False) -> str | None:
        """End it, at once unless it was dismissed; return its Python stack if ``where``."""
        if where:
            self._process.send_signal(signal.SIGABRT)  # makes it write its stack
        if where or self.dismissed:
            self._wait()
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.connection.close()
        with self._last_words as file:
            file.seek(0)
            return file.read(MOST).decode(errors="replace") or None

    def _send(self, message: bytes) -> None:
        try:
            self.connection.send_bytes(message)
        except OSError:  # it has died, which `hear` reports
            return

    def _wait(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._process.kill()

    def _death(self) -> str:
        """Return how it died."""
        self._wait()
        code = self._process.wait()
        if code >= 0:
            return f"its process ended with exit code {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        memory = ", as the system does when memory runs out" if -code == signal.SIGKILL else ""
        return f"its process was killed by {name}{memory}"
