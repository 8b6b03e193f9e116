"""Stacks the minibatches and the hyperparameters of several runs, so that they form a batch."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optframe.components.parameters import parameters
from optframe.contracts import Optimizer, Sampler, Schedule
from optframe.contracts.seeds import StackedGenerator
from optframe.trial.minibatches import Minibatches
from optframe.trial.stacked_schedules import of_rows, stacked

__all__ = [
    "NotTogether",
    "Rehearsal",
    "StackedMinibatches",
    "merged",
    "shapes_of",
    "some_runs",
    "taken_from",
]

AGREE = 1e-3
"""The allowed difference between a run in a batch and alone, relative to the largest entry.

It is larger than rounding in float32. An optimizer or a problem that confuses the runs of a batch
has an error as large as the difference between the runs.
"""


class NotTogether(Exception):  # noqa: N818 - the runs then advance one at a time
    """These runs cannot advance in one batch; the message says why."""


@dataclass(frozen=True)
class Rehearsal:
    """The results of a first step: of a batch, with the run axis first, or of one run alone."""

    theta: Any
    gradient: Any
    metrics: dict[str, Any]
    moved: Any
    measured: Any
    shapes: Any
    state_bytes: int

    def compare(self, alone: Rehearsal, row: int) -> None:
        """Raise `NotTogether` if a row of the batch differs from the results of the run alone."""
        _compare("gradient", self.gradient, alone.gradient, row)
        for name, value in alone.metrics.items():
            _compare(name, self.metrics[name], value, row)
        rounding = 8 * float(np.finfo(alone.theta.dtype).eps) * float(np.abs(alone.theta).max())
        _compare("step", self.moved, alone.moved, row, rounding)
        _compare("solution", self.measured, alone.measured, row, rounding)
        if not _fits(self.shapes, alone.shapes, len(self.theta)):
            raise NotTogether("its state does not have the run axis first")


def _compare(what: str, together: Any, alone: Any, row: int, rounding: float = 0.0) -> None:
    if together.shape[1:] != alone.shape or together.ndim == 0:
        raise NotTogether(f"its {what} has shape {together.shape} in a batch, {alone.shape} alone")
    reach = AGREE * np.abs(alone).max(initial=0.0) + rounding
    if not np.allclose(together[row], alone, rtol=0, atol=reach, equal_nan=True):
        raise NotTogether(f"its {what} in a batch differs from that of a run alone")


def shapes_of(plain: Any) -> Any:
    """Return the shapes of a state's arrays, () for numbers, in lists like its plain data."""
    if dataclasses.is_dataclass(plain) and not isinstance(plain, type):
        return [shapes_of(getattr(plain, field.name)) for field in dataclasses.fields(plain)]
    if isinstance(plain, (list, tuple)):
        return [shapes_of(item) for item in plain]
    if isinstance(plain, dict):
        return [shapes_of(plain[key]) for key in sorted(plain)]
    if not (hasattr(plain, "shape") or plain is None or isinstance(plain, (bool, int, float, str))):
        raise NotTogether(f"its state contains a {type(plain).__name__}")
    return tuple(getattr(plain, "shape", ()))


def _fits(together: Any, alone: Any, runs: int) -> bool:
    """Whether every array of a batch's state has the run axis first; numbers may have one."""
    if isinstance(alone, list):
        return len(together) == len(alone) and all(
            _fits(t, a, runs) for t, a in zip(together, alone, strict=True)
        )
    if alone == ():
        return together == () or bool(together[0] == runs)
    return bool(together == (runs, *alone))


class StackedMinibatches:
    """The minibatches of R runs: indices of shape (R, B), and noise with the run axis first.

    Runs of one seed see the same records: then all rows are one row of memory.
    """

    def __init__(self, runs: Sequence[Minibatches], sampler: Sampler | None) -> None:
        self._runs = runs
        self._first = runs[0]
        self._same = sampler is None or sampler.deterministic
        own = {run.seeds: run for run in reversed(runs)}
        self._own = list(own.values())
        """One run of each seed, whose minibatches are those of all runs of that seed."""
        numbers = {seeds: number for number, seeds in enumerate(own)}
        self._which = np.array([numbers[run.seeds] for run in runs])
        self.drawing = self._first.drawing
        """Whether steps use different minibatches or noise."""
        self.end = self._first.end
        """The number of steps after which the records end; None if they do not end."""
        self.per_epoch = self._first.per_epoch
        """The number of steps in an epoch; None if there is no data."""
        self.epoch = self._first.epoch

    def draw(self, k: int) -> tuple[Any, int]:
        """Return the minibatches of step k, and the number of records of each run."""
        first = self._first
        indices, size = first.indices(k)
        if not self._same and first.per_epoch is not None:
            rows = [_listed(run.indices(k)[0], first.records) for run in self._own]
            if any(len(row) != size for row in rows):
                raise NotTogether("its sampler gives minibatches of different sizes")
            one = len(rows) == 1
            shape = len(self._runs), size
            indices = np.broadcast_to(rows[0], shape) if one else np.stack(rows)[self._which]
        noise: Any = None
        if first.noisy:
            noise = StackedGenerator([run.noise(k) for run in self._runs])  # type: ignore[misc]
        return first.problem.draw(indices, noise), size


def _listed(indices: Any, records: int) -> Any:
    return np.arange(records)[indices] if isinstance(indices, slice) else indices


def merged(optimizers: Sequence[Optimizer], backend: Any) -> Optimizer:
    """Return one optimizer for R runs; hyperparameters that differ become arrays (R, 1).

    Raises
    ------
    NotTogether
        If the optimizers differ in more than numbers.
    """
    first = optimizers[0]
    changes: dict[str, Any] = {}
    for field in parameters(type(first)).values():
        values = [getattr(optimizer, field.attribute) for optimizer in optimizers]
        if isinstance(values[0], Optimizer):
            changes[field.attribute] = merged(values, backend)
        elif all(isinstance(value, Schedule) for value in values):
            changes[field.attribute] = stacked(values)
        elif any(value != values[0] for value in values):
            if not (field.number and all(isinstance(value, (int, float)) for value in values)):
                raise NotTogether(f"they differ in {field.name}")
            column = np.array(values, np.float64)[:, None]
            changes[field.attribute] = backend.asarray(column, "float64")
    return dataclasses.replace(first, **changes) if changes else first  # type: ignore[type-var]


def some_runs(optimizer: Optimizer, rows: Any, taken: Callable[[Any], Any]) -> Optimizer:
    """Return an optimizer for these of the runs; ``taken`` selects their rows from an array."""
    changed = copy.copy(optimizer)
    for name, value in vars(optimizer).items():
        if isinstance(value, Optimizer):
            object.__setattr__(changed, name, some_runs(value, rows, taken))
        elif isinstance(value, Schedule):
            object.__setattr__(changed, name, of_rows(value, rows))
        elif getattr(value, "shape", ()):
            object.__setattr__(changed, name, taken(value))
    return changed


def taken_from(xp: Any, rows: Any, size: int, value: Any) -> Any:
    """Return a value with these rows of each of its arrays whose first axis has this length."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value)]
        taken = {name: taken_from(xp, rows, size, getattr(value, name)) for name in names}
        return dataclasses.replace(value, **taken)
    if isinstance(value, (list, tuple)):
        return type(value)(taken_from(xp, rows, size, item) for item in value)
    if isinstance(value, dict):
        return {key: taken_from(xp, rows, size, item) for key, item in value.items()}
    shape = getattr(value, "shape", ())
    return xp.take(value, rows, axis=0) if shape and shape[0] == size else value
