"""The minibatches of a run: the sampler's records and the problem's noise for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optframe.contracts import Problem, Sampler, StochasticProblem
from optframe.contracts.seeds import SamplerSeeds, Seeds
from optframe.errors import PluginError

__all__ = ["Minibatches"]


class Minibatches:
    """The minibatches of one run; they depend on the step alone, not on the order of the calls."""

    def __init__(self, problem: Problem, sampler: Sampler | None, seeds: Seeds) -> None:
        self.problem: Any = problem
        self.drawing = False
        """Whether steps use different minibatches or noise."""
        self.noisy = False
        """Whether steps use noise."""
        self.records = 0
        """The number of records that the sampler chooses from; 0 if there are none."""
        if isinstance(problem, StochasticProblem) and problem.draws_batch:
            self.drawing, self.noisy = True, not problem.deterministic
            self.records = problem.records or 0
        self._sampler = sampler
        self.seeds = seeds
        self._epoch = -1
        self._indices: Sequence[Any] = []
        self._lazy = False
        """Whether a minibatch is checked and copied when its step comes."""
        self._sizes: list[int] = []
        self.per_epoch: int | None = None
        self.end: int | None = None
        """The number of steps after which the records end; None if they do not end."""
        if sampler is not None and self.records:
            self.per_epoch = sampler.steps_per_epoch(self.records)
            if self.per_epoch < 1:
                raise PluginError(
                    f"{type(sampler).__name__}.steps_per_epoch({self.records}) is "
                    f"{self.per_epoch}; expected at least 1"
                )
            if sampler.epochs is not None:
                self.end = sampler.epochs * self.per_epoch

    def epoch(self, k: int) -> float | None:
        """Return the number of passes over the data in k steps; None if there is no data."""
        return k / self.per_epoch if self.per_epoch else None

    def draw(self, k: int) -> tuple[Any, int]:
        """Return the minibatch of step k and the number of records in it."""
        indices, size = self.indices(k)
        return self.problem.draw(indices, self.noise(k)), size

    def indices(self, k: int) -> tuple[Any, int]:
        """Return the records of step k and their number; None and 0 if there are none."""
        if self.per_epoch is None:
            return None, 0
        epoch, position = divmod(k, self.per_epoch)
        if self._epoch != epoch:
            self._load(epoch)
        indices = self._indices[position]
        if self._lazy:
            indices = self._owned(indices)
        return indices, self._sizes[position] if self._sizes else _length(indices, self.records)

    def noise(self, k: int) -> np.random.Generator | None:
        """Return the generator of step k's noise; None if the problem has no noise."""
        return self.seeds.generator("noise", k) if self.noisy else None

    def _load(self, epoch: int) -> None:
        assert self._sampler is not None
        seeds = SamplerSeeds(self.seeds)
        found = self._sampler.epoch(epoch, self.records, seeds)
        lazy = isinstance(found, Sequence) and not isinstance(found, (list, tuple))
        self._lazy = lazy and self._sampler.copies
        if self._sampler.copies and not lazy:
            found = [self._owned(each) for each in found]  # one by one, as a generator makes them
        self._indices = found if lazy else list(found)
        if len(self._indices) != self.per_epoch:
            raise PluginError(
                f"{type(self._sampler).__name__}.epoch returned {len(self._indices)} minibatches; "
                f"expected {self.per_epoch}, its steps_per_epoch({self.records})"
            )
        self._sizes = [] if lazy else [_length(each, self.records) for each in self._indices]
        self._epoch = epoch

    def _owned(self, indices: Any) -> Any:
        """Return a copy of the records of a minibatch, which must be a slice or whole numbers.

        The sampler may fill its array again for the next minibatch.
        """
        if isinstance(indices, slice):
            return indices
        found = type(indices).__name__
        if isinstance(indices, np.ndarray):
            found = f"{indices.dtype} {indices.shape}"
            if indices.dtype.kind in "iu" and indices.ndim == 1 and indices.size:
                low, high = int(indices.min()), int(indices.max())
                if low >= 0 and high < self.records:
                    return indices.copy()
                found += f" with {low if low < 0 else high}"
        raise PluginError(
            f"{type(self._sampler).__name__}.epoch returned a minibatch of {found}; expected a "
            f"slice, or a NumPy array of whole numbers from 0 to {self.records - 1}, shape (B,)"
        )


def _length(indices: Any, records: int) -> int:
    if isinstance(indices, slice):
        return len(range(*indices.indices(records)))
    return int(indices.shape[-1])
