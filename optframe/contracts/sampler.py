"""A sampler: chooses the records of each minibatch of an epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.space import Space

__all__ = ["EpochSeeds", "Indices", "Sampler"]

Indices: TypeAlias = slice | NDArray[np.intp]
"""The rows of one minibatch. A slice costs no copy; an array may repeat rows."""


class EpochSeeds(Protocol):
    """The random generators of a sampler: one for each epoch, with the same draws at each call."""

    def generator(self, epoch: int) -> np.random.Generator:
        """Return the generator of this epoch."""


class Sampler(ABC):
    """Maps (seed, epoch) to the minibatches of the epoch; a frozen dataclass of parameters.

    A sampler has no state. A run can therefore resume at any step, and all optimizers of a study
    see the same minibatches.
    """

    deterministic: ClassVar[bool] = False
    """Whether every seed and every epoch gives the same minibatches."""

    whole: ClassVar[bool] = False
    """Whether every minibatch contains all records, so that its loss is the full loss."""

    replacement: ClassVar[bool] = False
    """Whether an epoch may contain a record twice and omit another."""

    epochs: ClassVar[int | None] = None
    """The number of epochs after which the run ends, at least 1; None if it is not limited.

    A stream, for example, has one epoch.
    """

    copies: ClassVar[bool] = True
    """Whether the minibatches that `epoch` returns are checked and copied.

    Set it to False, to save that time, if no array changes after it was returned.
    """

    spaces: ClassVar[Mapping[str, Space]] = {}
    """The usual space of its fields, by the fields' names in a study, with its source (see
    `optframe.Space`). The order is that in which they are tuned."""

    def bind(self, groups: Callable[[str], NDArray[Any] | None]) -> Self:
        """Return this sampler for a problem; ``groups`` is its `StochasticProblem.groups`.

        Groups are not parameters of the sampler: the bound sampler is equal to this one.
        """
        return self

    @abstractmethod
    def steps_per_epoch(self, records: int) -> int:
        """Return the number of minibatches in one pass over the records, at least 1.

        ``records`` is the number of records.
        """

    @abstractmethod
    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return the minibatches of one epoch, ``steps_per_epoch(records)`` of them.

        If the sequence is not a list or a tuple, it is indexed step by step, and may then make each
        minibatch when it is needed.
        """

    def mistake(self, records: int) -> str | None:
        """Return why this sampler cannot sample n records, in one line; None if it can.

        ``records`` is n. A batch larger than n, for example, is a mistake.
        """
        return None

    def variance(self, records: int) -> float | None:
        """Return the variance of the mean of a full minibatch, over seeds, divided by σ².

        σ² is the variance over the n records, and ``records`` is n. A result of 1/B means σ²/B. The
        result is None if it depends on more than n. `optframe.testing` compares it with the
        variance that it measures.
        """
        return None
