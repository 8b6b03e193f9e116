"""The two worker processes of a heat, and how they are asked."""

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

from optframe.errors import OptframeError
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
    """A trial cannot be run on a side; the worker goes on."""


def core() -> int | None:
    """Return the core for both workers, where processes can be told; the first ones are busier."""
    allowed = getattr(os, "sched_getaffinity", None)
    return max(allowed(0)) if allowed else None


class Worker:
    """A process that runs the script `optframe.gate.racing.worker` under a side's Python."""

    def __init__(self, side: Side, process: subprocess.Popen[str], patience: float) -> None:
        self.side = side
        self._process = process
        self._patience = patience
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._said: deque[str] = deque(maxlen=20)
        assert process.stdout is not None
        assert process.stderr is not None
        self._listeners = [
            threading.Thread(target=self._listen, args=(process.stdout,), daemon=True),
            threading.Thread(target=self._said.extend, args=(process.stderr,), daemon=True),
        ]
        for listener in self._listeners:
            listener.start()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self._answers.put(line)
        self._answers.put("")

    def send(self, do: str, **request: Any) -> None:
        """Ask; `receive` returns the answer."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has died, which is told with its answer
            self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self._process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Return the answer.

        Raises
        ------
        TrialError
            Where what was asked failed.
        WorkerError
            Where the worker has died, or does not answer in time.
        """
        try:
            line = self._answers.get(timeout=self._patience)
        except queue.Empty:
            raise WorkerError(
                f"{self.side}: its worker has not answered for {self._patience:g} s"
                f"{self._last_words()}"
            ) from None
        if not line:
            code = self._process.wait()
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise WorkerError(f"{self.side}: its worker died ({how}){self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise TrialError(answer["error"])
        return answer

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Ask, and return the answer; raises as `receive` does."""
        self.send(do, **request)
        return self.receive()

    def finish(self) -> None:
        """Let the process end by itself, as it does when nothing more is asked.

        Raises
        ------
        WorkerError
            Where it does not.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            raise WorkerError(f"{self.side}: its worker does not end{self._last_words()}") from None

    def close(self) -> None:
        """End the process, which has nothing to lose."""
        process = self._process
        process.kill()
        process.wait()
        for listener in self._listeners:
            listener.join(timeout=1)
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()

    def _last_words(self) -> str:
        if self._process.poll() is not None:  # what it wrote last may still be on its way
            self._listeners[1].join(timeout=10)
        said = [line.strip() for line in [*self._said] if line.strip()]
        return f": {said[-1]}" if said else ""


@contextlib.contextmanager
def worker(side: Side, patience: float, under: Sequence[str] = ()) -> Iterator[Worker]:
    """Start a side's worker, under another program if there is one, and end it afterwards.

    Raises
    ------
    WorkerError
        Where that Python cannot be started.
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
