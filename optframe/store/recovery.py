"""Recovery: what SQLite can read in a damaged store, in a new one; the old file is left as it is.

Most of what is found vouches for itself, so that what was changed is not taken for what was
written: an environment and settings are named by their hashes, a trial's key is the hash of what
it is, a curve is compressed with a checksum, and its last row is what the trial's row says.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from optframe.contracts.columns import FINAL_COUNTS, PATH_COLUMNS, TIMES, TRIALS
from optframe.contracts.trial import trial_name
from optframe.errors import StoreError, one_line
from optframe.store.curves import landscape_in, numbers_of
from optframe.store.file import making, reading, reported
from optframe.store.frames import tunings_in
from optframe.store.paths import unpacked
from optframe.store.salvage import Value, readable_rows
from optframe.store.schema import (
    FORMATS,
    checked_columns,
    columns_of,
    environment_id,
    insert,
    name_of,
    rows_of,
    settings_id,
    study_in,
    study_of,
    tuning_id,
)
from optframe.store.tasks import limits_of, task_of
from optframe.store.tunings import later_of, placed, tuning_from
from optframe.store.values import wrong

__all__ = ["MORE", "Recovered", "examine", "recover"]

MORE = "SQLite's own `.recover` may read more: see the documentation, Stores, Damaged stores"

Row = dict[str, Any]

_ASKED = frozenset(column.name for column in TRIALS if column.when == "planned")
"""The columns of a trial that are there before it has run."""


@dataclass(frozen=True)
class Recovered:
    """What a new store holds, and what of the old one it does not, a line for each."""

    path: Path
    trials: int
    planned: int
    curves: int
    lost: tuple[str, ...]


def examine(path: Path) -> dict[str, int]:
    """Return how many trials, by status, a store holds; raise `StoreError` if it is damaged."""
    with reading(path) as connection:
        sound = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if sound != "ok":
            raise StoreError(f"{path}: the file is damaged ({one_line(sound)})")
        study_of(connection)
        statuses: Counter[str] = Counter()
        counted: set[str] = set()
        for row in rows_of(connection, "trials"):
            statuses[row["status"]] += 1
            if row["steps"] is not None:
                counted.add(row["key"])
        tunings_in(connection, every=True)
        for table in ("environments", "settings"):
            for row in rows_of(connection, table):
                if table == "settings":
                    limits_of(row["id"], row["budget"], row["checkpoints"])
        for curve in rows_of(connection, "curves"):
            _numbers(curve)
            counted.discard(curve["key"])
        if counted:
            raise wrong("curves", min(counted), "key", None, "the curve of a trial with steps")
        return dict(statuses)


def recover(path: Path, target: Path) -> Recovered:
    """Write what can be read in the store at ``path`` into a new one, the file ``target``.

    A trial whose curve is lost is to be run again, as is one of which nothing is left. If nothing
    is found, no file is written, and a `StoreError` is raised.
    """
    with reported(path):
        found = _Found(readable_rows(path))
    if not (found.trials or found.curves):
        raise StoreError(
            f"{path}: nothing in it can be read as a store's; no file was written; {MORE}"
        )
    lost: list[str] = []
    kept: dict[str, Row] = {}
    curves: dict[str, Row] = {}
    for key, rows in found.trials.items():
        row, curve = _best(rows, found.curves.get(key, []))
        if row["steps"] is not None and curve is None:
            lost.append(f"{name_of(row)}: its curve")
            row = {name: row[name] if name in _ASKED else None for name in row}
            row["status"] = "planned"
        elif curve is not None:
            curves[key] = curve
        kept[key] = row
    lost += [f"trial {key}: all but its curve" for key in found.curves if key not in kept]
    lost += [line for name, line in found.spoilt.items() if name not in found.tunings]
    lost += _gaps(kept.values(), found.meta)
    identities = dict.fromkeys(row["environment"] for row in kept.values() if row["environment"])
    lost += [f"environment {i}: where trials ran" for i in identities if i not in found.described]
    if "study" not in found.meta:
        lost.append("the study's name and budget")
    tables: dict[str, Iterable[Mapping[str, Any]]] = {
        "meta": [{"name": name, "value": value} for name, value in found.meta.items()],
        "environments": [{"id": i, "description": d} for i, d in found.described.items()],
        "settings": found.settings.values(),
        "tunings": placed(found.tunings.values()),
        "trials": kept.values(),
        "curves": curves.values(),
    }
    with making(target) as connection:
        for table, its in tables.items():
            insert(connection, table, its)
    planned = sum(row["status"] == "planned" for row in kept.values())
    gone = tuple(dict.fromkeys([*found.lost, *lost]))
    return Recovered(target, len(kept) - planned, planned, len(curves), gone)


class _Found:
    """The rows of a file that are a store's, and as they were written."""

    def __init__(self, rows: Iterator[tuple[Value, ...]]) -> None:
        self.meta: dict[str, str] = {}
        self.described: dict[str, str] = {}
        self.settings: dict[str, Row] = {}
        self.tunings: dict[str, Row] = {}
        self.trials: dict[str, list[Row]] = {}
        self.curves: dict[str, list[Row]] = {}
        self.spoilt: dict[str, str] = {}
        """What is wrong with rows of tunings, by their names; another copy may be sound."""
        self.lost: list[str] = []
        trials: list[Row] = []
        widths = {len(columns_of("trials", version)): version for version in FORMATS}
        tuning_widths = {len(columns_of("tunings", version)): version for version in FORMATS[4:]}
        curve_widths = {len(columns_of("curves", version)): version for version in FORMATS}
        for values in rows:
            if len(values) == 2:
                self._take_pair(*values)
            elif len(values) in widths:
                trials.append(_padded("trials", values, widths[len(values)]))
            elif len(values) in curve_widths and isinstance(values[3], bytes):
                self._take_curve(_padded("curves", values, curve_widths[len(values)]))
            elif len(values) == len(columns_of("settings")):
                row = _padded("settings", values)
                if _is_sound("settings", row) and row["id"] == settings_id(values[1:]):
                    self.settings[row["id"]] = row
            elif len(values) in tuning_widths:
                self._take_tuning(_padded("tunings", values, tuning_widths[len(values)]))
        for row in trials:
            if not _is_sound("trials", row):
                continue
            if self._is_itself(row):
                self.trials.setdefault(row["key"], []).append(row)
            else:
                self.lost.append(f"{name_of(row)}: its row is not as it was written")

    def _take_pair(self, name: Value, value: Value) -> None:
        if not (isinstance(name, str) and isinstance(value, str)):
            return
        with contextlib.suppress(ValueError):
            if name == "study":
                study_in(value)
                self.meta[name] = value
            elif name == "planned":
                self.meta[name] = str(int(value))
            elif name == environment_id(value) and _is_environment(name, value):
                self.described[name] = value

    def _take_tuning(self, row: Row) -> None:
        try:
            if not (_is_sound("tunings", row) and row["id"] == tuning_id(row)):
                raise ValueError
            tuning_from(row)
        except ValueError:
            names = (row["contender"], row["problem"], row["sampler"])
            if all(isinstance(name, str) for name in names):
                self.spoilt[str(row["id"])] = f"the tuning of {trial_name(*names)}: all of it"
            return
        kept = self.tunings.get(row["id"], row)
        self.tunings[row["id"]] = later_of(kept, row)

    def _take_curve(self, row: Row) -> None:
        if _is_sound("curves", row) and _curve(row) is not None:
            self.curves.setdefault(row["key"], []).append(row)

    def _is_itself(self, row: Row) -> bool:
        """Whether a trial's key is the hash of what its row says; true where nobody can say."""
        settings = self.settings.get(row["settings"])
        if settings is None:
            return True
        try:
            task = task_of({**row, **settings})
            goal = task.budget.goal or (None, None)
            said = (row["key"], row["cell"], (row["target_metric"], row["target"]))
            return said == (task.key, task.cell, goal)
        except (ValueError, TypeError, KeyError, AttributeError):
            return False


def _best(rows: list[Row], curves: list[Row]) -> tuple[Row, Row | None]:
    """Return a trial's row, and its curve: of several, left over from before, the latest."""
    rows = sorted(rows, key=lambda row: (row["status"] != "planned", row["started"] or ""))
    for row in reversed(rows):
        fitting = [curve for curve in curves if fits(row, curve)]
        if fitting:
            return row, fitting[-1]
    return rows[-1], None


def fits(row: Row, curve: Row) -> bool:
    """Whether a trial's row says what its curve does, at its end and at its best."""
    if row["status"] == "planned":
        return False
    values = _curve(curve)
    if values is None or not len(values):
        return bool(values is not None and row["steps"] is None)
    names = json.loads(curve["columns"])
    last = dict(zip(names, values[-1].tolist(), strict=True))
    said = {  # what neither has, the optframe that wrote them did not count
        column: row[name]
        for name, column in FINAL_COUNTS.items()
        if column in last or row[name] is not None
    }
    said |= json.loads(row["final"] or "{}")
    if not said.keys() <= last.keys() <= {*said, *TIMES, *PATH_COLUMNS}:
        return False
    for name, best in json.loads(row["best"] or "{}").items():
        if name not in names or (best is not None and best not in values[:, names.index(name)]):
            return False
    return all(
        bool(np.isnan(last[name])) if value is None else _same(value, last[name])
        for name, value in said.items()
    )


def _same(one: float, other: float) -> bool:
    return one == other or bool(np.isnan(one) and np.isnan(other))


def _numbers(row: Row) -> Any:
    """Return a curve's numbers, shape (checkpoints, columns); raise `ValueError` for damage."""
    if row["landscape"] is not None:
        landscape_in(row["key"], row["landscape"])
    if row["path"] is not None:
        unpacked(row)
    return numbers_of(row)[1].T


def _curve(row: Row) -> Any:
    """Return a curve's numbers, shape (checkpoints, columns); None where they are damaged."""
    try:
        return _numbers(row)
    except ValueError:
        return None


def _is_sound(table: str, row: Row) -> bool:
    """Whether a row's values are such as the table has."""
    try:
        checked_columns(table, [*row], [(value,) for value in row.values()])
    except ValueError:
        return False
    return True


def _is_environment(name: str, value: str) -> bool:
    return _is_sound("environments", {"id": name, "description": value})


def _padded(table: str, values: tuple[Value, ...], version: int = FORMATS[-1]) -> Row:
    row: Row = dict.fromkeys(columns_of(table))
    if table == "trials":  # what an older format lacks, where it is one text for all trials
        row |= {c.name: c.before.strip("'") for c in TRIALS if c.before.startswith("'")}
    return {**row, **dict(zip(columns_of(table, version), values, strict=True))}


def _gaps(rows: Iterable[Row], meta: Mapping[str, str]) -> Iterator[str]:
    """Name the places in the plan of which nothing is left."""
    there = sorted({row["position"] for row in rows if row["position"] is not None})
    planned = max([int(meta.get("planned", 0)), *(place + 1 for place in there)])
    for before, after in pairwise([-1, *there, planned]):
        first, last = before + 2, after
        if first <= last:
            which = f"trial {first}" if first == last else f"trials {first} to {last}"
            yield f"{which} of {planned} in the plan: all"
