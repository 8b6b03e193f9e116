"""Records as they come, and never again."""

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
    """Stream: minibatches of records in the order in which they come, and none of them again.

    The data is one pass long, and the run ends with it: on-line learning, where each record is
    seen once, so that every step is an independent draw of the source if the records are. Nothing
    is kept of the records that have passed: a problem may make as many as it likes when they are
    asked for.

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
        """Say so where a minibatch is larger than the data; it is never too much data."""
        return None if records >= self.batch_size else super().mistake(records)

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return consecutive slices, made as they are asked for."""
        return Slices(records, self.batch_size, self.steps_per_epoch(records))
