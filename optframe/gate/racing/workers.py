"""Starts the worker processes of a race, sends them requests and receives their answers."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from optframe.errors import OptframeError, printable
from optframe.gate.racing.sides import Side

__all__ = ["TrialError", "Worker", "WorkerError", "core", "worker"]

SCRIPT = Path(__file__).with_name("worker.py")

_ONE_THREAD = dict.fromkeys(
    (
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
        *("VECLIB_MAXIMUM_THREADS", "NUMBA_NUM_THREADS"),
    ),
    "1",
)


class WorkerError(OptframeError):
    """A worker of a race has died, hangs, or cannot use the optframe of its side."""


class TrialError(Exception):
    """A trial cannot be run on a side; the worker stays usable."""


def core() -> int | None:
    """Return the core for both workers, or None if the system cannot set a process's core.

    It is the last one allowed, since systems use the first ones more.
    """
    allowed = getattr(os, "sched_getaffinity", None)
    return max(allowed(0)) if allowed else None


class Worker:
    """A process that runs the script `optframe.gate.racing.worker` under a side's Python.

    Two threads read its standard output (answers) and standard error (the last 20 lines, for error
    messages), so that neither pipe fills up and blocks the process.
    """

    def __init__(self, side: Side, process: subprocess.Popen[str], patience: float) -> None:
        self.side = side
        self._process = process
        self._patience = patience
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._log: deque[str] = deque(maxlen=20)
        assert process.stdout is not None
        assert process.stderr is not None
        self._listeners = [
            threading.Thread(target=self._listen, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._log.extend, args=(process.stderr,), daemon=True),
        ]
        for listener in self._listeners:
            listener.start()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self._answers.put(line)
        self._answers.put("")  # the end of the stream: the process has ended

    def send(self, do: str, **request: Any) -> None:
        """Send a request; `receive` returns the answer."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # the process has died; `receive` raises for it
            self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Return the answer to the oldest request.

        Raises
        ------
        TrialError
            If the request failed.
        WorkerError
            If the worker has died, or does not answer in time.
        """
        try:
            line = self._answers.get(timeout=self._patience)
        except queue.Empty:
            raise WorkerError(
                f"{self.side}: its worker has not answered for {self._patience:g} s"
                f"{self._last_line()}"
            ) from None
        if not line:
            code = self._process.wait()
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise WorkerError(f"{self.side}: its worker died ({how}){self._last_line()}")
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:  # what was named is no Python, but another program
            found = f"found {printable(line.strip())[:80]!r} for an answer"
            raise WorkerError(f"{self.side}: its worker is no Python: {found}") from None
        if "error" in answer:
            raise TrialError(answer["error"])
        return answer

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send a request and return the answer; raises as `receive` does."""
        self.send(do, **request)
        return self.receive()

    def finish(self) -> None:
        """Close the process's input, and wait until it ends by itself."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            raise WorkerError(f"{self.side}: its worker does not end{self._last_line()}") from None

    def close(self) -> None:
        """Kill the process, which has no state to save, and close its pipes."""
        process = self._process
        process.kill()
        process.wait()
        for listener in self._listeners:
            listener.join(timeout=1)
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()

    def _last_line(self) -> str:
        if self._process.poll() is not None:  # what it wrote last may still be on its way
            self._listeners[1].join(timeout=10)
        lines = [line.strip() for line in [*self._log] if line.strip()]
        return f": {lines[-1]}" if lines else ""


@contextlib.contextmanager
def worker(side: Side, patience: float, under: Sequence[str] = ()) -> Iterator[Worker]:
    """Start a side's worker, and kill it at the end of the block.

    ``under`` is the command of a program that runs the worker, such as valgrind.
    """
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    try:
        process = subprocess.Popen(
            [*under, str(side.python), "-P", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables | _ONE_THREAD,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise WorkerError(f"{side}: {side.python}: {error.strerror or error}") from error
    started = Worker(side, process, patience)
    try:
        yield started
    finally:
        started.close()
