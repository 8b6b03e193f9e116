"""What a batch of runs consists of: their minibatches, and one optimizer with all numbers."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from optframe.batches import Batches
from optframe.contracts import Optimizer, Sampler, StochasticProblem
from optframe.oracle import Oracle
from optframe.parameters import parameters
from optframe.seeds import StackedGenerator

__all__ = ["NotTogether", "StackedBatches", "merged", "some_runs"]


class NotTogether(Exception):  # noqa: N818 - the runs go on one at a time
    """These runs cannot share a batch; the message says why."""


class StackedBatches:
    """The batches of several runs: indices of shape (R, B), noise with a run axis in front."""

    def __init__(self, batches: Sequence[Batches], sampler: Sampler | None) -> None:
        self._batches = batches
        self._same = sampler is None or sampler.deterministic

    @property
    def _first(self) -> Batches:
        return self._batches[0]

    @property
    def drawing(self) -> bool:
        """Whether steps differ in what they see."""
        return bool(self._batches) and self._first.drawing

    @property
    def per_epoch(self) -> int | None:
        """How many steps make an epoch, where there is data."""
        return self._first.per_epoch if self._batches else None

    def epoch(self, k: int) -> float | None:
        """How many passes over the data k steps are."""
        return self._first.epoch(k) if self._batches else None

    def show(self, k: int, oracle: Oracle) -> int:
        """Let the oracle see the batches of step k; return how many records a run sees."""
        problem = oracle.problem
        if not self.drawing or not isinstance(problem, StochasticProblem):
            return 0
        indices, size = self._first.indices(k)
        if not self._same and self._first.per_epoch is not None:
            every = [batches.indices(k)[0] for batches in self._batches]
            rows = [_listed(one, problem.records or 0) for one in every]
            if any(len(row) != size for row in rows):
                raise NotTogether("its sampler gives minibatches of different sizes")
            indices = np.stack(rows)
        noise: Any = None
        if not problem.deterministic:
            noise = StackedGenerator([batches.noise(k) for batches in self._batches])  # type: ignore[misc]
        oracle.see(problem.draw(indices, noise))
        return size


def _listed(indices: Any, records: int) -> Any:
    return np.arange(records)[indices] if isinstance(indices, slice) else indices


def merged(optimizers: Sequence[Optimizer], backend: Any) -> Optimizer:
    """Return one optimizer with the hyperparameters of several, those that differ as (R, 1).

    Raises
    ------
    NotTogether
        Where they differ in more than numbers.
    """
    first = optimizers[0]
    changes: dict[str, Any] = {}
    for field in parameters(type(first)).values():
        values = [getattr(optimizer, field.attribute) for optimizer in optimizers]
        if isinstance(values[0], Optimizer):
            changes[field.attribute] = merged(values, backend)
        elif any(value != values[0] for value in values):
            if not (field.number and all(isinstance(value, (int, float)) for value in values)):
                raise NotTogether(f"they differ in {field.name}")
            column = np.array(values, np.float64)[:, None]
            changes[field.attribute] = backend.asarray(column, "float64")
    return dataclasses.replace(first, **changes) if changes else first  # type: ignore[type-var]


def some_runs(optimizer: Optimizer, taken: Callable[[Any], Any]) -> Optimizer:
    """Return the optimizer with the hyperparameters of some of its runs."""
    changed = copy.copy(optimizer)
    for name, value in vars(optimizer).items():
        if isinstance(value, Optimizer):
            object.__setattr__(changed, name, some_runs(value, taken))
        elif getattr(value, "shape", ()):
            object.__setattr__(changed, name, taken(value))
    return changed
