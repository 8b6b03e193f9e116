"""Reads a store: tidy frames of the trials in the latest plan, and the trials themselves."""

from __future__ import annotations

import copy
import dataclasses
import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.components.parameters import mistakes_in
from optframe.contracts.columns import COUNT_COLUMNS, TRIALS
from optframe.contracts.costs import DEFAULT, OFFERED, check_cost
from optframe.contracts.record import Landscape
from optframe.contracts.trial import Budget, Checkpoints, Component, Trial
from optframe.errors import StoreError, UsageError, nearest, visible
from optframe.store.curves import check_steps, curve_in, landscape_in
from optframe.store.file import STORE_NAME, check, reading, reported, size_of
from optframe.store.paths import StoredPaths, read_paths
from optframe.store.schema import (
    checked_columns,
    columns_of,
    environments_of,
    rows_of,
    selected,
    study_of,
    version_of,
)
from optframe.store.values import FLOOR, RATIO, metrics_in, names_in, object_in, wrong

if TYPE_CHECKING:
    import pandas as pd

    from optframe.statistics.standings import Standings

__all__ = ["Results", "limits_of", "load", "read_curves", "read_tasks", "read_trials", "task_of"]


MOST_METRICS = 1000
"""The number of metrics, of all trials together, that a store can have."""


def read_trials(path: Path) -> pd.DataFrame:
    """Read the trials, one row each, in the order of the plan."""
    import pandas as pd

    names, metrics = columns_of("trials"), {"final": "", "best": "best_"}
    with reading(path) as connection:
        rows = connection.execute(
            f"SELECT {selected('trials', version_of(connection))} FROM trials "
            "WHERE position IS NOT NULL"
        ).fetchall()
        found = [*zip(*rows, strict=True)]
        shown = checked_columns("trials", names, found, [*metrics], shown=True)
        rows = rows if shown is found else [*zip(*shown, strict=True)]
        rows.sort(key=itemgetter(names.index("position")))  # faster than to let SQLite do it
        frame = pd.DataFrame(rows, columns=names)
        frame = frame.drop(columns=[column.name for column in TRIALS if not column.shown])
        frame = frame.astype({column.name: float for column in TRIALS if column.is_float})
        measured = [
            pd.DataFrame(_metrics(name, names.index(name), rows, path), frame.index, dtype=float)
            for name in metrics
        ]
        prefixed = [
            one.add_prefix(metrics[name]) for name, one in zip(metrics, measured, strict=True)
        ]
        frame = pd.concat([frame, *prefixed], axis=1)
        if not frame.columns.is_unique:
            raise wrong("trials", "any", "best", "a metric's name", "one that is no column's")
    return frame


def _metrics(
    column: str, place: int, rows: Sequence[Sequence[Any]], path: Path
) -> list[dict[str, float | None]]:
    """Return the metrics of each trial, from the texts at a place in rows; None is no metrics."""
    found = []
    for row in rows:
        try:
            found.append({} if row[place] is None else metrics_in(row[place]))
        except ValueError as error:
            raise wrong("trials", row[0], column, row[place], str(error)) from error
    names = {*chain.from_iterable(found)}
    _check_few("trials", column, names)
    _check_size("trials", "all", column, 8 * len(names) * len(found), path)
    shown = {name: visible(name) for name in names if not name.isprintable()}
    return [{shown.get(n, n): v for n, v in one.items()} for one in found] if shown else found


def _check_few(table: str, column: str, names: Collection[str]) -> None:
    """Raise if there are so many metrics that frames with a column for each take minutes."""
    if len(names) > MOST_METRICS:
        found = f"{len(names)} different names"
        raise wrong(table, "all", column, found, f"at most {MOST_METRICS} different metrics")


def _check_size(table: str, row: str, column: str, needed: int, path: Path) -> None:
    """Raise if a frame would take more memory than the file's size justifies."""
    most = max(FLOOR, RATIO * size_of(path))
    if needed > most:
        found = f"{needed} bytes of numbers in all"
        raise wrong(table, row, column, found, f"at most {most} in a file of this size")


def read_curves(path: Path) -> pd.DataFrame:
    """Read the curves, one row per checkpoint, in the order of the plan."""
    import pandas as pd

    kinds = {c.name: int if c.type == "INTEGER" else str for c in TRIALS if c.identity}
    identity = [*kinds]
    with reading(path) as connection:
        trials = f"(SELECT {selected('trials', version_of(connection))} FROM trials)"
        chosen = f"{trials} JOIN curves USING (key) WHERE rows > 0 AND position IS NOT NULL"
        cursor = connection.execute(
            f"SELECT {', '.join(identity)}, columns, rows FROM {chosen} ORDER BY position"
        )
        found = [*zip(*cursor.fetchall(), strict=True)] or [()] * (len(identity) + 2)
        checked_columns("curves", ("key", "columns", "rows"), [found[0], *found[-2:]])
        _check_none_is_missing(connection, {*found[0]})
        named = checked_columns("trials", identity, found, shown=True)
        heads = pd.DataFrame(dict(zip(identity, named, strict=False)))
        *_, texts, rows = found
        columns = {text: names_in(text) for text in dict.fromkeys(texts)}
        every = list(dict.fromkeys(n for names in columns.values() for n in names) or COUNT_COLUMNS)
        _check_few("curves", "columns", every)
        total = sum(rows)
        if rows:
            largest = found[0][rows.index(max(rows))]
            _check_size("curves", largest, "rows", 8 * len(every) * total, path)
        lengths = np.array(rows, int)
        table = np.empty((len(every), total))
        places = {text: [every.index(n) for n in names] for text, names in columns.items()}
        # In the order of the file: to sort them would copy all their data.
        where = zip(np.cumsum(lengths) - lengths, texts, rows, strict=True)
        begins = dict(zip(found[0], where, strict=True))
        for key, data in connection.execute("SELECT key, data FROM curves WHERE rows > 0"):
            if key not in begins:
                continue  # of an earlier plan
            begin, text, length = begins[key]
            values = curve_in(key, len(columns[text]), length, data)
            block = table[:, begin : begin + length]
            block[places[text]] = values
            if len(values) < len(every):
                block[[i for i in range(len(every)) if i not in places[text]]] = np.nan
        check_steps(table[every.index("step")], lengths, heads["key"])
    whose = np.repeat(np.arange(len(heads)), lengths)
    repeated = {name: heads[name].astype(kind).array.take(whose) for name, kind in kinds.items()}
    measured: dict[Any, Any] = dict(zip(map(visible, every), table, strict=True))
    return pd.DataFrame(
        {**repeated, **measured, "step": measured["step"].astype("int64")}, copy=False
    )


def _check_none_is_missing(connection: sqlite3.Connection, there: set[str]) -> None:
    """Raise if a trial that has counted steps has no curve."""
    query = "SELECT key FROM trials WHERE steps IS NOT NULL AND position IS NOT NULL"
    for (key,) in connection.execute(query):
        if key not in there:
            raise wrong("curves", key, "key", None, "the curve of this trial, which has steps")


def read_tasks(path: Path) -> dict[str, Trial]:
    """Read the planned trials by their keys, in a form that can run again.

    Trials of earlier plans are included. A store of a format before 4 gives none, since it lacks
    parts of the trials' specifications. If a row was not changed, ``trial.key`` equals its key.
    """
    with reading(path) as connection:
        settings = {row["id"]: row for row in rows_of(connection, "settings")}
        return {
            row["key"]: task_of({**row, **settings[row["settings"]]})
            for row in rows_of(connection, "trials", "ORDER BY position IS NULL, position")
            if row["settings"] in settings
        }


def task_of(row: Mapping[str, Any]) -> Trial:
    """Return the trial of a row of ``trials`` joined with its ``settings``.

    Raises
    ------
    ValueError
        If the settings are none; the message names table, row and column.
    """
    budget, checkpoints = limits_of(row["settings"], row["budget"], row["checkpoints"])
    given = {part.name: row[part.name] for part in dataclasses.fields(Trial) if part.name in row}
    return Trial(
        **given
        | {
            "optimizer": Component(row["optimizer_name"], row["hyperparameters"], row["optimizer"]),
            "problem": Component(row["problem_name"], row["problem_parameters"], row["problem"]),
            "sampler": Component(row["sampler_name"], row["sampler_parameters"], row["sampler"]),
            "budget": budget,
            "checkpoints": checkpoints,
            "measure": tuple(json.loads(row["measure"])),
            "profile": bool(row["profile"]),
            "skip": row["reason"] if row["status"] == "skipped" else None,
        }
    )


@lru_cache(maxsize=256)  # many trials share their settings
def limits_of(row: str, budget: str, checkpoints: str) -> tuple[Budget, Checkpoints]:
    """Return the budget and the checkpoints in a row of settings.

    Raises
    ------
    ValueError
        If they are none; the message names table, row and column.
    """
    made = _made(Budget, "budget", row, budget)
    return made, _made(Checkpoints, "checkpoints", row, checkpoints)


def _made(kind: type, column: str, row: str, text: str) -> Any:
    """Return the budget or the checkpoints in a row of settings."""
    try:
        given = object_in(text)
        if isinstance(given.get("target"), list):
            given["target"] = dict([given["target"]])
    except (ValueError, TypeError) as error:
        raise wrong("settings", row, column, text, str(error)) from error
    known = {part.name for part in dataclasses.fields(kind)}
    given = {name: v for name, v in given.items() if v is not None or name not in known}
    mistakes = mistakes_in(kind, given, "it")
    if mistakes:
        raise wrong("settings", row, column, text, mistakes[0])
    return kind(**given)  # as it was written: a number that is checked may become another type


class Results:
    """The contents of a store as tidy frames: ``trials``, ``curves`` and ``paths``.

    ``trials`` has one row per planned trial: its specification (optimizer, problem, sampler, seed,
    ...), how it ended (status, reason), counts, seconds, and the final (``loss``) and best
    (``best_loss``) value of each metric. ``curves`` has one row per checkpoint. ``paths`` has one
    row per recorded step of each trial with P ≤ 2.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"<Results of {self.path}: {len(self.trials)} trials>"

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per planned trial."""
        return read_trials(self.path)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """One row per checkpoint of each trial."""
        return read_curves(self.path)

    @cached_property
    def paths(self) -> pd.DataFrame:
        """θ and the gradient of each trial with P ≤ 2, at each of its first steps and checkpoints.

        The columns are key, step, theta_0, theta_1, gradient_0, gradient_1. Values of the second
        parameter are NaN if P is 1. The frame is empty if the store is of an older format.
        """
        return read_paths(self.path)

    @property
    def path_tables(self) -> Mapping[str, NDArray[np.float64]]:
        """The paths as arrays by the trials' keys; each is read when it is asked for."""
        return StoredPaths(self.path)

    @cached_property
    def landscapes(self) -> dict[str, Landscape]:
        """The loss on a grid around the path of each trial with P ≤ 2, by the trial's key."""
        query = "SELECT key, landscape FROM curves WHERE landscape IS NOT NULL"
        with reading(self.path) as connection:
            rows = connection.execute(query).fetchall()
            checked_columns("curves", ("key", "landscape"), [*zip(*rows, strict=True)])
            return {key: landscape_in(key, blob) for key, blob in rows}

    @cached_property
    def study(self) -> dict[str, Any]:
        """The study: name, seed, seeds, budget, time, and the cost and metric of its reports."""
        with reading(self.path) as connection:
            study: dict[str, Any] = visible(study_of(connection))
            return study

    @property
    def cost(self) -> str:
        """The cost by which reports compare: the study's, by default work."""
        found = self.study.get("cost")
        return found if found in OFFERED else DEFAULT

    @property
    def metric(self) -> str | None:
        """The metric by which reports judge; None if the study names none that was measured."""
        found = self.study.get("metric")
        return found if found in self.metrics else None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that runs were measured by; ``gap`` is f − f*, where f* is known."""
        names = [str(name) for name in self.trials if f"best_{name}" in self.trials]
        known = self.trials["minimum"].notna().any() if len(self.trials) else False
        return (*names, *(["gap"] if known else []))

    def judged_by(self, cost: str | None = None, metric: str | None = None) -> Results:
        """Return these results with another cost and metric for reports; None keeps the study's.

        Raises
        ------
        UsageError
            If there is no such cost, or no run measured the metric.
        """
        if cost is not None:
            check_cost(cost)
        if metric is not None and metric not in self.metrics:
            raise UsageError(
                f"{self.path.parent}: no run measured the metric {metric!r}; "
                f"{nearest(metric, self.metrics)}"
            )
        given = {"cost": cost, "metric": metric}
        other = copy.copy(self)
        vars(other).pop("_standings", None)
        other.study = self.study | {k: v for k, v in given.items() if v is not None}
        return other

    def standings(self, cost: str | None = None, metric: str | None = None) -> Standings:
        """Return who is best, by how much, and how sure that is: see `Standings`.

        ``cost`` and ``metric`` are those of the study by default.

        Raises
        ------
        UsageError
            If there is no such cost, or no run measured the metric.

        Examples
        --------
        >>> optframe.load("results/quickstart").standings().headline  # doctest: +SKIP
        ['momentum leads over these 4 problems, ...', ...]
        """
        if cost is None and metric is None:
            return self._standings
        return self.judged_by(cost, metric).standings()

    @cached_property
    def _standings(self) -> Standings:
        from optframe.statistics.standings import standings

        asked = self.study.get("seeds")
        seeds = asked if isinstance(asked, int) else None
        return standings(self.trials, self.curves, self.cost, self.metric, seeds)

    @cached_property
    def environments(self) -> list[dict[str, Any]]:
        """The environments in which trials ran, one entry for each."""
        with reading(self.path) as connection:
            return [*environments_of(connection).values()]


def load(folder: str | Path) -> Results:
    """Read the results of a folder, or of a store's file.

    Raises
    ------
    StoreError
        If there is no store, or it cannot be read.
    """
    path = Path(folder)
    path = path / STORE_NAME if path.is_dir() else path
    if not path.exists():
        raise StoreError(f"{path}: found no results; expected the folder of `optframe run --out`")
    with reported(path):
        check(path)
    return Results(path)
