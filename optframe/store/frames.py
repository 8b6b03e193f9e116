"""Reads the tables of a store into frames: one row per trial, and one per checkpoint."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.contracts.columns import COUNT_COLUMNS, TRIALS
from optframe.errors import visible
from optframe.store.curves import check_steps, curve_in
from optframe.store.file import reading, size_of
from optframe.store.schema import (
    checked_columns,
    columns_of,
    of_stage,
    rows_of,
    selected,
    version_of,
)
from optframe.store.tunings import TUNED, tuning_from
from optframe.store.values import justified, metrics_in, names_in, wrong

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_curves", "read_trials", "read_tunings", "trials_in", "tunings_in"]

MOST_METRICS = 1000
"""The number of metrics, of all trials together, that a store can have."""


def read_trials(path: Path, stage: str = "final") -> pd.DataFrame:
    """Read the trials of a stage, one row each, in the order of the plan."""
    with reading(path) as connection:
        return trials_in(connection, path, stage)


def trials_in(connection: sqlite3.Connection, path: Path, stage: str = "final") -> pd.DataFrame:
    """Read the trials of a stage from the open store at ``path``: see `read_trials`."""
    import pandas as pd

    names, metrics = columns_of("trials"), {"final": "", "best": "best_"}
    rows = connection.execute(
        f"SELECT {selected('trials', version_of(connection))} FROM trials "
        f"WHERE position IS NOT NULL AND {of_stage(connection, stage)}"
    ).fetchall()
    found = [*zip(*rows, strict=True)]
    shown = checked_columns("trials", names, found, [*metrics], shown=True)
    rows = rows if shown is found else [*zip(*shown, strict=True)]
    rows.sort(key=itemgetter(names.index("position")))  # faster than to let SQLite do it
    frame = pd.DataFrame(rows, columns=names)
    frame = frame.drop(columns=[column.name for column in TRIALS if not column.shown])
    frame = frame.astype({column.name: float for column in TRIALS if column.is_float})
    if frame["study_seed"].dtype != np.int64 and rows:  # some are beyond 64 bits
        seeds = [row[names.index("study_seed")] for row in rows]
        frame["study_seed"] = pd.Series(seeds, frame.index, object)
    measured = [
        pd.DataFrame(_metrics(name, names.index(name), rows, path), frame.index, dtype=float)
        for name in metrics
    ]
    prefixed = [one.add_prefix(metrics[name]) for name, one in zip(metrics, measured, strict=True)]
    frame = pd.concat([frame, *prefixed], axis=1)
    if not frame.columns.is_unique:
        raise wrong("trials", "any", "best", "a metric's name", "one that is no column's")
    return frame


def read_tunings(path: Path) -> pd.DataFrame:
    """Read the tunings of the latest plan, one row each, in its order."""
    import pandas as pd

    with reading(path) as connection:
        rows = tunings_in(connection, shown=True)
    names = [name for name in columns_of("tunings") if name not in ("id", "position")]
    rows.sort(key=itemgetter("position"))
    objects = ("space", "tuner", "winner", "reason", "proposals")  # None in them stays None
    return pd.DataFrame(
        {
            name: pd.Series([r[name] for r in rows], dtype=object if name in objects else None)
            for name in names
        }
    )


def tunings_in(
    connection: sqlite3.Connection, shown: bool = False, every: bool = False
) -> list[dict[str, Any]]:
    """Return the tunings of the latest plan in an open store; with ``every``, of all plans."""
    rows = [
        tuning_from(row, shown)
        for row in rows_of(connection, "tunings")
        if every or row["position"] is not None
    ]
    latest = [tuple(row[name] for name in TUNED) for row in rows if row["position"] is not None]
    if len({*latest}) < len(latest):
        twice = next(one for one in latest if latest.count(one) > 1)
        raise wrong("tunings", "all", "contender", twice[0], "one tuning of it in the plan")
    return rows


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
    most = justified(size_of(path))
    if needed > most:
        found = f"{needed} bytes of numbers in all"
        raise wrong(table, row, column, found, f"at most {most} in a file of this size")


def read_curves(path: Path, stage: str = "final") -> pd.DataFrame:
    """Read the curves of a stage, one row per checkpoint, in the order of the plan."""
    import pandas as pd

    kinds = {c.name: int if c.type == "INTEGER" else str for c in TRIALS if c.identity}
    identity = [*kinds]
    with reading(path) as connection:
        trials = f"(SELECT {selected('trials', version_of(connection))} FROM trials)"
        own = f"position IS NOT NULL AND {of_stage(connection, stage)}"
        chosen = f"{trials} JOIN curves USING (key) WHERE rows > 0 AND {own}"
        cursor = connection.execute(
            f"SELECT {', '.join(identity)}, columns, rows FROM {chosen} ORDER BY position"
        )
        found = [*zip(*cursor.fetchall(), strict=True)] or [()] * (len(identity) + 2)
        checked_columns("curves", ("key", "columns", "rows"), [found[0], *found[-2:]])
        _check_none_is_missing(connection, {*found[0]}, own)
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
        # What is not asked for, such as thousands of curves of a tuning, is not read of the file.
        asked = f"+key IN (SELECT key FROM trials WHERE {own})"
        for key, data in connection.execute(
            f"SELECT key, data FROM curves WHERE rows > 0 AND {asked}"
        ):
            if key not in begins:
                continue  # where the file contradicts itself
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


def _check_none_is_missing(connection: sqlite3.Connection, there: set[str], own: str) -> None:
    """Raise if a trial that has counted steps has no curve."""
    query = f"SELECT key FROM trials WHERE steps IS NOT NULL AND {own}"
    for (key,) in connection.execute(query):
        if key not in there:
            raise wrong("curves", key, "key", None, "the curve of this trial, which has steps")
