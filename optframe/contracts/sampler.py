"""A sampler: which records each step of an epoch sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["EpochSeeds", "Indices", "Sampler"]

Indices: TypeAlias = slice | NDArray[np.intp]
"""The rows of one minibatch. A slice costs no copy; an array may repeat rows."""


class EpochSeeds(Protocol):
    """Gives a generator for each epoch, the same one whenever it is asked."""

    def generator(self, epoch: int) -> np.random.Generator:
        """Return the generator of this epoch."""


class Sampler(ABC):
    """A frozen dataclass that maps (seed, epoch) to index arrays, with no hidden state.

    A run can therefore resume at any step, and all optimizers of a study see the same batches.
    """

    deterministic: ClassVar[bool] = False
    """Whether every seed and every epoch gives the same batches."""

    whole: ClassVar[bool] = False
    """Whether every step sees all records, so that the step's loss is the full loss."""

    replacement: ClassVar[bool] = False
    """Whether an epoch may have a record twice and leave out another."""

    epochs: ClassVar[int | None] = None
    """How many passes over the records there are, at least 1; None is without end.

    Where they end the run ends, too: a stream has one.
    """

    def bind(self, groups: Callable[[str], NDArray[Any] | None]) -> Self:
        """Return the same sampler for a problem, whose `StochasticProblem.groups` it may ask.

        What it learns is no parameter: the bound sampler is equal to this one.
        """
        return self

    @abstractmethod
    def steps_per_epoch(self, records: int) -> int:
        """How many minibatches make one pass over so many records."""

    @abstractmethod
    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return the minibatches of one epoch, ``steps_per_epoch(records)`` of them.

        A sequence that is no list is indexed as the steps go by, and may make its minibatches then.
        """

    def mistake(self, records: int) -> str | None:
        """Say what is wrong with sampling so many records, or None."""
        return None

    def variance(self, records: int) -> float | None:
        """Return the variance of a full minibatch's mean over seeds, in units of the records'.

        With σ² the variance over the n records, 1/B means σ²/B. None where it depends on more than
        n. `optframe.testing` holds the minibatches against it.
        """
        return None
