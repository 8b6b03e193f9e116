"""The whole data at every step."""

from collections.abc import Sequence
from dataclasses import dataclass

from optframe import EpochSeeds, Indices, Sampler

__all__ = ["Full"]


@dataclass(frozen=True)
class Full(Sampler):
    """Full batch: every step sees all records, so that an epoch is one step."""

    deterministic = True
    whole = True
    copies = False

    def steps_per_epoch(self, records: int) -> int:
        """Return 1."""
        return 1

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return one batch of everything."""
        return [slice(0, records)]

    def variance(self, records: int) -> float:
        """Return 0: every minibatch has the same mean."""
        return 0.0
