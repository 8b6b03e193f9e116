"""One record at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from optframe import EpochSeeds, Indices, Sampler

__all__ = ["Single"]


@dataclass(frozen=True)
class Single(Sampler):
    """Single sample: one record per step, in a new random order in each epoch (on-line SGD)."""

    def steps_per_epoch(self, records: int) -> int:
        """Return n."""
        return records

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return the epoch's permutation, a record at a time."""
        return list(seeds.generator(epoch).permutation(records)[:, None])
