"""Implements the fixture `optbench`: plans and runs its trials, and prepares a step to be timed."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from optframe.components.binder import Binder
from optframe.components.loading import load_plugins
from optframe.contracts import Optimizer
from optframe.contracts.columns import rises
from optframe.contracts.record import Record
from optframe.contracts.trial import Budget, Checkpoints, Trial, trial_name
from optframe.errors import UsageError
from optframe.execution.environment import describe
from optframe.execution.trial_runner import TrialRunner
from optframe.gate.differences import flat
from optframe.gate.measured import COUNTS, Measured
from optframe.rules import computing_with
from optframe.study.study import Study, plan
from optframe.trial.repeats import is_resumable
from optframe.trial.run import Run

__all__ = ["Bench", "Outcome", "Step", "shortfall"]

WARM_UP = 10
"""The number of steps before the one that is timed; fewer if the run is shorter."""

SECONDS, FEWEST, MOST = 0.1, 5, 1000
"""The total time for which a step is timed, and the least and greatest number of repetitions."""


@dataclass(frozen=True)
class Outcome:
    """The result of one call: its ``trials``, one for each seed, in order of the seeds."""

    trials: tuple[Measured, ...]

    @property
    def counts(self) -> dict[str, float | None]:
        """The maximum of each count over the trials; None if no trial has this count."""
        return {name: _most(one.counts[name] for one in self.trials) for name in COUNTS}

    @property
    def loss(self) -> float | None:
        """The largest of the final losses; None if none is finite."""
        return _most(one.loss for one in self.trials)


def _most(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


class Bench:
    """Plans the trials of one call and runs them.

    A `UsageError` has one line per mistake, and one for each plugin that could not be loaded.
    """

    def __init__(self, study: Study) -> None:
        self.registry = load_plugins()
        self.binder = Binder(self.registry)
        try:
            self.trials = plan(study, self.registry, self.binder)
        except UsageError as error:
            broken = [f"plugin {b.name!r} is broken: {b.reason}" for b in self.registry.broken]
            raise UsageError(*error.mistakes, *broken) from None
        self.backend = self.trials[0].backend
        self.threads = study.run.threads
        self.runner = TrialRunner(self.registry, self.binder, self.backend, self.threads)

    def environment(self) -> dict[str, Any]:
        """Return the environment of the trials, flat; it is slow, since it calls git and NumPy."""
        backend = self.binder.backend(self.backend)
        description = describe(self.registry, backend, self.threads, Path.cwd())
        return flat(description, self.backend, self.threads)

    def run(self, trial: Trial) -> Record:
        """Run one trial; an exception of a plugin is in the record."""
        with self.runner.limited():
            (record,) = self.runner([trial])
        return record

    @contextlib.contextmanager
    def step(self, trial: Trial, record: Record) -> Iterator[Step | None]:
        """Yield one step of a run after the warm-up, or None if a step cannot be timed alone.

        It cannot for a `Solver`, which owns its loop, for an optimizer whose state cannot be copied
        (``resumable = False``), and for a run that ended after less than two steps.
        """
        setup = self.runner.setup(trial)
        optimizer, steps = setup.optimizer, int(record.last("step") or 0)
        if not is_resumable(optimizer) or steps < 2:
            yield None
            return
        with self.runner.limited(), computing_with(setup.backend), np.errstate(all="ignore"):
            warm = Budget(steps=min(WARM_UP, steps - 1))
            run = Run(dataclasses.replace(setup, budget=warm, checkpoints=Checkpoints(1)))
            run.execute()
            each = max(record.seconds / steps, 1e-9)
            yield Step(run, rounds=min(max(round(SECONDS / each), FEWEST), MOST))


class Step:
    """The next step of a run, which can be repeated: each time from the same θ and state."""

    def __init__(self, run: Run, rounds: int) -> None:
        self.rounds = rounds
        self._run = run

    def fresh(self) -> tuple[tuple[Any, Any], dict[str, Any]]:
        """Return the arguments of one call: copies, since a step may overwrite them."""
        run = self._run
        # The oracle keeps the generator of one step. After this use of step 0's, the timed step has
        # to create its own again, as each step of a run does.
        run.oracle.step = 0
        _ = run.oracle.random
        theta = run.setup.backend.xp.asarray(run.theta, copy=True)
        optimizer: Any = run.optimizer
        plain = copy.deepcopy(optimizer.dump(run.state))
        return (theta, optimizer.load(theta, plain, run.oracle)), {}

    def __call__(self, theta: Any, state: Any) -> tuple[Any, Any]:
        """Draw the minibatch, if any, take the step, wait for the device; return (θ, state)."""
        run = self._run
        run.oracle.step = run.k
        if run.minibatches.drawing:
            run.oracle.see(*run.minibatches.draw(run.k))
        assert isinstance(run.optimizer, Optimizer)
        following = run.optimizer.step(theta, state, run.oracle)
        run.setup.backend.synchronize()
        return following


def shortfall(trial: Trial, record: Record) -> str | None:
    """Return None if a trial reached its target, else one line with what happened.

    A trial without a target must end, and neither diverge nor fail.
    """
    aims = []
    metric, value = trial.budget.goal or ("loss", None)
    name = "f − f*" if metric == "gap" else metric
    if value is not None:
        aims.append(f"{name} {'≥' if rises(metric) else '≤'} {value:g}")
    if trial.budget.gradient_norm is not None:
        aims.append(f"gradient norm ≤ {trial.budget.gradient_norm:g}")
    if record.status in (("converged",) if aims else ("converged", "finished", "stopped")):
        return None
    labels = trial.optimizer.label, trial.problem.label, trial.sampler.label
    who = trial_name(*labels, trial.seed or None)
    missed = f"did not reach {' or '.join(aims)}" if aims else "did not run to its end"
    reached = record.last("loss" if metric == "gap" else metric)
    if metric == "gap" and reached is not None:
        reached -= record.minimum or 0.0
    found = "it measured nothing" if reached is None else f"{name} {reached:.6g} after "
    if reached is not None:
        found += f"{record.last('step'):g} steps, {record.last('gradients'):g} gradients"
    why = record.reason or f"the budget is spent ({trial.budget})"
    return f"{who} {missed}: {found}; {record.status}: {why}"
