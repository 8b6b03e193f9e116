"""Merges the stores of several machines into one, if they do not contradict each other."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from optframe.contracts.columns import TIMES, TRIALS
from optframe.errors import UsageError
from optframe.store.curves import numbers_of
from optframe.store.file import check, making, reading, reported
from optframe.store.merged_tunings import merged_tunings
from optframe.store.schema import insert, name_of, rows_of, study_of

__all__ = ["Merged", "merge"]

LABELS = tuple(column.name for column in TRIALS if column.identity and column.replanned)

AGAIN = ("failed", "crashed", "timeout")
"""The statuses of trials that run again with their study; a result with another is preferred."""

SHOWN = 10
"""The number of contradictions that are listed; the others are counted."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Merged:
    """The number of trials in a merged store, and how many of them have ended.

    ``shared`` of them had ended in more than one store. ``measured`` of these have budgets in
    seconds, so that their results may differ, and do; the first one is kept.
    """

    path: Path
    trials: int
    ended: int
    shared: int
    measured: int


def merge(paths: Sequence[Path], target: Path) -> Merged:
    """Write the contents of the stores at ``paths`` into a new one, the file ``target``.

    If a trial ended in several stores, its status, counts and curve must be equal to the bit; times
    are not compared. The first one is kept. A trial that ended in any of the stores has ended. A
    tuning that is closed in any of them is closed. If stores contradict each other (one trial with
    two results, two trials of one name, one tuning with two winners), nothing is written, and a
    `UsageError` has a line per contradiction.
    """
    with contextlib.ExitStack() as stack:
        stores = [stack.enter_context(_Source.opened(path)) for path in paths]
        chosen = _Chosen()
        for number, store in enumerate(stores):
            for row in store.trials():
                chosen.take(number, row, stores)
        tunings, mistakes = merged_tunings({one.path: [*one.rows("tunings")] for one in stores})
        mistakes = [*chosen.contradictions, *_namesakes(chosen, stores), *mistakes]
        if mistakes:
            more = len(mistakes) - SHOWN
            raise UsageError(*mistakes[:SHOWN], *([f"and {more} more like these"] * (more > 0)))
        with making(target) as connection:
            _write(connection, chosen, stores)
            insert(connection, "tunings", tunings)
    ended = sum(row["status"] != "planned" for _, row in chosen.rows.values())
    return Merged(target, len(chosen.rows), ended, chosen.shared, chosen.measured)


@dataclass(frozen=True)
class _Source:
    """A store that is merged."""

    path: Path
    connection: sqlite3.Connection

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path) -> Iterator[_Source]:
        with reported(path):
            check(path)
        with reading(path) as connection:
            yield cls(path, connection)

    def rows(self, table: str, rest: str = "", *values: Any) -> Iterator[Row]:
        return rows_of(self.connection, table, rest, *values)

    def trials(self) -> Iterator[Row]:
        return self.rows("trials", "ORDER BY position IS NULL, position")

    def curve(self, key: str) -> Row | None:
        return next(self.rows("curves", "WHERE key = ?", key), None)


@dataclass
class _Chosen:
    """The row that is kept of each trial, with the index of its store."""

    rows: dict[str, tuple[int, Row]] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    shared: int = 0
    measured: int = 0

    def take(self, number: int, row: Row, stores: Sequence[_Source]) -> None:
        key = row["key"]
        if key not in self.rows:
            self.rows[key] = number, row
            return
        first, kept = self.rows[key]
        is_better = _rank(row) > _rank(kept)
        if _rank(row) == _rank(kept) == 2:
            self.shared += 1
            difference = _difference(kept, row, stores[first], stores[number])
            if difference and _is_timed(row):
                self.measured += 1
            elif difference:
                self.contradictions.append(
                    f"{name_of(row)}: {difference}, in {stores[first].path} and in "
                    f"{stores[number].path}"
                )
        labels = {name: kept[name] for name in LABELS}
        labels["position"] = row["position"] if kept["position"] is None else kept["position"]
        self.rows[key] = (number, {**row, **labels}) if is_better else (first, {**kept, **labels})


def _rank(row: Row) -> int:
    """Return 0 for a planned trial, 1 for one that runs again with its study, 2 for a final end."""
    return {"planned": 0, **dict.fromkeys(AGAIN, 1)}.get(row["status"], 2)


def _difference(one: Row, other: Row, first: _Source, second: _Source) -> str | None:
    """Say in what two records of a trial contradict each other, if they do."""
    for name in (column.name for column in TRIALS if column.repeats):
        if one[name] != other[name]:
            return f"{name} is {one[name]!r} and {other[name]!r}"
    curves = [_columns(store.curve(one["key"])) for store in (first, second)]
    if [*curves[0]] != [*curves[1]]:
        return f"curves have the columns {', '.join(curves[0])} and {', '.join(curves[1])}"
    for name, values in curves[0].items():
        if values.tobytes() != curves[1][name].tobytes():
            bits = [column.view(np.int64) for column in (values, curves[1][name])]
            if bits[0].shape != bits[1].shape:
                return f"curves have {len(bits[0])} and {len(bits[1])} checkpoints"
            where = int(np.flatnonzero(bits[0] != bits[1])[0])
            return f"{name} is {values[where]!r} and {curves[1][name][where]!r}, checkpoint {where}"
    return None


def _columns(row: Row | None) -> dict[str, Any]:
    """Return a curve's columns by name, without those of times."""
    if row is None:
        return {}
    names, values = numbers_of(row)
    return {name: v for name, v in zip(names, values, strict=True) if name not in TIMES}


def _is_timed(row: Row) -> bool:
    """Whether a trial has a budget in seconds, so that its results differ in each run."""
    return any(part.split()[0] == "seconds" for part in row["budget"].split(", "))


def _namesakes(chosen: _Chosen, stores: Sequence[_Source]) -> Iterator[str]:
    """Yield a line for different trials of one name, which tables and figures would mix up."""
    named: dict[tuple[Any, ...], tuple[int, Row]] = {}
    for number, row in chosen.rows.values():
        if row["position"] is None:
            continue
        name = tuple(row[label] for label in (*LABELS, "seed", "stage", "study", "number"))
        first, other = named.setdefault(name, (number, row))
        if other["key"] != row["key"]:
            asked = [_asked(other, stores[first]), _asked(row, stores[number])]
            differ = [what for what in asked[0] if asked[0][what] != asked[1].get(what)]
            yield (
                f"{name_of(row)}: two different trials have this name, in {stores[first].path} and "
                f"in {stores[number].path}; they differ in {', '.join(differ) or 'their keys'}"
            )


def _asked(row: Row, store: _Source) -> Row:
    """Return what makes a trial the one that it is."""
    settings = next(store.rows("settings", "WHERE id = ?", row["settings"]), {"code": None})
    hashes = ("key", "cell")
    names = [c.name for c in TRIALS if c.when == "planned" and c.of and c.name not in hashes]
    asked = {name: row[name] for name in names} | settings
    return {name: value for name, value in asked.items() if name != "id"}


def _write(connection: sqlite3.Connection, chosen: _Chosen, stores: Sequence[_Source]) -> None:
    for table in ("environments", "settings"):
        for store in stores:
            insert(connection, table, store.rows(table), "OR IGNORE")
    position = 0
    for number, row in chosen.rows.values():
        place = None if row["position"] is None else position
        position += place is not None
        insert(connection, "trials", [{**row, "position": place}], "OR IGNORE")
        curve = stores[number].curve(row["key"])
        if curve is not None:
            insert(connection, "curves", [curve], "OR IGNORE")
    meta = {"study": json.dumps(_study(stores)), "planned": str(position)}
    insert(connection, "meta", ({"name": name, "value": meta[name]} for name in meta), "OR IGNORE")


def _study(stores: Sequence[_Source]) -> Row:
    """Return the study's data: the value in which all stores agree, else all values as a text."""
    studies = [study_of(store.connection) for store in stores]
    merged: Row = {}
    for name in dict.fromkeys(name for one in studies for name in one):
        values = [one[name] for one in studies if name in one]
        different = [*{json.dumps(value): value for value in values}.values()]
        joined = "; ".join(map(str, different))
        merged[name] = different[0] if len(different) == 1 else joined
    return merged
