"""Seeds: an independent random generator for each purpose (axis) of a trial.

The axes are the names in `AXES`. The sequence of an axis is
``SeedSequence(study seed, spawn_key=(axis, seed index, ...))``. It does not depend on the optimizer
or on the order in which trials run, so that all optimizers of a study get the same starts and the
same minibatches. The seed 0 is a seed like any other.

While hyperparameters are tuned it is ``spawn_key=(16 + axis, study, seed index, ...)``, with the
number of the tuning's repetition (its study). So runs that choose share no draw with those that are
judged, nor with those of another repetition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

__all__ = ["AXES", "SamplerSeeds", "Seeds", "StackedGenerator"]

AXES = ("instance", "start", "sampler", "noise", "optimizer")

TUNING = 16
"""What is added to an axis while tuning; there will be fewer axes."""


@dataclass(frozen=True)
class Seeds:
    """The generators of one trial: study seed and seed index.

    ``tuning`` is the repetition of the tuning that the trial belongs to; None if it is judged.
    """

    study: int
    index: int
    tuning: int | None = None

    def sequence(self, axis: str, *path: int) -> np.random.SeedSequence:
        """Return the seed sequence of an axis; ``path`` selects an epoch or a step of it."""
        number = AXES.index(axis)
        place = (number,) if self.tuning is None else (TUNING + number, self.tuning)
        return np.random.SeedSequence(self.study, spawn_key=(*place, self.index, *path))

    def generator(self, axis: str, *path: int) -> np.random.Generator:
        """Return a fresh generator at the beginning of that sequence."""
        return np.random.default_rng(self.sequence(axis, *path))

    def derived(self) -> int:
        """Return one number that identifies the trial's seeds, as the store records it."""
        return _derived(self)


@lru_cache(maxsize=1024)
def _derived(seeds: Seeds) -> int:
    return int(seeds.sequence("start").generate_state(1, np.uint64)[0] >> np.uint64(1))


class SamplerSeeds:
    """The generators of a sampler's epochs."""

    def __init__(self, seeds: Seeds) -> None:
        self.generator = partial(seeds.generator, "sampler")


class StackedGenerator:
    """The generators of R runs, used as one: every draw has the run axis first.

    ``random.standard_normal(5)`` has shape (R, 5); row r is the draw of run r's own generator. A
    single number per run has shape (R, 1), so that it broadcasts against θ.
    """

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        self._generators = generators

    def __getattr__(self, name: str) -> Callable[..., Any]:
        methods = [getattr(generator, name) for generator in self._generators]

        def draw(*args: Any, **kwargs: Any) -> Any:
            drawn = np.stack([method(*args, **kwargs) for method in methods])
            return drawn[:, None] if drawn.ndim == 1 else drawn

        return draw
