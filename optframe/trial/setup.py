"""The input of a run: its components, budget, seeds, start and settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from optframe.contracts import Backend, Optimizer, Problem, Sampler, Solver
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Budget, Checkpoints

__all__ = ["SavedState", "Setup"]


class SavedState(Protocol):
    """The saved state of a run (`optframe.trial.resume.Saved`)."""

    def piece(self, run: Any) -> int:
        """Return the number of steps to do before the next call of `keep`."""

    def keep(self, run: Any) -> None:
        """Save the run's state if it is time to."""

    def restore(self, run: Any) -> None:
        """Resume the run from the file, if there is one."""


@dataclass(frozen=True)
class Setup:
    """The input of one run; all components are made and bound.

    ``iterates`` stores θ after each step. ``path`` records the path if P ≤ 2 (see
    `optframe.trial.path`). ``profile`` measures the parts of each step (see
    `optframe.trial.profiling.Profile`). ``measure`` names further metrics for checkpoints (see
    `optframe.trial.metrics.Measures`). ``saved`` saves the run's state at intervals, and resumes
    the run from the saved state.
    """

    problem: Problem
    backend: Backend
    optimizer: Optimizer | Solver
    sampler: Sampler | None
    budget: Budget
    checkpoints: Checkpoints
    seeds: Seeds
    start: Any
    dtype: str
    iterates: bool = False
    profile: bool = False
    measure: tuple[str, ...] = ()
    saved: SavedState | None = None
    path: bool = False
