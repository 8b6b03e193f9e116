"""From a trial's names to its record: make the objects, run the loop, keep what it left."""

from __future__ import annotations

import dataclasses
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime

from optframe.binding import Binder, make_wrapped
from optframe.checkpoints import Landscape, landscape
from optframe.contracts import Sampler, StochasticProblem
from optframe.record import Record
from optframe.registry import Registry
from optframe.seeds import Seeds
from optframe.stacked import NotTogether, merged
from optframe.study import NO_SAMPLER, Trial
from optframe.together import Together
from optframe.trial import Run, Setup, state_bytes

__all__ = ["TrialRunner"]


class TrialRunner:
    """Runs trials in this process, and shares bound problems between them."""

    def __init__(self, registry: Registry, binder: Binder | None = None) -> None:
        self.registry = registry
        self.binder = binder or Binder(registry)

    def __call__(self, trials: Sequence[Trial]) -> list[Record]:
        """Run trials to their ends, together if they are several.

        Nothing that a plugin raises gets out. Where they cannot share a batch after all, each runs
        alone, and says what is wrong with it if something is.
        """
        if len(trials) > 1:
            try:
                return self._together(trials)
            except (Exception, SystemExit) as error:
                known = isinstance(error, NotTogether)
                why = str(error) if known else f"{type(error).__name__}: {error}"
                one = f"{trials[0].optimizer.label} on {trials[0].problem.label}"
                print(
                    f"optframe: {len(trials)} runs like {one} advance one at a time: {why}",
                    file=sys.stderr,
                )
        return [self._alone(trial) for trial in trials]

    def _together(self, trials: Sequence[Trial]) -> list[Record]:
        started = _now()
        runs = [Run(self.setup(trial)) for trial in trials]
        optimizers = [run.setup.optimizer for run in runs]
        batch = Together(runs, merged(optimizers, runs[0].setup.backend))  # type: ignore[arg-type]
        batch.execute()
        records = [_record(t, run, started) for t, run in zip(trials, runs, strict=True)]
        shared = {
            "together": len(runs),
            "compile_seconds": batch.compile_seconds,
            "state_bytes": batch.state_bytes,
        }
        records = [dataclasses.replace(record, **shared) for record in records]  # type: ignore[arg-type]
        # One landscape is enough for runs of one problem, and thousands of them are many.
        return [dataclasses.replace(records[0], landscape=_landscape(runs[0])), *records[1:]]

    def _alone(self, trial: Trial) -> Record:
        started = _now()
        try:
            run = Run(self.setup(trial))
            run.execute()
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Record.without_run(trial, "failed", reason, started, _trace(error))
        return dataclasses.replace(_record(trial, run, started), landscape=_landscape(run))

    def setup(self, trial: Trial) -> Setup:
        """Return what a trial consists of, made from its names."""
        seeds = Seeds(trial.study_seed, trial.seed)
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


def _record(trial: Trial, run: Run, started: str) -> Record:
    return Record(
        key=trial.key,
        status=str(run.status),
        reason=run.reason,
        traceback=_trace(run.error),
        started=started,
        derived_seed=run.setup.seeds.derived(),
        seconds=run.clock.seconds,
        compile_seconds=run.compile_seconds,
        state_bytes=state_bytes(run.state),
        size=run.problem.size,
        minimum=run.problem.minimum,
        columns=run.columns,
        curve=run.curve,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _landscape(run: Run) -> Landscape | None:
    """Return the contours; None, too, where the loss cannot be computed around the path."""
    try:
        return landscape(run)
    except Exception:
        return None


def _trace(error: BaseException | None) -> str | None:
    return None if error is None else "".join(traceback.format_exception(error))
