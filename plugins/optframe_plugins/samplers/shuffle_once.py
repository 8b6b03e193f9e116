"""Minibatches in one random order."""

from collections.abc import Sequence
from dataclasses import dataclass

from optframe import EpochSeeds, Indices
from optframe_plugins.batch_sampler import BatchSampler, bounds, variance_of_simple_sample

__all__ = ["ShuffleOnce"]


@dataclass(frozen=True)
class ShuffleOnce(BatchSampler):
    """Shuffle once: one random order for all epochs, drawn before the first.

    Parameters
    ----------
    batch_size
        B, records per step, ≥ 1.
    drop_last
        Whether a last minibatch of fewer than B records is left out.

    References
    ----------
    Safran, I., and Shamir, O. (2020), How good is SGD with random shuffling?, COLT.
    """

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return pieces of one permutation, that of epoch 0."""
        order = seeds.generator(0).permutation(records)
        ends = bounds(records, self.batch_size, self.drop_last)
        return [order[first:last] for first, last in ends]

    def variance(self, records: int) -> float:
        """Return (n − B) / ((n − 1)·B)."""
        return variance_of_simple_sample(records, self.batch_size)
