"""Saves the state of a long run in a file, and resumes the run from there after a kill.

The file contains θ, the optimizer's state, counts, the clock, the curve and the path so far, and
the best loss with the number of checkpoints since (for ``patience``). Generators and minibatches
need no state: they follow from seed and step. The file has arrays and JSON only. Nothing in it is
unpickled, and no class is imported by a name in it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.contracts import Array, Backend, Optimizer, Solver
from optframe.contracts.whole_file import replacing
from optframe.errors import described
from optframe.trial.repeats import is_resumable

if TYPE_CHECKING:
    from optframe.trial.run import Run

__all__ = ["Saved", "SavedRuns", "Unsavable"]

FORMAT = 2

LOOK = 1.0
"""About the number of seconds between two tests whether it is time to save."""

PLAIN = (bool, int, float, str, type(None))


class Unsavable(Exception):  # noqa: N818 - the run goes on; after a kill it starts at step 0
    """A state contains something else than numbers and arrays; the message says what."""


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
        arrays = _Arrays(run.setup.backend)
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
            "state": arrays.pack(run.state),
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
        if (header["format"], header["key"]) != (FORMAT, self._key):
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
        arrays = _Arrays(run.setup.backend, file)
        theta = arrays.unpack(header["theta"], {})
        if (theta.shape, theta.dtype) != (run.theta.shape, run.theta.dtype):
            raise ValueError(
                f"found θ as {theta.dtype} {theta.shape}, expected {run.theta.dtype} "
                f"{run.theta.shape}"
            )
        state = arrays.unpack(header["state"], dict(_classes(run.state)))
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


class _Arrays:
    """Converts states to plain data and arrays, and back; an array that occurs twice stays one."""

    def __init__(self, backend: Backend, file: Any = None) -> None:
        self.packed: list[Any] = []
        self._backend = backend
        self._file = file
        self._numbers: dict[int, tuple[int, Any]] = {}
        self._made: dict[int, Array] = {}

    def pack(self, value: Any) -> Any:
        """Return a value as plain data for JSON; its arrays are added to ``packed``.

        Raises
        ------
        Unsavable
            If it contains something else than numbers, arrays, lists, tuples and dataclasses.
        """
        if type(value) in PLAIN:
            return value
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return {type(value).__name__: [self.pack(item) for item in value]}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {f.name: self.pack(getattr(value, f.name)) for f in dataclasses.fields(value)}
            return {"class": _name(type(value)), "fields": fields}
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            kind = "number" if isinstance(value, np.generic) else "array"
            return {kind: self._number(value)}
        raise Unsavable(f"its state contains a {type(value).__name__}")

    def unpack(self, packed: Any, classes: dict[str, type]) -> Any:
        """Return the value that was packed; ``classes`` are the dataclasses that it may contain."""
        if not isinstance(packed, dict):
            return packed
        if "list" in packed:
            return [self.unpack(item, classes) for item in packed["list"]]
        if "tuple" in packed:
            return tuple(self.unpack(item, classes) for item in packed["tuple"])
        if "number" in packed:
            return self._file[f"array_{packed['number']}"][()]
        if "array" in packed:
            return self._array(packed["array"])
        made_of = classes[packed["class"]]
        if packed["fields"].keys() != {field.name for field in dataclasses.fields(made_of)}:
            raise ValueError(f"it contains a {made_of.__name__} with other fields")
        made: Any = object.__new__(made_of)
        for name, inside in packed["fields"].items():
            object.__setattr__(made, name, self.unpack(inside, classes))
        return made

    def _number(self, value: Any) -> int:
        """Return the index of an array in ``packed``; the same object always has the same index."""
        if id(value) not in self._numbers:
            host = np.asarray(self._backend.to_numpy(value))
            if host.dtype.hasobject:
                raise Unsavable("its state contains an array of objects")
            if not host.flags.c_contiguous:
                raise Unsavable("its state contains an array that is not C-ordered")
            # A reference to the value prevents another object from getting its id.
            self._numbers[id(value)] = len(self.packed), value
            self.packed.append(host)
        return self._numbers[id(value)][0]

    def _array(self, number: int) -> Array:
        if number not in self._made:
            self._made[number] = self._backend.asarray(self._file[f"array_{number}"])
        return self._made[number]


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _classes(state: Any) -> Iterator[tuple[str, type]]:
    """Yield (name, class) for each dataclass in a state."""
    if dataclasses.is_dataclass(state) and not isinstance(state, type):
        yield _name(type(state)), type(state)
        for field in dataclasses.fields(state):
            yield from _classes(getattr(state, field.name))
    elif isinstance(state, (list, tuple)):
        for item in state:
            yield from _classes(item)


def _sync(folder: Path) -> None:
    """Write the folder's entries to the disk, if the system can synchronize folders."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
