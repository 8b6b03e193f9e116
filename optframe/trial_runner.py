"""From a trial's names to its record: make the objects, run the loop, keep what it left."""

from __future__ import annotations

import dataclasses
import traceback
from datetime import UTC, datetime
from typing import Any

from optframe.binding import Binder, make_wrapped
from optframe.checkpoints import Landscape, landscape
from optframe.contracts import Sampler, StochasticProblem
from optframe.record import Record
from optframe.registry import Registry
from optframe.seeds import Seeds
from optframe.study import NO_SAMPLER, Trial
from optframe.trial import Run, Setup

__all__ = ["TrialRunner"]


class TrialRunner:
    """Runs trials in this process, and shares bound problems between them."""

    def __init__(self, registry: Registry, binder: Binder | None = None) -> None:
        self.registry = registry
        self.binder = binder or Binder(registry)

    def __call__(self, trial: Trial) -> Record:
        """Run one trial to its end; nothing that a plugin raises gets out."""
        started = datetime.now(UTC).isoformat(timespec="milliseconds")
        seeds = Seeds(trial.study_seed, trial.seed)
        try:
            run = Run(self._setup(trial, seeds))
            run.execute()
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Record.without_run(trial, "failed", reason, started, _trace(error))
        return Record(
            key=trial.key,
            status=str(run.status),
            reason=run.reason,
            traceback=_trace(run.error),
            started=started,
            derived_seed=seeds.derived(),
            seconds=run.clock.seconds,
            compile_seconds=run.compile_seconds,
            state_bytes=_state_bytes(run.state),
            size=run.problem.size,
            minimum=run.problem.minimum,
            columns=run.columns,
            curve=run.curve,
            landscape=_landscape(run),
        )

    def _setup(self, trial: Trial, seeds: Seeds) -> Setup:
        problem = self.binder.problem(trial.problem, trial.backend, trial.dtype, seeds)
        asked = trial.optimizer
        table = {"name": asked.name, **asked.values}
        optimizer = make_wrapped(self.registry, "optimizers", table, asked.label)
        sampler: Sampler | None = None
        if isinstance(problem, StochasticProblem) and trial.sampler != NO_SAMPLER:
            made: Sampler = self.registry.make("samplers", trial.sampler.name, trial.sampler.values)
            sampler = made.bind(problem.groups)
        start = problem.random_start if trial.start == "random" else problem.start
        return Setup(
            problem=problem,
            backend=self.binder.backend(trial.backend),
            optimizer=optimizer,
            sampler=sampler,
            budget=trial.budget,
            checkpoints=trial.checkpoints,
            seeds=seeds,
            start=start(seeds.generator("start")),
            dtype=trial.dtype,
        )


def _landscape(run: Run) -> Landscape | None:
    """Return the contours; None, too, where the loss cannot be computed around the path."""
    try:
        return landscape(run)
    except Exception:
        return None


def _trace(error: BaseException | None) -> str | None:
    return None if error is None else "".join(traceback.format_exception(error))


def _state_bytes(state: Any) -> int:
    if dataclasses.is_dataclass(state):
        return sum(_state_bytes(getattr(state, f.name)) for f in dataclasses.fields(state))
    if isinstance(state, (list, tuple)):
        return sum(_state_bytes(item) for item in state)
    return int(getattr(state, "nbytes", 0))
