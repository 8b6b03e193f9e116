"""Orders the trials of a study so that a machine that becomes slower does so for all alike.

Problem by problem, all optimizers and samplers run with the first seed, in random order, then all
with the second, and so on. So those that are compared run at about the same times. If all seeds of
one optimizer ran before the next optimizer, a machine that was busy at first would look like a slow
optimizer. The order changes no result and no plan, only when a trial runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from optframe.contracts.seeds import AXES
from optframe.contracts.trial import Component, Trial
from optframe.execution.trial_runner import Batch

__all__ = ["interleaved"]

_AXIS = len(AXES)
"""The first number of the spawn keys of orders; those of a trial's seeds are smaller."""


def interleaved(batches: Sequence[Batch], plan: Iterable[Trial]) -> list[Batch]:
    """Return the batches in the order in which they should start.

    ``plan`` has the trials of the whole study, those that have run included, so that what is left
    of a study that was stopped keeps its order. The order is drawn from the study's seed. A batch
    has the place of its first trial.
    """
    place = {key: number for number, key in enumerate(_keys(plan))}
    return sorted(batches, key=lambda batch: min(place[trial.key] for trial in batch))


def _keys(plan: Iterable[Trial]) -> list[str]:
    """Return the keys of all trials in the order of execution.

    The permutation of a problem's n-th seed is drawn from the sequence
    ``SeedSequence(study seed, spawn_key=(len(AXES), seed index, problem's number))``.
    """
    numbers: dict[Component, int] = {}
    rounds: dict[tuple[int, int], list[Trial]] = {}
    for trial in plan:
        number = numbers.setdefault(trial.problem, len(numbers))
        rounds.setdefault((number, trial.seed), []).append(trial)
    keys: list[str] = []
    for number, seed in sorted(rounds):
        trials = rounds[number, seed]
        sequence = np.random.SeedSequence(trials[0].study_seed, spawn_key=(_AXIS, seed, number))
        order = np.random.default_rng(sequence).permutation(len(trials))
        keys += [trials[i].key for i in order]
    return keys
