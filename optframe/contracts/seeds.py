"""Seeds: a generator for each named axis of a study, independent of order and of all else.

The sequence of an axis is ``SeedSequence(study seed, spawn_key=(axis, seed index, ...))``, so all
optimizers of a study get the same starts and the same minibatches, whatever runs where and when.
Seed 0 is a seed like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

__all__ = ["AXES", "SamplerSeeds", "Seeds", "StackedGenerator"]

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


class StackedGenerator:
    """The generators of several runs as one: every answer has a run axis in front.

    ``random.standard_normal(5)`` of R runs has shape (R, 5); each row is what the run's own
    generator answers. A single number per run has shape (R, 1), so that it broadcasts against θ.
    """

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        self._generators = generators

    def __getattr__(self, name: str) -> Callable[..., Any]:
        methods = [getattr(generator, name) for generator in self._generators]

        def draw(*args: Any, **kwargs: Any) -> Any:
            drawn = np.stack([method(*args, **kwargs) for method in methods])
            return drawn[:, None] if drawn.ndim == 1 else drawn

        return draw
