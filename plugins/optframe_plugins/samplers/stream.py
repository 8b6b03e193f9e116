"""Records in the order in which they arrive, each used once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from optframe import EpochSeeds, Indices
from optframe_plugins.batch_sampler import BatchSampler

__all__ = ["Slices", "Stream"]


@dataclass(frozen=True)
class Slices(Sequence[slice]):
    """Consecutive slices of a range of records, each made when it is asked for.

    References
    ----------
    Bottou, L. (1998), On-line learning and stochastic approximations, in Saad, D. (ed.), On-line
    Learning in Neural Networks, Cambridge University Press.
    """

    records: int
    size: int
    steps: int

    def __len__(self) -> int:
        return self.steps

    @overload
    def __getitem__(self, position: int) -> slice: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[slice]: ...
    def __getitem__(self, position: int | slice) -> slice | Sequence[slice]:
        if isinstance(position, slice):
            return [self[step] for step in range(self.steps)[position]]
        first = range(self.steps)[position] * self.size
        return slice(first, min(first + self.size, self.records))


@dataclass(frozen=True)
class Stream(BatchSampler):
    """Stream: minibatches of records in the order in which they arrive, each record used once.

    The run ends after one pass over the data. This is on-line learning: if the records are
    independent, the minibatches of different steps are, too. Past records are not kept, so a
    problem may generate records when they are asked for, as many as it likes.

    Parameters
    ----------
    batch_size
        B, records per step, ≥ 1; 1 is on-line learning in the strict sense.
    drop_last
        Whether a last minibatch of fewer than B records is left out.
    """

    deterministic = True
    epochs = 1

    def mistake(self, records: int) -> str | None:
        """Return a message where a minibatch is larger than the data; no data is too large."""
        return None if records >= self.batch_size else super().mistake(records)

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return consecutive slices, made as they are asked for."""
        return Slices(records, self.batch_size, self.steps_per_epoch(records))
