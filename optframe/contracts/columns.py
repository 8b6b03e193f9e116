"""The columns of trials and of curves: one table, from which every list of their names follows.

A new column is one line of `TRIALS`. The store, its frames, the migration of older stores, the
data dictionary, merging and the reserved names have it then. It is filled with the attribute of
`Trial` or `Record` that has its name. A new count is one line, too, and is filled with the
attribute of `optframe.contracts.oracle.Counts` that has its name in curves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from optframe.contracts.column import Column, Filling
from optframe.contracts.metrics import MEASURES, METRICS, rises
from optframe.contracts.trial import STAGES

__all__ = [
    "ANSWERS",
    "COUNT_COLUMNS",
    "CURVES",
    "FINAL_COUNTS",
    "MEASURES",
    "METRICS",
    "PATH",
    "PATH_COLUMNS",
    "PROFILE_COLUMNS",
    "RESERVED",
    "STATUSES",
    "TIMES",
    "TRIALS",
    "UNENDED",
    "filled",
    "rises",
]


STATUSES = (
    "converged",
    "finished",
    "stopped",
    "diverged",
    "failed",
    "timeout",
    "crashed",
    "skipped",
)
"""How a trial can end: target reached; budget spent; the optimizer's own end; not finite or far
away; an exception; out of time; the process died; something is missing."""


UNENDED = ("planned", "recording")
"""The statuses of a trial that has not ended: it has not run; a program is recording it."""


_TEXT, _INTEGER = "TEXT NOT NULL", "INTEGER NOT NULL"
_asked = partial(Column, when="planned")


def _component(kind: str, label: str, parameters: str) -> tuple[Column, ...]:
    """Return what is kept of a trial's component: label, name, parameters."""
    every = f"all parameters of the {kind}, defaults included; fields that were added if given"
    return (
        _asked(kind, _TEXT, label, of=f"{kind}.label", identity=True, replanned=True),
        _asked(f"{kind}_name", _TEXT, f"the {kind}'s name", of=f"{kind}.name"),
        _asked(parameters, _TEXT, every, "JSON", f"{kind}.parameters"),
    )


def _count(
    name: str,
    sql: str,
    meaning: str,
    unit: str = "evaluations",
    curve: str = "",
    **more: Any,
) -> Column:
    """Return a count, which curves have by the same name or by another."""
    return Column(name, sql, meaning, unit, curve=curve or name, repeats=True, **more)


def _share(name: str, meaning: str) -> Column:
    """Return a part of the seconds of a run that is profiled."""
    return Column(name, "REAL", meaning, "s", curve=name, profiled=True, since=3)


TRIALS = (
    _asked(
        "key",
        "TEXT PRIMARY KEY",
        "hash of what was asked and of all that changes the outcome; resuming joins on it",
        identity=True,
    ),
    _asked("cell", _TEXT, "hash of what was asked; comparisons join on it"),
    _asked(
        "position",
        "INTEGER",
        "place in the study's plan, from 0",
        of=None,
        replanned=True,
        identifier=True,
    ),
    *_component(
        "optimizer",
        "the optimizer's label: its name and what was given of its parameters",
        "hyperparameters",
    ),
    *_component("problem", "the problem's label", "problem_parameters"),
    *_component(
        "sampler",
        "the sampler's label; 'none' where the problem draws no records",
        "sampler_parameters",
    ),
    _asked("seed", _INTEGER, "index of the seed within the study, from 0", identity=True),
    _asked("study_seed", _INTEGER, "the study's seed"),
    Column(
        "derived_seed",
        "INTEGER",
        "the number that stands for study seed and seed's index in the run",
        repeats=True,
        identifier=True,
    ),
    _asked(
        "budget",
        _TEXT,
        "what the run could spend, and what would end it sooner",
        of=lambda trial: str(trial.budget),
    ),
    _asked("start", _TEXT, "where it began: the problem's standard point, or one drawn ('random')"),
    _asked("backend", _TEXT, "what computed it"),
    _asked("dtype", _TEXT, "type of the parameters", values=("float32", "float64")),
    _asked("threads", _INTEGER, "threads that one trial might use"),
    Column(
        "status",
        "TEXT NOT NULL DEFAULT 'planned'",
        "how it ended; 'planned' where it has not run, 'recording' where a program records it",
        repeats=True,
        values=(*UNENDED, *STATUSES),
    ),
    Column("reason", "TEXT", "why it ended so, in one line"),
    Column("traceback", "TEXT", "where it failed"),
    _count("steps", "INTEGER", "steps done", "steps", "step"),
    _count("epochs", "REAL", "passes over the training records", "epochs", "epoch"),
    _count("samples", "INTEGER", "records drawn into minibatches", "records"),
    _count(
        "records",
        "INTEGER",
        "records that answers touched: four answers on a minibatch of 32 touch 128",
        "records",
        since=5,
    ),
    _count(
        "work",
        "REAL",
        "what the answers cost, see `optframe.contracts.counts.PRICES`",
        "gradients over all the data",
        since=5,
    ),
    _count("losses", "REAL", "losses asked for"),
    _count("gradients", "REAL", "gradients asked for; P partial derivatives count as one"),
    _count("hessians", "REAL", "Hessians asked for"),
    _count("hvps", "REAL", "Hessian-vector products asked for"),
    Column(
        *("seconds", "REAL", "time of sampling and steps; checkpoints stop the clock", "s"),
        of="seconds",
        curve="seconds",
    ),
    _share("seconds_sampling", "the part of seconds that drew minibatches, where it was profiled"),
    _share("seconds_oracle", "the part of seconds in which the problem answered, likewise"),
    Column(
        "compile_seconds",
        "REAL",
        "time of the step before the first, which compiles; in no other time",
        "s",
    ),
    Column("state_bytes", "INTEGER", "size of the optimizer's state", "bytes"),
    Column(
        "step_bytes",
        "INTEGER",
        "the most that one step allocated, where the study was profiled",
        "bytes",
        since=3,
    ),
    Column("size", "INTEGER", "number of parameters P", repeats=True),
    Column(
        *("minimum", "REAL", "f*, the least possible loss, where the problem knows it"),
        repeats=True,
        signed=True,
    ),
    _asked(
        *("target_metric", "TEXT", "the metric that could end the run"),
        of=lambda trial: trial.budget.goal and trial.budget.goal[0],
    ),
    _asked(
        *("target", "REAL", "the value of it that would"),
        of=lambda trial: trial.budget.goal and trial.budget.goal[1],
        signed=True,
    ),
    Column(
        "window",
        "INTEGER",
        "where the target was reached: within how many last steps; 1 is exactly the last",
        "steps",
        repeats=True,
        since=5,
    ),
    Column(
        *("final", "TEXT", "the last value of each metric", "JSON"),
        of=lambda record: json.dumps(record.final),
        shown=False,
    ),
    Column(
        *("best", "TEXT", "the best value of each metric", "JSON"),
        of=lambda record: json.dumps(record.best),
        shown=False,
    ),
    Column("started", "TEXT", "when the run began, in UTC", "ISO 8601"),
    Column(
        "load",
        "REAL",
        "the machine's load when the run began: processes that ran or waited for a core, averaged "
        "over a minute",
        "processes",
        since=5,
    ),
    Column(
        "together",
        "INTEGER",
        "how many runs advanced in one batch and shared its seconds; 1 is alone",
        "runs",
        since=2,
        before="CASE status WHEN 'planned' THEN NULL ELSE 1 END",
    ),
    Column(
        "environment",
        "TEXT REFERENCES environments (id)",
        "which entry of environments.json describes where it ran",
        of=None,
    ),
    _asked(
        "settings",
        "TEXT REFERENCES settings (id)",
        "which row of settings has the rest of what was asked",
        of=None,
        replanned=True,
        shown=False,
        since=4,
    ),
    _asked(
        "stage",
        _TEXT,
        "'tune' where the run searched for hyperparameters, 'final' where it is judged",
        since=5,
        before="'final'",
        values=STAGES,
    ),
    _asked(
        "contender",
        "TEXT",
        "what the settings of a grid, or of a tuning, are compared as; empty for a single setting",
        replanned=True,
        since=5,
    ),
    *(
        _asked(name, "INTEGER", meaning, replanned=True, since=since, identifier=True)
        for name, since, meaning in (
            ("study", 5, "which repetition of the tuning it belongs to, from 0"),
            ("number", 5, "place of its setting in the tuner's order, from 0"),
            ("round", 5, "which settings were proposed together, from 0"),
            ("until", 5, "steps after which the tuner paused it"),
            ("twin", 6, "which of the contenders with its setting it is of; empty for the first"),
        )
    ),
    _asked(
        "origin",
        _TEXT,
        "'planned' where a study ran it, 'recorded' where a program recorded its own run",
        since=5,
        before="'planned'",
        values=("planned", "recorded"),
    ),
)
"""The columns of a trial, in the store's order; in frames, its metrics follow."""


def _at_checkpoint(column: Column) -> Column:
    """Return a column of a trial as its curve has it."""
    if column.curve in (None, column.name):
        return column
    return replace(column, name=column.curve, meaning=f"{column.meaning} at this checkpoint")


def _both(name: str, meaning: str) -> tuple[Column, ...]:
    """Return a column for each of two parameters."""
    return tuple(Column(f"{name}_{i}", "REAL", meaning.format(i)) for i in range(2))


_PATH = _both("theta", "coordinate {} of the solution, for problems of at most two parameters")

CURVES = (
    *(column for column in TRIALS if column.identity),
    *(_at_checkpoint(column) for column in TRIALS if column.curve),
    *_PATH,
)
"""The columns of a curve, but for its metrics, which stand before θ."""

PATH = (
    *(column for column in TRIALS if column.name == "key"),
    Column("step", "INTEGER", "steps done at this point of the path", "steps"),
    *_PATH,
    *_both("gradient", "partial derivative {} that plain SGD would use there"),
)
"""The columns of paths; a run with one parameter has no values for the second."""


def _names(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


COUNT_COLUMNS = _names(column for column in CURVES if column.curve and not column.profiled)
"""The first columns of every curve; metrics follow, and θ for P ≤ 2."""

PROFILE_COLUMNS = _names(column for column in CURVES if column.profiled)
"""The columns after them in a run that was profiled: shares of ``seconds``; the rest of it is the
update."""

PATH_COLUMNS = _names(_PATH)
"""The last columns of a curve: θ, where the problem has no more parameters than these."""

TIMES = _names(column for column in CURVES if column.curve and not column.repeats)
"""The columns of curves that are never twice the same."""

ANSWERS = _names(column for column in TRIALS if column.unit == "evaluations")
"""The counts of the oracle's answers."""

FINAL_COUNTS = {column.name: column.curve for column in TRIALS if column.curve and column.repeats}
"""A trial's counts, and the columns of its curve that they are the last values of."""

RESERVED = frozenset({*_names(TRIALS), *_names(CURVES), *MEASURES})
"""The names of columns that no metric may have."""


filled = Filling(TRIALS)
"""Returns what a trial fills of its row when it is planned, or its record when it has ended."""
