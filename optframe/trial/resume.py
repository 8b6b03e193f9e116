"""Saves the state of a long run in a file, and resumes the run from there after a kill.

The file contains θ, the optimizer's state (as `Optimizer.dump` returns it), counts, the clock, the
curve and the path so far, and the best loss with the number of checkpoints since (for
``patience``). Generators and minibatches need no state: they follow from seed and step. The file
has arrays and JSON only. Nothing in it is unpickled, and no class is imported by a name in it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.contracts import Optimizer, Solver
from optframe.contracts.whole_file import replacing
from optframe.errors import described
from optframe.trial.packing import Packing, Unsavable, classes_in
from optframe.trial.repeats import is_resumable

if TYPE_CHECKING:
    from optframe.trial.run import Run

__all__ = ["Saved", "SavedRuns"]

FORMAT = 3
READABLE = (2, FORMAT)
"""The formats that are read; format 2 had no dicts in states."""

LOOK = 1.0
"""About the number of seconds between two tests whether it is time to save."""


@dataclasses.dataclass(frozen=True)
class SavedRuns:
    """The saved states of a study: a folder with one file for each long run.

    ``every`` is the time between two saves in seconds. A run that is shorter has no file.
    """

    folder: Path
    every: float

    def of(
        self, key: str, optimizer: Optimizer | Solver, hurried: Callable[[], bool]
    ) -> Saved | None:
        """Return the saved state of the run with this key; None if it cannot be resumed.

        ``hurried`` returns whether the study should end; the run is then saved and abandoned.
        """
        return Saved(self._path(key), key, self.every, hurried) if is_resumable(optimizer) else None

    def forget(self, key: str) -> None:
        """Remove the files of a run that has ended."""
        for path in (self._path(key), self._path(key).with_suffix(".part")):
            path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove the folder if it is empty."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"


class Saved:
    """Saves a run at intervals, and resumes it."""

    def __init__(
        self, path: Path, key: str, every: float, hurried: Callable[[], bool] = lambda: False
    ) -> None:
        self._path = path
        self._key = key
        self._every = every
        self._hurried = hurried
        self._last = monotonic()
        self._piece = 1
        self._reported = False

    def piece(self, run: Run) -> int:
        """Return the number of steps to do before the next test whether it is time to save."""
        # A piece takes at most about `LOOK` seconds. It has at most twice the steps of the one
        # before, because the pace of a few steps is uncertain.
        pace = run.clock.seconds / run.k if run.k else 0.0
        most = min(self._every, LOOK) / pace if pace else 1.0
        self._piece = max(1, int(min(2 * self._piece, most)))
        return self._piece

    def keep(self, run: Run) -> None:
        """Save the run if it is time to; a failure does not stop the run.

        If the file cannot be written (on a full disk, for example), one line is printed, the
        previous file stays, and the next interval tries again. If the state has contents that
        cannot be saved, there is no further try.

        Raises
        ------
        KeyboardInterrupt
            If the study should end; the run was saved.
        """
        # `_every` is infinite if the state cannot be saved: such a run is not abandoned here.
        hurried = self._hurried() and self._every < float("inf")
        if not hurried and monotonic() - self._last < self._every:
            return
        try:
            self._write(run)
        except (OSError, Unsavable) as error:
            if not self._reported:  # one line for a failure that repeats
                self._reported = True
                print(
                    f"optframe: the state of a run with {type(run.optimizer).__name__} is not "
                    f"saved: {error}; the run goes on",
                    file=sys.stderr,
                )
            if isinstance(error, Unsavable):
                self._every = float("inf")
        else:
            self._reported = False
            if hurried:
                # The state is on the disk, so the run may be abandoned here.
                raise KeyboardInterrupt
        # After a success and after a failure: the next try is one interval from now.
        self._last = monotonic()

    def restore(self, run: Run) -> None:
        """Resume a run from its file, if there is one; the run must be before its first step.

        If the file is damaged or belongs to another run, one line is printed and the run starts at
        step 0.
        """
        try:
            with self._path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                self._read(run, file)
        except (FileNotFoundError, NotADirectoryError):
            return
        except Exception as error:  # the readers of a damaged file may raise anything
            why = described(error)
            print(
                f"optframe: {self._path} is not used, and the run starts at step 0: {why}",
                file=sys.stderr,
            )

    def _write(self, run: Run) -> None:
        arrays = Packing(run.setup.backend)
        profile = run.profile
        header = {
            "format": FORMAT,
            "key": self._key,
            "k": run.k,
            "counts": dataclasses.asdict(run.counts),
            "seconds": run.clock.seconds,
            "metrics": run.metrics,
            "patience": [run.termination.best, run.termination.stale],
            "profile": profile and [profile.sampling.seconds, profile.oracle.seconds],
            "theta": arrays.pack(run.theta),
            "state": arrays.pack_state(run.optimizer, run.state),
        }
        text = np.frombuffer(json.dumps(header).encode(), np.uint8)
        packed = {f"array_{i}": array for i, array in enumerate(arrays.packed)}
        # `replacing` writes under another name and then renames. If the process is killed at any
        # point, the old file or the new one is there, complete.
        with replacing(self._path) as part, part.open("wb") as file:
            path = np.empty((0, 0)) if run.path is None else run.path.table
            np.savez(file, header=text, rows=run.curve, path=path, **packed)
            file.flush()
            os.fsync(file.fileno())
        _sync(self._path.parent)

    def _read(self, run: Run, file: Any) -> None:
        header = json.loads(file["header"].tobytes())
        if header["format"] not in READABLE or header["key"] != self._key:
            raise ValueError("it belongs to another run or another version of the format")
        if tuple(header["metrics"]) != run.metrics:
            raise ValueError(
                f"found the metrics {', '.join(header['metrics'])}, expected "
                f"{', '.join(run.metrics)}"
            )
        rows = file["rows"]
        if rows.shape[1:] != (len(run.columns),):
            raise ValueError(
                f"found a curve of shape {rows.shape}, expected {len(run.columns)} columns"
            )
        path = file["path"]
        if run.path is not None and path.shape[1:] != (run.path.width,):
            raise ValueError(
                f"found a path of shape {path.shape}, expected {run.path.width} columns"
            )
        arrays = Packing(run.setup.backend, file)
        theta = arrays.unpack(header["theta"], {})
        if (theta.shape, theta.dtype) != (run.theta.shape, run.theta.dtype):
            raise ValueError(
                f"found θ as {theta.dtype} {theta.shape}, expected {run.theta.dtype} "
                f"{run.theta.shape}"
            )
        optimizer: Any = run.optimizer
        plain = arrays.unpack(header["state"], classes_in(optimizer.dump(run.state)))
        state = optimizer.load(theta, plain, run.oracle)
        best, stale = header["patience"]
        counts = {name: header["counts"][name] for name in dataclasses.asdict(run.counts)}
        k, spent = int(header["k"]), float(header["seconds"])
        if run.profile is not None:
            run.profile.sampling.seconds, run.profile.oracle.seconds = header["profile"]
        # Nothing below can fail, so a run is resumed completely or not at all.
        run.loop.theta, run.loop.state, run.loop.k = theta, state, k
        run.rows = [tuple(row) for row in rows.tolist()]
        if run.path is not None:
            run.path.rows = [tuple(row) for row in path.tolist()]
        run.termination.best, run.termination.stale = best, stale
        run.clock.seconds = spent
        for name, value in counts.items():
            setattr(run.counts, name, value)


def _sync(folder: Path) -> None:
    """Write the folder's entries to the disk, if the system can synchronize folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
