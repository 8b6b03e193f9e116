"""Minibatches in a new random order in each epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

from optframe import EpochSeeds, Indices
from optframe_plugins.batch_sampler import BatchSampler, bounds, variance_of_simple_sample

__all__ = ["Shuffled"]


@dataclass(frozen=True)
class Shuffled(BatchSampler):
    """Shuffled: without replacement, in a new random order in each epoch.

    Parameters
    ----------
    batch_size
        B, records per step, ≥ 1.
    drop_last
        Whether a last minibatch of fewer than B records is left out.

    References
    ----------
    Gürbüzbalaban, M., Ozdaglar, A., and Parrilo, P. A. (2021), Why random reshuffling beats
    stochastic gradient descent, Math. Program. 186, 49–84.
    """

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return pieces of the epoch's permutation."""
        order = seeds.generator(epoch).permutation(records)
        ends = bounds(records, self.batch_size, self.drop_last)
        return [order[first:last] for first, last in ends]

    def variance(self, records: int) -> float:
        """Return (n − B) / ((n − 1)·B)."""
        return variance_of_simple_sample(records, self.batch_size)
