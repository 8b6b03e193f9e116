"""One record at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from optframe import EpochSeeds, Indices, Sampler
from optframe_plugins.batch_sampler import too_many

__all__ = ["Single"]


@dataclass(frozen=True)
class Single(Sampler):
    """Single sample: one record per step, in a new random order in each epoch (on-line SGD).

    References
    ----------
    Bottou, L. (1998), On-line learning and stochastic approximations, in Saad, D. (ed.), On-line
    Learning in Neural Networks, Cambridge University Press.
    """

    copies = False

    def steps_per_epoch(self, records: int) -> int:
        """Return n."""
        return records

    def mistake(self, records: int) -> str | None:
        """Return a message where there are too many records."""
        return too_many(records)

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return the epoch's permutation, a record at a time."""
        return list(seeds.generator(epoch).permutation(records)[:, None])

    def variance(self, records: int) -> float:
        """Return 1."""
        return 1.0
