"""Keeps a copy of a run at each test of its target, so that the steps after it can be repeated.

On problems with data the target is tested every `target_every` steps. If a test succeeds, the run
goes back to its copy and repeats the steps with a test after each. So the step at which a target is
reached depends neither on the checkpoints nor on the copies.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

from optframe.contracts import Array, Optimizer, Solver, Wrapper
from optframe.contracts.oracle import Counts
from optframe.trial.loop import Loop

__all__ = ["Kept", "copy_counts", "is_resumable"]


class Kept:
    """A run, or a batch of runs, after ``k`` steps; k is -1 before the first copy."""

    def __init__(self) -> None:
        self.k = -1
        self.theta: Array = None
        self.state: Any = None
        self.counts = Counts()
        self.seconds = 0.0

    def keep(self, k: int, theta: Array, state: Any, counts: Counts, seconds: float) -> None:
        """Copy θ, the state and the counts after k steps."""
        self.theta, self.state = copy.deepcopy((theta, state))
        copy_counts(counts, self.counts)
        self.k, self.seconds = k, seconds

    def give(self, loop: Loop) -> None:
        """Set a loop to the copy, which it may overwrite: it can be given once."""
        loop.k, loop.theta, loop.state = self.k, self.theta, self.state
        copy_counts(self.counts, loop.oracle.counts)


def copy_counts(source: Counts, target: Counts) -> None:
    """Set all counts to those of another object."""
    for field in dataclasses.fields(Counts):
        setattr(target, field.name, getattr(source, field.name))


def is_resumable(optimizer: Optimizer | Solver) -> bool:
    """Return whether the state of an optimizer can be restored, that of a wrapped one included."""
    inside = is_resumable(optimizer.optimizer) if isinstance(optimizer, Wrapper) else True
    return optimizer.resumable and inside
