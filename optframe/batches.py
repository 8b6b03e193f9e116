"""What each step of a run sees: the sampler's minibatch and the problem's noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optframe.contracts import Problem, Sampler, StochasticProblem
from optframe.errors import PluginError
from optframe.oracle import Oracle
from optframe.seeds import SamplerSeeds, Seeds

__all__ = ["Batches"]


class Batches:
    """The batches of one run, the same ones whenever and in whatever order they are asked."""

    def __init__(self, problem: Problem, sampler: Sampler | None, seeds: Seeds) -> None:
        self._problem = (
            problem if isinstance(problem, StochasticProblem) and problem.draws_batch else None
        )
        self._sampler = sampler
        self._seeds = seeds
        self._records = 0 if self._problem is None else self._problem.records or 0
        self._epoch = -1
        self._indices: Sequence[Any] = []
        self._sizes: list[int] = []
        self.per_epoch: int | None = None
        self.end: int | None = None
        """After how many steps there are no more records; None is never."""
        if sampler is not None and self._records:
            self.per_epoch = sampler.steps_per_epoch(self._records)
            if self.per_epoch < 1:
                raise PluginError(
                    f"{type(sampler).__name__}.steps_per_epoch({self._records}) is "
                    f"{self.per_epoch}; expected at least 1"
                )
            if sampler.epochs is not None:
                self.end = sampler.epochs * self.per_epoch

    @property
    def drawing(self) -> bool:
        """Whether steps differ in what they see."""
        return self._problem is not None

    def epoch(self, k: int) -> float | None:
        """How many passes over the data k steps are; None where there is no data."""
        return k / self.per_epoch if self.per_epoch else None

    def show(self, k: int, oracle: Oracle) -> int:
        """Let the oracle see the batch of step k; return how many records are in it."""
        if self._problem is None:
            return 0
        indices, size = self.indices(k)
        oracle.see(self._problem.draw(indices, self.noise(k)))
        return size

    def indices(self, k: int) -> tuple[Any, int]:
        """Return the records of step k and how many they are; None and 0 where there are none."""
        if self.per_epoch is None:
            return None, 0
        epoch, position = divmod(k, self.per_epoch)
        if self._epoch != epoch:
            self._load(epoch)
        indices = self._indices[position]
        return indices, self._sizes[position] if self._sizes else _length(indices, self._records)

    def noise(self, k: int) -> np.random.Generator | None:
        """Return the generator of step k's noise; None where the problem has none."""
        if self._problem is None or self._problem.deterministic:
            return None
        return self._seeds.generator("noise", k)

    def _load(self, epoch: int) -> None:
        assert self._sampler is not None
        seeds = SamplerSeeds(self._seeds)
        found = self._sampler.epoch(epoch, self._records, seeds)
        lazy = isinstance(found, Sequence) and not isinstance(found, (list, tuple))
        self._indices = found if lazy else list(found)
        if len(self._indices) != self.per_epoch:
            raise PluginError(
                f"{type(self._sampler).__name__}.epoch returned {len(self._indices)} minibatches; "
                f"expected {self.per_epoch}, its steps_per_epoch({self._records})"
            )
        self._sizes = [] if lazy else [_length(each, self._records) for each in self._indices]
        self._epoch = epoch


def _length(indices: Any, records: int) -> int:
    if isinstance(indices, slice):
        return len(range(*indices.indices(records)))
    return int(indices.shape[-1])
