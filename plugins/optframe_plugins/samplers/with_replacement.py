"""Minibatches drawn with replacement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from optframe import Count, EpochSeeds, Indices, Sampler, Space
from optframe_plugins.batch_sampler import too_many
from optframe_plugins.usual_spaces import BATCH_SIZE

__all__ = ["WithReplacement"]


@dataclass(frozen=True)
class WithReplacement(Sampler):
    """With replacement: every record of every minibatch is drawn from all of them, independently.

    The minibatch gradient is then an average of independent draws, with variance σ²/B. An epoch
    is ⌈n/B⌉ steps.

    Parameters
    ----------
    batch_size
        B, records per step, ≥ 1; it may exceed the number of records.

    References
    ----------
    Robbins, H., and Monro, S. (1951), A stochastic approximation method, Ann. Math. Statist. 22,
    400–407.
    """

    replacement = True
    copies = False

    batch_size: Count = 32

    spaces: ClassVar[Mapping[str, Space]] = {
        "batch_size": BATCH_SIZE,
    }

    def steps_per_epoch(self, records: int) -> int:
        """Return n/B, rounded up."""
        return -(-records // self.batch_size)

    def mistake(self, records: int) -> str | None:
        """Return a message where there are too many records."""
        return too_many(records)

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return independent draws."""
        shape = (self.steps_per_epoch(records), self.batch_size)
        return list(seeds.generator(epoch).integers(records, size=shape))

    def variance(self, records: int) -> float:
        """Return 1/B."""
        return 1 / self.batch_size
