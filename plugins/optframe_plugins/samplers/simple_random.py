"""A simple random sample at each step."""

from collections.abc import Sequence
from dataclasses import dataclass

from optframe import EpochSeeds, Indices
from optframe_plugins.batch_sampler import BatchSampler, variance_of_simple_sample

__all__ = ["SimpleRandom"]


@dataclass(frozen=True)
class SimpleRandom(BatchSampler):
    """Simple random sample: B different records at each step, drawn anew from all of them.

    Within a minibatch no record repeats; between minibatches any may. The minibatch gradient has
    variance σ²/B·(n − B)/(n − 1). An epoch is ⌈n/B⌉ steps (⌊n/B⌋ with ``drop_last``).

    Parameters
    ----------
    batch_size
        B, records per step, ≥ 1.
    drop_last
        Whether the steps per epoch are rounded down; every minibatch has B records either way.

    References
    ----------
    Cochran, W. G. (1977), Sampling Techniques, 3rd ed., theorem 2.2.
    """

    replacement = True  # between minibatches

    def epoch(self, epoch: int, records: int, seeds: EpochSeeds) -> Sequence[Indices]:
        """Return independent samples."""
        random = seeds.generator(epoch)
        return [
            random.choice(records, self.batch_size, replace=False)
            for _ in range(self.steps_per_epoch(records))
        ]

    def variance(self, records: int) -> float:
        """Return (n − B) / ((n − 1)·B)."""
        return variance_of_simple_sample(records, self.batch_size)
