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
from optframe.store.schema import checked_columns, columns_of, selected, version_of
from optframe.store.values import justified, metrics_in, names_in, wrong

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_curves", "read_trials"]

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
        if frame["study_seed"].dtype != np.int64 and rows:  # some are beyond 64 bits
            seeds = [row[names.index("study_seed")] for row in rows]
            frame["study_seed"] = pd.Series(seeds, frame.index, object)
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
    most = justified(size_of(path))
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
