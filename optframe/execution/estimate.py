"""Estimates how long trials will take, from a few steps of each contender on each problem."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil, isfinite
from statistics import fmean
from time import perf_counter

import numpy as np

from optframe.contracts.trial import BUDGETS, Budget, Checkpoints, Trial
from optframe.execution.grouping import companions
from optframe.execution.trial_runner import Batch, TrialRunner
from optframe.rules import computing_with
from optframe.trial.run import Run

__all__ = ["PATIENCE", "Load", "estimated"]

PATIENCE = 1.0
"""About the most seconds that all measurements take; the first one of a problem loads its data."""

MOST_TOGETHER = 8
"""The runs of the batch that is measured: its time grows linearly with their number."""

EVALUATION = 0.5
"""A checkpoint costs about so much of the gradients of an epoch, where it takes too long to try."""

COLUMNS = {"steps": "step", "epochs": "epoch"}
"""The columns of a curve that have what a budget limits, where the names differ."""

ENDED = ("converged", "stopped")
"""The statuses of runs that ended themselves; their time is what it was."""

MEMORY = 2.0**20
"""The MiB that a measured batch may take: it is small."""

MOST_STEPS = 40
"""The most steps of a measurement."""


@dataclass(frozen=True)
class Load:
    """Trials of one contender on one problem: some of them, and how many run in each stage."""

    sample: Sequence[Trial]
    stages: Sequence[int]
    rounds: int = 1
    """Into how many rounds the first stage is divided."""


@dataclass(frozen=True)
class _Cost:
    """What a batch costs: seconds of a step, of a checkpoint, and of its beginning and end."""

    step: float
    checkpoint: float
    fixed: float
    per_step: dict[str, float]
    """Epochs, gradients and work of a step, and its seconds on the clock."""

    def of(self, trial: Trial) -> float:
        """Return the seconds of a batch like the one measured, with a trial's own budget."""
        steps = self._steps(trial.budget)
        return self.fixed + steps * self.step + self._checkpoints(trial, steps) * self.checkpoint

    def _steps(self, budget: Budget) -> float:
        limits = ((getattr(budget, name), self.per_step.get(name, 0.0)) for name in BUDGETS)
        return min((given / one for given, one in limits if given is not None and one), default=1)

    def _checkpoints(self, trial: Trial, steps: float) -> float:
        asked, epoch = trial.checkpoints, self.per_step.get("epochs", 0.0)
        every = asked.every_steps
        if asked.every_epochs is not None and epoch:
            every = max(1, round(asked.every_epochs / epoch))
        return 1 + min(steps, asked.count if every is None else ceil(steps / every))


def estimated(
    loads: Iterable[Load],
    runner: TrialRunner,
    jobs: int = 1,
    together: bool = False,
    patience: float = PATIENCE,
) -> float | None:
    """Return the seconds that trials will take with ``jobs`` at a time; None if none can run.

    A few steps of one trial of each load are timed, and a batch of a few, with ``together``. After
    ``patience`` seconds, a load that is left counts like those of its problem. Runs that end before
    their budget is spent take less, and a machine that is busy takes more.
    """
    began = perf_counter()
    waiting = _first_of_each_problem([load for load in loads if load.sample])
    known: list[tuple[str, float]] = []
    total, longest = 0.0, 0.0
    share = patience / max(len(waiting), 1)
    with contextlib.redirect_stderr(io.StringIO()):  # the study itself says it
        for load in waiting:
            problem = load.sample[0].problem.label
            runs = sum(load.stages)
            seconds = None
            if not known or perf_counter() - began < patience:
                seconds = _load(load, runner, share, together)
            if seconds is None:
                like = [each for name, each in known if name == problem] or [s for _, s in known]
                if not like:
                    continue
                seconds = fmean(like) * runs
            else:
                known.append((problem, seconds / max(runs, 1)))
            total += seconds
            longest = max(longest, seconds / (1 if together else max(runs, 1)))
    return max(total / max(jobs, 1), longest) if known else None


def _first_of_each_problem(loads: Sequence[Load]) -> list[Load]:
    firsts = {load.sample[0].problem.label: load for load in reversed(loads)}
    first = list(reversed(firsts.values()))
    chosen = set(map(id, first))
    return [*chain(first, (load for load in loads if id(load) not in chosen))]


def _load(load: Load, runner: TrialRunner, share: float, together: bool) -> float | None:
    """Return the seconds of a load; None if its trial cannot be measured."""
    first = load.sample[0]
    alone = _cost((first,), runner, share / 2 if together else share)
    if alone is None:
        return None
    one = alone.of(first)
    if together and len(load.sample) > 1:
        batch = companions(load.sample[:MOST_TOGETHER], runner, MEMORY)[0]
        several = _cost(batch, runner, share / 2) if len(batch) > 1 else None
        if several is not None:
            more = max(several.of(first) - one, 0.0) / (len(batch) - 1)
            rounds = [load.rounds] + [1] * (len(load.stages) - 1)
            return sum(
                min(number, runs) * one + max(runs - number, 0) * more
                for runs, number in zip(load.stages, rounds, strict=True)
            )
    return one * sum(load.stages)


def _cost(batch: Batch, runner: TrialRunner, share: float) -> _Cost | None:
    """Measure a batch; the longer a step takes, the fewer are done."""
    try:
        first = _first_gradient(batch[0], runner)
        if first is not None and first.checkpoint > share:
            return first
        # The first time, what is loaded and compiled once is in it.
        wall, cost, ended = _timed(batch, runner, 1, 1)
        if wall <= share:
            wall, cost, ended = _timed(batch, runner, 1, 1)
        if ended or wall > share:
            return dataclasses.replace(cost, fixed=max(wall - cost.step, 0.0))
        steps = int(min(max(share / 4 / max(wall, 1e-6), 2), MOST_STEPS))
        wall, cost, ended = _timed(batch, runner, steps, 1)
        if ended:
            return dataclasses.replace(cost, fixed=wall)
        often, _, _ = _timed(batch, runner, steps, steps)
    except Exception:  # the trial itself raises it again, and records it
        return None
    checkpoint = max(often - wall, 0.0) / max(steps - 1, 1)
    fixed = max(wall - steps * cost.step - 2 * checkpoint, 0.0)
    return dataclasses.replace(cost, checkpoint=checkpoint, fixed=fixed)


def _first_gradient(trial: Trial, runner: TrialRunner) -> _Cost | None:
    """Return the costs that follow from those of one gradient; None if there is none."""
    run = Run(runner.setup(trial))
    if run.solves:
        return None
    with computing_with(run.setup.backend), np.errstate(all="ignore"):
        loop = run.rehearsal()
        loop.begin()
        try:
            loop.oracle.gradient(loop.theta)
            began = perf_counter()
            loop.oracle.gradient(loop.theta)
            seconds = perf_counter() - began
        except Exception:  # the problem has no gradient
            return None
    epoch = run.minibatches.per_epoch or 1
    per_step = {"steps": 1.0, "epochs": 1 / epoch, "gradients": 1.0}
    per_step |= {"work": 1 / epoch, "seconds": seconds}
    return _Cost(seconds, EVALUATION * epoch * seconds, 0.0, per_step)


def _timed(batch: Batch, runner: TrialRunner, steps: int, count: int) -> tuple[float, _Cost, bool]:
    """Run trials for a few steps.

    Return the seconds in all, what a step has cost, and whether the first trial ended by itself.
    """
    short = [
        dataclasses.replace(t, budget=Budget(steps=steps), checkpoints=Checkpoints(count=count))
        for t in batch
    ]
    began = perf_counter()
    first = runner(short)[0]
    wall = perf_counter() - began
    if first.status in ENDED:
        return wall, _Cost(0.0, 0.0, 0.0, {}), True
    if len(first.curve) < 2:
        raise ValueError("no step was done")
    last = dict(zip(first.columns, first.curve[-1], strict=True))
    done = float(last["step"])
    per_step = {name: float(last[COLUMNS.get(name, name)]) / done for name in BUDGETS}
    per_step = {name: one for name, one in per_step.items() if isfinite(one)}
    return wall, _Cost(first.seconds / done, 0.0, 0.0, per_step), False
