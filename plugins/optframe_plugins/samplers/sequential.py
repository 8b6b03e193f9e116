"""Minibatches in the order of the data."""

from collections.abc import Sequence
from dataclasses import dataclass

from optframe import EpochSeeds, Indices
from optframe_plugins.batch_sampler import BatchSampler, bounds

__all__ = ["Sequential"]


@dataclass(frozen=True)
class Sequential(BatchSampler):
    """Sequential: minibatches in the order of the data, the same in every epoch (unshuffled).

    Where neighbouring records are alike, a minibatch's gradient is a poor estimate of the gradient
    of all the data.

    Parameters
    ----------
    batch_size
        B, records per step, ≥ 1.
    drop_last
        Whether a last minibatch of fewer than B records is left out.
    """

    deterministic = True

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return consecutive slices."""
        return [slice(*ends) for ends in bounds(records, self.batch_size, self.drop_last)]
