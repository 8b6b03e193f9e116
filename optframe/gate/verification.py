"""Runs trials of a store again here, and compares their results with the store.

A trial's key determines what it computes. So on the same machine with the same versions, its curve
is the same to the bit. On another machine, sums of products may be rounded differently. Changed
code may compute anything. So each trial that differs comes with a list of what has changed since.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe.components.import_paths import is_path
from optframe.components.importing import Imports
from optframe.components.registry import Registry
from optframe.contracts.columns import COUNT_COLUMNS, CURVES, TIMES
from optframe.contracts.metrics import OLD_NAMES
from optframe.contracts.record import Record
from optframe.contracts.trial import Trial
from optframe.errors import UnavailableError, UsageError, one_line
from optframe.execution.environment import describe
from optframe.execution.trial_runner import TrialRunner
from optframe.gate.differences import differences, flat
from optframe.gate.trust import asked_of
from optframe.store.curves import numbers_of
from optframe.store.file import reading
from optframe.store.recovery import fits
from optframe.store.schema import environments_of, rows_of, version_of
from optframe.store.tasks import read_tasks
from optframe.study.pairing import parts_of
from optframe.version import __version__

__all__ = ["Agreement", "Verified", "drawn", "verify"]

COMPLETE = ("converged", "finished", "stopped", "diverged")
"""The statuses that a trial is expected to have again when it runs again."""

ROUNDING = {"float64": 1e-8, "float32": 3e-4}
"""The largest relative difference, about √ε, at which values agree to rounding."""


class Agreement(StrEnum):
    """How well a trial that ran again agrees with the store."""

    BIT = "to the bit"
    ROUNDING = "to rounding"
    NOT = "not at all"
    EXEMPT = "exempt"


@dataclass(frozen=True)
class Verified:
    """The result for a trial: its agreement, where it differs, and what has changed since."""

    trial: Trial
    agreement: Agreement
    reason: str = ""
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Kept:
    """The stored results of a trial."""

    status: str
    together: int
    environment: Mapping[str, Any]
    columns: tuple[str, ...]
    curve: NDArray[np.float64]
    version: int
    """The format of the store."""
    fits: bool
    """Whether the trial's row agrees with its curve."""


def drawn(path: Path, sample: int | None, seed: int = 0) -> tuple[list[Trial], int]:
    """Return a random sample of the trials that ran to an end, and how many there are.

    They are in the order of the store. With None for ``sample``, all are returned.
    """
    tasks = read_tasks(path)
    with reading(path) as connection:
        marks = ", ".join("?" * len(COMPLETE))
        found = connection.execute(
            f"SELECT key FROM trials WHERE status IN ({marks}) AND position IS NOT NULL "
            "ORDER BY position",
            COMPLETE,
        ).fetchall()
    keys = [key for (key,) in found if key in tasks]
    if found and not keys:
        raise UsageError(
            f"{path}: its old format lacks parts of the trials' specification; run the study again "
            "(finished trials are rewritten, not run), or verify a newer store"
        )
    if not keys:
        raise UsageError(
            f"{path}: no trial in it has run to an end; there is nothing to verify; run the study "
            "first"
        )
    if sample is not None and sample < len(keys):
        chosen = set(random.Random(seed).sample(keys, sample))
        return [tasks[key] for key in keys if key in chosen], len(keys)
    return [tasks[key] for key in keys], len(keys)


def verify(
    path: Path, trials: Sequence[Trial], registry: Registry, trust: bool = False
) -> Iterator[Verified]:
    """Run trials of the store at ``path`` again, one after another, and yield each result.

    Without ``trust``, a trial is exempt for which the store names a module to import, or a file or
    an address to open. No trial does more steps than the store has of it.
    """
    with registry.importing(Imports(any=trust)):
        yield from _each(path, trials, registry, trust)


def _each(
    path: Path, trials: Sequence[Trial], registry: Registry, trust: bool
) -> Iterator[Verified]:
    for trial in trials:
        asked = asked_of(trial, registry)
        if trial.budget.seconds is not None:
            reason = "its budget is in seconds, which differ in each run"
            yield Verified(trial, Agreement.EXEMPT, reason)
        elif "object " in trial.code:
            reason = "it uses an object made in Python, which a store cannot hold"
            yield Verified(trial, Agreement.EXEMPT, reason)
        elif asked and not trust:
            reason = f"it would {', '.join(asked)}, as the store says; add --trust to allow that"
            yield Verified(trial, Agreement.EXEMPT, reason)
        else:
            yield _verified(trial, _kept(path, trial), registry)


@dataclass(frozen=True)
class _Limits:
    """Ends a run that does more steps than the stored one. It takes the place of `SavedRuns`."""

    steps: int

    def of(self, *run: object) -> _Limits:
        """Return the limit of a run."""
        return self

    def restore(self, run: Any) -> None:
        """Begin at the start."""

    def piece(self, run: Any) -> int:
        """Return the number of steps to the first that is too many."""
        return max(1, self.steps + 1 - int(run.k))

    def keep(self, run: Any) -> None:
        """Raise if the run has gone on."""
        if run.k > self.steps:
            raise RuntimeError(
                f"it has not ended after {run.k} steps, more than the store has of it"
            )


def _verified(trial: Trial, kept: _Kept | None, registry: Registry) -> Verified:
    if kept is None:
        reason = "the store has no result for its key: its row was changed, or its curve is missing"
        return Verified(trial, Agreement.NOT, reason)
    threads = min(trial.threads, os.cpu_count() or 1)
    steps = int(kept.curve[-1, kept.columns.index("step")]) if len(kept.curve) else 0
    # A target that is reached is looked for up to `target_every` steps later.
    saved: Any = _Limits(steps + trial.budget.target_every)
    runner = TrialRunner(registry, None, trial.backend, threads, saved)
    try:
        with runner.limited():
            (record,) = runner([trial])
    except (UnavailableError, UsageError) as error:
        return Verified(trial, Agreement.EXEMPT, f"it cannot run here: {one_line(error)}")
    agreement, reason = _compare(trial, kept, record)
    if agreement is Agreement.BIT and kept.fits:
        return Verified(trial, agreement)
    if agreement is Agreement.BIT:
        return Verified(trial, Agreement.NOT, "its curve agrees, but its row does not")
    if kept.together > 1:
        reason += f"; it ran in a batch with {kept.together - 1} others then, and alone now"
    return Verified(trial, agreement, reason, (*_changed(trial, kept, runner),))


def _kept(path: Path, trial: Trial) -> _Kept | None:
    with reading(path) as connection:
        row, curve = (
            next(rows_of(connection, table, "WHERE key = ?", trial.key), None)
            for table in ("trials", "curves")
        )
        if not (row and curve):
            return None
        names, values = numbers_of(curve)
        return _Kept(
            row["status"],
            row["together"] or 1,
            environments_of(connection).get(row["environment"], {}),
            (*names,),
            values.T,
            version_of(connection),
            fits(row, curve),
        )


def _compare(trial: Trial, kept: _Kept, record: Record) -> tuple[Agreement, str]:
    """Return how well a record agrees with the stored one, and where it differs first or most."""
    if record.status != kept.status:
        why = f" ({record.reason})" if record.reason else ""
        return Agreement.NOT, f"{kept.status} then, {record.status} now{why}"
    later = {column.name for column in CURVES if column.since > kept.version}
    known = tuple(OLD_NAMES.get(name, name) for name in kept.columns)
    if kept.version < 5:  # before it nothing was measured on validation records
        later |= {name for name in record.columns if name.startswith("validation_")}
    there = [i for i, name in enumerate(record.columns) if name not in later - {*known}]
    columns, curve = tuple(record.columns[i] for i in there), record.curve[:, there]
    if columns != known or curve.shape != kept.curve.shape:
        return Agreement.NOT, (
            f"its curve had {len(kept.curve)} checkpoints of {len(kept.columns)} columns, and has "
            f"{len(curve)} of {len(columns)}"
        )
    judged = [i for i, name in enumerate(columns) if name not in TIMES]
    then, now = kept.curve[:, judged], curve[:, judged]
    names = [columns[i] for i in judged]
    same = (then == now) | (np.isnan(then) & np.isnan(now))
    if same.all():
        return Agreement.BIT, ""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        apart = np.abs(then - now) / np.maximum(np.abs(then), np.abs(now))
    apart = np.where(same, 0.0, np.where(np.isnan(apart), np.inf, apart))
    counts = [name in COUNT_COLUMNS for name in names]
    worst = float(apart.max())
    if not apart[:, counts].any() and worst <= ROUNDING.get(trial.dtype, 0.0):
        return Agreement.ROUNDING, f"relative differences of up to {worst:.2g}"
    row, column = np.argwhere(apart > ROUNDING.get(trial.dtype, 0.0))[0]
    step = int(then[row, names.index("step")])
    return Agreement.NOT, (
        f"first at step {step}: {names[column].replace('_', ' ')} "
        f"{then[row, column]:.10g} then, {now[row, column]:.10g} now"
    )


def _changed(trial: Trial, kept: _Kept, runner: TrialRunner) -> Iterator[str]:
    """Yield what has changed since: code, data, versions, machine."""
    registry = runner.registry
    if __version__ not in trial.code.split(" "):
        was = kept.environment.get("optframe", "another")
        yield f"optframe: {was} → {__version__}"
    parts = parts_of(registry, trial.optimizer, trial.problem, trial.sampler, trial.backend)
    for kind, name in parts:
        known = name in registry.names(kind) or is_path(name)
        if known and registry.code(kind, name) not in trial.code:
            yield f"code of {kind.removesuffix('s')} {name}"
    for name, digest in runner.binder.datasets_of(trial.problem).items():
        if digest not in trial.code:
            yield f"records of data set {name}"
    backend = runner.binder.backend(trial.backend)
    here = describe(registry, backend, trial.threads, Path())
    sides = (flat(one, trial.backend, trial.threads) for one in (kept.environment, here))
    for one in differences(*sides):
        if one.decides:
            yield f"{one.name}: {one.base} → {one.head}"
