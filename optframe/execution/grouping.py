"""Which trials may advance together, and how many of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts import Optimizer
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Trial, canonical
from optframe.execution.trial_runner import TrialRunner
from optframe.rules import computing_with
from optframe.trial.profiling import peak_bytes
from optframe.trial.run import Run

__all__ = ["companions"]


def companions(
    trials: Sequence[Trial], runner: TrialRunner, memory: float
) -> list[tuple[Trial, ...]]:
    """Return the trials in batches of those that may advance together.

    They differ in their seeds and in numeric hyperparameters alone; a batch takes about ``memory``
    MiB at most, by what a step of the first one takes.
    """
    alike: dict[str, list[Trial]] = {}
    for trial in trials:
        try:
            kind = _kind(trial, runner)
        except (Exception, SystemExit):  # which the trial itself will say
            kind = trial.key
        alike.setdefault(kind, []).append(trial)
    batches: list[tuple[Trial, ...]] = []
    for group in alike.values():
        most = _most(group[0], runner, memory) if len(group) > 1 else 1
        batches += [tuple(group[i : i + most]) for i in range(0, len(group), most)]
    return batches


def _kind(trial: Trial, runner: TrialRunner) -> str:
    """Return a text that trials share that differ in numbers and seeds alone."""
    registry, optimizer = runner.registry, trial.optimizer
    values = _masked(registry, "optimizers", {"name": optimizer.name, **optimizer.values})
    seeds = Seeds(trial.study_seed, 0)
    problem = runner.binder.problem(trial.problem, trial.backend, trial.dtype, seeds)
    shared: dict[str, Any] = {
        "optimizer": values,
        "problem": [trial.problem.name, trial.problem.parameters],
        "sampler": [trial.sampler.name, trial.sampler.parameters],
        "rest": [str(trial.budget), str(trial.checkpoints), trial.start, trial.study_seed],
        "measured": [trial.measure, trial.profile],
        "where": [trial.backend, trial.dtype, trial.threads, trial.code],
        "instance": trial.seed if problem.draws_instance else 0,
    }
    return canonical(shared)


def _masked(registry: Registry, kind: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a component's table without its numeric hyperparameters' values."""
    fields = parameters(registry.load(kind, table["name"]))
    masked = {
        name: None if name in fields and fields[name].number and _plain(value) else value
        for name, value in table.items()
    }
    if "wrap" in masked:
        masked["wrap"] = [_masked(registry, "wrappers", inside) for inside in table["wrap"]]
    return masked


def _plain(value: Any) -> bool:
    return isinstance(value, (int, float))


def _most(trial: Trial, runner: TrialRunner, memory: float) -> int:
    """Return how many runs like this one fit into so many MiB; 1 where it runs alone only."""
    try:
        run = Run(runner.setup(trial))
        if _runs_alone(run):
            return 1
        peak = _peak(run)
    except (Exception, SystemExit):  # which the trial itself will say
        return 1
    on_device = 16 * run.theta.nbytes  # where tracemalloc does not see it
    return max(1, int(memory * 2**20 / max(peak, on_device)))


def _runs_alone(run: Run) -> bool:
    optimizer, sampler = run.setup.optimizer, run.setup.sampler
    return (
        not (isinstance(optimizer, Optimizer) and optimizer.vectorized)
        or not run.problem.vectorized
        or run.setup.budget.seconds is not None
        or run.setup.profile
        or (sampler is not None and sampler.epochs is not None)
    )


def _peak(run: Run) -> int:
    """Return how many bytes one step takes at most, beyond what the first one has left behind."""
    with computing_with(run.setup.backend), np.errstate(all="ignore"):
        run.warm_up()
        return peak_bytes(run.warm_up)
