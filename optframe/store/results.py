"""Reads a store: tidy frames of the trials in the latest plan, and the trials themselves."""

from __future__ import annotations

import copy
import dataclasses
import json
import zlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optframe.contracts.columns import COUNT_COLUMNS, TRIALS
from optframe.contracts.costs import DEFAULT, OFFERED, check_cost
from optframe.contracts.record import Landscape
from optframe.contracts.trial import Budget, Checkpoints, Component, Trial
from optframe.errors import StoreError, UsageError, nearest
from optframe.given_files import expanded
from optframe.store.file import STORE_NAME, check, reading, reported
from optframe.store.paths import StoredPaths, read_paths
from optframe.store.schema import integer, rows_of, selected, study_of, version_of

if TYPE_CHECKING:
    import pandas as pd

    from optframe.statistics.standings import Standings

__all__ = ["Results", "load", "read_curves", "read_tasks", "read_trials", "task_of"]


def read_trials(path: Path) -> pd.DataFrame:
    """Read the trials, one row each, in the order of the plan."""
    import pandas as pd

    with reading(path) as connection:
        cursor = connection.execute(
            f"SELECT {selected('trials', version_of(connection))} FROM trials "
            "WHERE position IS NOT NULL ORDER BY position"
        )
        names = [column[0] for column in cursor.description]
        frame = pd.DataFrame(cursor.fetchall(), columns=names)
    stored = frame[[column.name for column in TRIALS if not column.shown]]
    frame = frame.drop(columns=[*stored])
    for name, prefix in (("final", ""), ("best", "best_")):
        values = [json.loads(t) if isinstance(t, str) else {} for t in stored[name]]
        metrics = pd.DataFrame(values, index=frame.index, dtype=float).add_prefix(prefix)
        frame = pd.concat([frame, metrics], axis=1)
    if not pd.api.types.is_integer_dtype(frame["study_seed"]):  # some are beyond 64 bits
        seeds = [integer(seed) for seed in frame["study_seed"]]
        frame["study_seed"] = pd.Series(seeds, frame.index, object)
    for column in TRIALS:
        if column.is_float:
            frame[column.name] = frame[column.name].astype(float)
    return frame


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
        heads = pd.DataFrame(cursor.fetchall(), columns=[*identity, "columns", "rows"])
        lengths = heads["rows"].to_numpy(int)
        columns = {text: json.loads(text) for text in dict.fromkeys(heads["columns"])}
        every = list(dict.fromkeys(n for names in columns.values() for n in names) or COUNT_COLUMNS)
        table = np.empty((len(every), lengths.sum()))
        places = {text: [every.index(n) for n in names] for text, names in columns.items()}
        begin = 0
        for text, length, data in connection.execute(
            f"SELECT columns, rows, data FROM {chosen} ORDER BY position"
        ):
            values = np.frombuffer(zlib.decompress(data), "<f8").reshape(-1, length)
            block = table[:, begin : begin + length]
            block[places[text]] = values
            if len(values) < len(every):
                block[[i for i in range(len(every)) if i not in places[text]]] = np.nan
            begin += length
    whose = np.repeat(np.arange(len(heads)), lengths)
    named = {name: heads[name].astype(kind).array.take(whose) for name, kind in kinds.items()}
    measured = dict(zip(every, table, strict=True))
    return pd.DataFrame({**named, **measured, "step": measured["step"].astype("int64")}, copy=False)


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
    """Return the trial of a row of ``trials`` joined with its ``settings``."""
    budget = json.loads(row["budget"])
    if budget["target"] is not None and not isinstance(budget["target"], float | int):
        budget["target"] = dict([budget["target"]])
    given = {part.name: row[part.name] for part in dataclasses.fields(Trial) if part.name in row}
    return Trial(
        **given
        | {
            "study_seed": integer(row["study_seed"]),
            "optimizer": Component(row["optimizer_name"], row["hyperparameters"], row["optimizer"]),
            "problem": Component(row["problem_name"], row["problem_parameters"], row["problem"]),
            "sampler": Component(row["sampler_name"], row["sampler_parameters"], row["sampler"]),
            "budget": Budget(**budget),
            "checkpoints": Checkpoints(**json.loads(row["checkpoints"])),
            "measure": tuple(json.loads(row["measure"])),
            "profile": bool(row["profile"]),
            "skip": row["reason"] if row["status"] == "skipped" else None,
        }
    )


def _unpack(blob: bytes) -> Landscape:
    head, _, data = zlib.decompress(blob).partition(b"\n")
    arrays, begin = [], 0
    for shape in json.loads(head):
        length = int(np.prod(shape))
        arrays.append(np.frombuffer(data, "<f8", length, begin).reshape(shape))
        begin += 8 * length
    return Landscape(tuple(arrays[:-1]), arrays[-1])


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
        return {key: _unpack(blob) for key, blob in rows}

    @cached_property
    def study(self) -> dict[str, Any]:
        """The study: name, seed, seeds, budget, time, and the cost and metric of its reports."""
        with reading(self.path) as connection:
            return study_of(connection)

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
        query = "SELECT description FROM environments ORDER BY id"
        with reading(self.path) as connection:
            rows = connection.execute(query).fetchall()
        return [json.loads(description) for (description,) in rows]


def load(folder: str | Path) -> Results:
    """Read the results of a folder, or of a store's file.

    Raises
    ------
    StoreError
        If there is no store, or it cannot be read.
    """
    path = expanded(folder)
    path = path / STORE_NAME if path.is_dir() else path
    if not path.exists():
        raise StoreError(f"{path}: found no results; expected the folder of `optframe run --out`")
    with reported(path):
        check(path)
    return Results(path)
