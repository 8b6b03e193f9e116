"""Seeds: a generator for each named axis of a study, independent of order and of all else.

The sequence of an axis is ``SeedSequence(study seed, spawn_key=(axis, seed index, ...))``, so all
optimizers of a study get the same starts and the same minibatches, whatever runs where and when.
Seed 0 is a seed like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

__all__ = ["AXES", "SamplerSeeds", "Seeds"]

AXES = ("instance", "start", "sampler", "noise", "optimizer")


@dataclass(frozen=True)
class Seeds:
    """The generators of one trial: study seed and seed index."""

    study: int
    index: int

    def sequence(self, axis: str, *path: int) -> np.random.SeedSequence:
        """Return the sequence of an axis, and of a path (an epoch, a step) along it."""
        return np.random.SeedSequence(self.study, spawn_key=(AXES.index(axis), self.index, *path))

    def generator(self, axis: str, *path: int) -> np.random.Generator:
        """Return a fresh generator at the beginning of that sequence."""
        return np.random.default_rng(self.sequence(axis, *path))

    def derived(self) -> int:
        """Return one number that stands for the trial's seeds, as recorded in the store."""
        return int(self.sequence("start").generate_state(1, np.uint64)[0] >> np.uint64(1))


class SamplerSeeds:
    """The generators of a sampler's epochs."""

    def __init__(self, seeds: Seeds) -> None:
        self.generator = partial(seeds.generator, "sampler")
