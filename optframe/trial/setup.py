"""What one run consists of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optframe.contracts import Backend, Optimizer, Problem, Sampler, Solver
from optframe.contracts.seeds import Seeds
from optframe.study.study import Budget, Checkpoints

if TYPE_CHECKING:
    from optframe.trial.resume import Saved

__all__ = ["Setup"]


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
    saved: Saved | None = None
