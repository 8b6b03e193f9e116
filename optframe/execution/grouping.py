"""Groups trials into batches that one vectorized run can compute together."""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from optframe.components.parameters import parameters
from optframe.components.registry import Registry
from optframe.contracts import Optimizer
from optframe.contracts.optimizer import all_of
from optframe.contracts.seeds import Seeds
from optframe.contracts.trial import Component, Trial, canonical
from optframe.execution.trial_runner import Batch, TrialRunner
from optframe.rules import computing_with
from optframe.trial.profiling import peak_bytes
from optframe.trial.run import Run

__all__ = ["companions"]


def companions(trials: Sequence[Trial], runner: TrialRunner, memory: float) -> list[Batch]:
    """Return the trials in batches that may run together.

    Trials of a batch differ only in seeds and in numeric hyperparameters. A batch takes at most
    about ``memory`` MiB, estimated from one step of its first trial.
    """
    alike: dict[Hashable, list[Trial]] = {}
    masks: dict[Component, str] = {}
    for trial in trials:
        kind: Hashable = trial.key
        # What is raised here, the trial itself raises again, and records it.
        with contextlib.suppress(Exception, SystemExit):
            kind = _kind(trial, runner, masks)
        alike.setdefault(kind, []).append(trial)
    batches: list[Batch] = []
    for group in alike.values():
        most = _most(group[0], runner, memory) if len(group) > 1 else 1
        batches += [tuple(group[i : i + most]) for i in range(0, len(group), most)]
    return batches


def _kind(trial: Trial, runner: TrialRunner, masks: dict[Component, str]) -> Hashable:
    """Return what is equal for trials that differ only in numbers and seeds.

    ``masks`` are the optimizers so far, without their numbers.
    """
    optimizer = trial.optimizer
    if optimizer not in masks:
        table = {"name": optimizer.name, **optimizer.values}
        masks[optimizer] = canonical(_masked(runner.registry, "optimizers", table))
    seeds = Seeds(trial.study_seed, 0)
    problem = runner.binder.problem(trial.problem, trial.backend, trial.dtype, seeds)
    return (
        masks[optimizer],
        (trial.problem.name, trial.problem.parameters),
        (trial.sampler.name, trial.sampler.parameters),
        (trial.budget.json, trial.checkpoints.json, trial.start, trial.study_seed),
        (trial.measure, trial.profile),
        (trial.backend, trial.dtype, trial.threads, trial.code),
        (trial.seed, trial.seeds.tuning) if problem.draws_instance else (),
    )


def _masked(registry: Registry, kind: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a component's table without its numeric hyperparameters' values."""
    fields = parameters(registry.load(kind, table["name"]))
    numbers = {name for name, field in fields.items() if field.number}
    masked = {
        name: None if name in numbers and isinstance(value, (int, float)) else value
        for name, value in table.items()
    }
    for name, value in table.items():
        if name in fields and fields[name].optimizer and isinstance(value, Mapping):
            masked[name] = _masked(registry, "optimizers", value)
        elif name in numbers and isinstance(value, Mapping):
            masked[name] = _masked_schedule(value)
    if "wrap" in masked:
        masked["wrap"] = [_masked(registry, "wrappers", inside) for inside in table["wrap"]]
    return masked


def _masked_schedule(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schedule's table without the values of its numbers, whole ones included.

    A schedule that takes no arrays is called for each run by itself.
    """
    masked: dict[str, Any] = {}
    for name, value in table.items():
        number = type(value) in (int, float)  # 1 and 1.0 may differ in another library
        masked[name] = type(value).__name__ if number else value
        if isinstance(value, Mapping):
            masked[name] = _masked_schedule(value)
    return masked


def _most(trial: Trial, runner: TrialRunner, memory: float) -> int:
    """Return how many runs like this one fit into ``memory`` MiB; 1 if it can only run alone."""
    try:
        run = Run(runner.setup(trial))
        if _runs_alone(run):
            return 1
        peak = _peak(run)
    except (Exception, SystemExit):  # the trial itself raises it again, and records it
        return 1
    on_device = 16 * run.theta.nbytes  # an estimate, since tracemalloc does not see a GPU's memory
    return max(1, int(memory * 2**20 / max(peak, on_device)))


def _runs_alone(run: Run) -> bool:
    optimizer, sampler = run.setup.optimizer, run.setup.sampler
    return (
        not isinstance(optimizer, Optimizer)
        or not all(one.vectorized for one in all_of(optimizer))
        or not run.problem.vectorized
        or run.setup.budget.seconds is not None
        or run.setup.profile
        or (sampler is not None and sampler.epochs is not None)
    )


def _peak(run: Run) -> int:
    """Return the peak memory of one step in bytes, without what the first step has allocated."""
    with computing_with(run.setup.backend), np.errstate(all="ignore"):
        run.warm_up()
        return peak_bytes(run.warm_up)
