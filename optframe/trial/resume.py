"""The state of a long run in a file, so that the run goes on from there after a kill.

Generators and minibatches have no state: they follow from seed and step. What a run has beside
them is θ, the optimizer's state, counts, the clock, the curve so far and what patience remembers.
The file holds arrays and JSON; nothing in it is unpickled, and no class is looked up by its name.
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

from optframe.contracts import Array, Backend, Optimizer, Solver, Wrapper
from optframe.contracts.whole_file import replacing
from optframe.errors import one_line

if TYPE_CHECKING:
    from optframe.trial.run import Run

__all__ = ["Saved", "SavedRuns", "Unsavable"]

FORMAT = 1

LOOK = 1.0
"""About so many seconds lie between two looks at the time."""

PLAIN = (bool, int, float, str, type(None))


class Unsavable(Exception):  # noqa: N818 - the run goes on, and starts again where it is killed
    """A state holds something else than numbers and arrays; the message says what."""


@dataclasses.dataclass(frozen=True)
class SavedRuns:
    """The saved states of a study: one file for each run that takes long.

    ``every`` is the time in seconds between two saves; a run that is shorter leaves no file.
    """

    folder: Path
    every: float

    def of(
        self, key: str, optimizer: Optimizer | Solver, hurried: Callable[[], bool]
    ) -> Saved | None:
        """Return what keeps the run of this key; None where it cannot be taken up.

        ``hurried`` says whether the study is to end, so that the run is saved and left.
        """
        return Saved(self._path(key), key, self.every, hurried) if _resumable(optimizer) else None

    def forget(self, key: str) -> None:
        """Remove what was saved of a run that is over."""
        for path in (self._path(key), self._path(key).with_suffix(".part")):
            path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove the folder if nothing is in it."""
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"


class Saved:
    """Saves a run at intervals, and restores it."""

    def __init__(
        self, path: Path, key: str, every: float, hurried: Callable[[], bool] = lambda: False
    ) -> None:
        self._path = path
        self._key = key
        self._every = every
        self._hurried = hurried
        self._last = monotonic()
        self._piece = 1
        self._told = False

    def piece(self, run: Run) -> int:
        """Return how many steps to do before the next look at the time."""
        pace = run.clock.seconds / run.k if run.k else 0.0
        most = min(self._every, LOOK) / pace if pace else 1.0
        self._piece = max(1, int(min(2 * self._piece, most)))
        return self._piece

    def keep(self, run: Run) -> None:
        """Save the run if it is time; where that fails, it goes on.

        A disk may be full for a while: what failed is said once and tried again when it is time,
        and the file that was there stays. A state that cannot be saved is not tried again.

        Raises
        ------
        KeyboardInterrupt
            Where the study is to end, and the run was saved.
        """
        hurried = self._hurried() and self._every < float("inf")
        if not hurried and monotonic() - self._last < self._every:
            return
        try:
            self._write(run)
        except (OSError, Unsavable) as error:
            if not self._told:
                self._told = True
                print(
                    f"optframe: the state of a run with {type(run.optimizer).__name__} is not "
                    f"saved: {error}; the run goes on",
                    file=sys.stderr,
                )
            if isinstance(error, Unsavable):
                self._every = float("inf")
        else:
            self._told = False
            if hurried:
                raise KeyboardInterrupt
        self._last = monotonic()

    def restore(self, run: Run) -> None:
        """Take a run up where it was saved, if it was; its state is the one before a first step."""
        try:
            with self._path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                self._read(run, file)
        except (FileNotFoundError, NotADirectoryError):
            return
        except Exception as error:  # whatever a damaged file makes of its readers
            why = one_line(f"{type(error).__name__}: {error}")
            print(
                f"optframe: {self._path} is not used, and the run starts again: {why}",
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
        with replacing(self._path) as part, part.open("wb") as file:
            np.savez(file, header=text, rows=run.curve, **packed)
            file.flush()
            os.fsync(file.fileno())
        _sync(self._path.parent)

    def _read(self, run: Run, file: Any) -> None:
        header = json.loads(file["header"].tobytes())
        if (header["format"], header["key"]) != (FORMAT, self._key):
            raise ValueError("it is another run's, or another version's")
        if tuple(header["metrics"]) != run.metrics:
            raise ValueError(f"it measures {', '.join(header['metrics'])}")
        rows = file["rows"]
        if rows.shape[1:] != (len(run.columns),):
            raise ValueError(f"its curve has the shape {rows.shape}")
        arrays = _Arrays(run.setup.backend, file)
        theta = arrays.unpack(header["theta"], {})
        if (theta.shape, theta.dtype) != (run.theta.shape, run.theta.dtype):
            raise ValueError(f"its θ has shape {theta.shape} and precision {theta.dtype}")
        state = arrays.unpack(header["state"], dict(_classes(run.state)))
        best, stale = header["patience"]
        counts = {name: header["counts"][name] for name in dataclasses.asdict(run.counts)}
        k, spent = int(header["k"]), float(header["seconds"])
        if run.profile is not None:
            run.profile.sampling.seconds, run.profile.oracle.seconds = header["profile"]
        # From here on nothing can fail: a run is taken up as a whole or not at all.
        run.loop.theta, run.loop.state, run.loop.k = theta, state, k
        run.rows = [tuple(row) for row in rows.tolist()]
        run.termination.best, run.termination.stale = best, stale
        run.clock.seconds = spent
        for name, value in counts.items():
            setattr(run.counts, name, value)


class _Arrays:
    """Turns states into plain data and arrays, and back; what is one array stays one."""

    def __init__(self, backend: Backend, file: Any = None) -> None:
        self.packed: list[Any] = []
        self._backend = backend
        self._file = file
        self._numbers: dict[int, tuple[int, Any]] = {}
        self._made: dict[int, Array] = {}

    def pack(self, value: Any) -> Any:
        """Return JSON for a value.

        Raises
        ------
        Unsavable
            Where it is, or holds, something else than numbers, arrays, lists and dataclasses.
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
        raise Unsavable(f"its state holds a {type(value).__name__}")

    def unpack(self, packed: Any, classes: dict[str, type]) -> Any:
        """Return the value again, made of these classes."""
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
            raise ValueError(f"it holds another {made_of.__name__}")
        made: Any = object.__new__(made_of)
        for name, inside in packed["fields"].items():
            object.__setattr__(made, name, self.unpack(inside, classes))
        return made

    def _number(self, value: Any) -> int:
        """Return the place of an array among those of the file."""
        if id(value) not in self._numbers:
            host = np.asarray(self._backend.to_numpy(value))
            if host.dtype.hasobject:
                raise Unsavable("its state holds an array of objects")
            if not host.flags.c_contiguous:
                raise Unsavable("its state holds an array that is not C-ordered")
            self._numbers[id(value)] = len(self.packed), value  # kept, so that its id stays its own
            self.packed.append(host)
        return self._numbers[id(value)][0]

    def _array(self, number: int) -> Array:
        if number not in self._made:
            self._made[number] = self._backend.asarray(self._file[f"array_{number}"])
        return self._made[number]


def _resumable(optimizer: Optimizer | Solver) -> bool:
    inside = _resumable(optimizer.optimizer) if isinstance(optimizer, Wrapper) else True
    return optimizer.resumable and inside


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _classes(state: Any) -> Iterator[tuple[str, type]]:
    """Yield the dataclasses that a state is made of, by name."""
    if dataclasses.is_dataclass(state) and not isinstance(state, type):
        yield _name(type(state)), type(state)
        for field in dataclasses.fields(state):
            yield from _classes(getattr(state, field.name))
    elif isinstance(state, (list, tuple)):
        for item in state:
            yield from _classes(item)


def _sync(folder: Path) -> None:
    """Let the name of a new file reach the disk, too, where folders can be synchronized."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
