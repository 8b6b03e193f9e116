"""What one run consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from optframe.contracts import Backend, Optimizer, Problem, Sampler, Solver
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Budget, Checkpoints

__all__ = ["SavedState", "Setup"]


class SavedState(Protocol):
    """A run's state in a file (`optframe.trial.resume.Saved`)."""

    def piece(self, run: Any) -> int:
        """Return the number of steps to do before it is asked to keep the state again."""

    def keep(self, run: Any) -> None:
        """Write the run's state, where it is time to."""

    def restore(self, run: Any) -> None:
        """Take up the state that is in the file, if there is one."""


@dataclass(frozen=True)
class Setup:
    """What one run consists of, all of it made and bound.

    ``measure`` names metrics beside the problem's own (see `optframe.trial.metrics.Measures`),
    ``profile`` asks where the time of each step goes (see `optframe.trial.profiling.Profile`), and
    ``saved`` keeps the run's state in a file while it lasts, and takes it up from there.
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
