"""A worker process as its parent sees it: started, given items, listened to, ended."""

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
from optframe_plugins.executors.handed import Handed

__all__ = ["Died", "Worker"]

PROGRAM = (
    "import sys; sys.path[:] = sys.argv[5:]; "
    "from optframe_plugins.executors.working import serve; serve(*map(int, sys.argv[1:5]))"
)

THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
)
"""What libraries read when they are loaded, to know how many threads to start."""

PATIENCE = 10.0
"""So many seconds a process may take to end by itself."""


class Died(Exception):  # noqa: N818 - it is what has happened to a process
    """A worker has died; the message says how."""


class Worker:
    """A fresh Python process, which is no copy of this one, and nothing of this one's threads.

    It does not run the main module again, so that scripts need no ``if __name__ == "__main__"``.
    Signals for the end of the study do not reach it: its parent decides.
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
                stdin=subprocess.PIPE,  # by which it knows that this process lives
                pass_fds=passed,
                env={**os.environ, **limits, **environment},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
            theirs.close()
        self._send(work.message)

    def begin(self, task: Any, item: Sequence[Any], seconds: float | None) -> None:
        """Give it an item, for which it has so many seconds."""
        self.task = task
        self.deadline = inf if seconds is None else monotonic() + seconds
        self._send(pickle.dumps(item, pickle.HIGHEST_PROTOCOL))

    def hear(self) -> tuple[str, Any] | None:
        """Return what it has said; None where it is silent and alive.

        Raises
        ------
        Died
            Where it will say nothing more.
        """
        gone = self._process.poll() is not None  # what it said before that is still there
        try:
            if self.connection.poll():
                said: tuple[str, Any] = self.connection.recv()
                return said
        except (EOFError, OSError):
            gone = True
        if gone:
            raise Died(self._death())
        return None

    def hurry(self) -> None:
        """Let what it is doing be saved soon, if that can be done."""
        if self.task is not None:
            self._process.send_signal(signal.SIGUSR1)

    def dismiss(self) -> None:
        """Let it end by itself, if it has nothing to do."""
        if self.ready and self.task is None:
            self._send(b"")
            self.dismissed = True

    def end(self, where: bool = False) -> str | None:
        """End it at once, unless it was dismissed; return where it was, if that is asked."""
        if where:
            self._process.send_signal(signal.SIGABRT)  # upon which it writes that down
        if where or self.dismissed:
            self._wait()
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.connection.close()
        with self._last_words as file:
            file.seek(0)
            return file.read().decode(errors="replace") or None

    def _send(self, message: bytes) -> None:
        try:
            self.connection.send_bytes(message)
        except OSError:  # it has died, which `hear` will say
            return

    def _wait(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        self._process.kill()

    def _death(self) -> str:
        """Say how it died."""
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
