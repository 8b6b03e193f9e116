"""The tables and columns of a store, and the migration of older formats to this one.

Tables: ``meta`` (the study), ``trials`` (one row per planned trial), ``settings`` (the rest of the
trials' specifications, which many trials share, so that each can run again), ``curves`` (one
compact blob per trial), ``tunings`` (one row for each search of a contender's hyperparameters),
``environments``, ``lock`` (the process that is writing).
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from optframe.contracts.columns import TRIALS
from optframe.contracts.trial import trial_name
from optframe.errors import encodable, visible
from optframe.store.values import (
    LARGEST,
    checked,
    chunks,
    declared,
    environment_in,
    object_in,
    wrong,
)

__all__ = [
    "APPLICATION",
    "FORMAT",
    "FORMATS",
    "TABLES",
    "checked_columns",
    "columns_of",
    "create",
    "environment_id",
    "environments_of",
    "foreign",
    "insert",
    "migrate",
    "name_of",
    "of_stage",
    "rows_of",
    "selected",
    "settings_id",
    "storable",
    "study_in",
    "study_of",
    "tuning_id",
    "version_of",
]

APPLICATION = 0x6F667231
"""The application id in SQLite's header, which marks a file as a store: ``ofr1``."""

FORMAT = 6

TABLES = {
    "meta": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
    "environments": "id TEXT PRIMARY KEY, description TEXT NOT NULL",
    "settings": "id TEXT PRIMARY KEY, budget TEXT NOT NULL, checkpoints TEXT NOT NULL, "
    "measure TEXT NOT NULL, profile INTEGER NOT NULL, code TEXT NOT NULL",
    "lock": "only INTEGER PRIMARY KEY CHECK (only = 1), host TEXT, process INTEGER",
    "trials": ", ".join(f"{column.name} {column.sql}" for column in TRIALS),
    "curves": "key TEXT PRIMARY KEY REFERENCES trials (key), columns TEXT NOT NULL, "
    "rows INTEGER NOT NULL, data BLOB NOT NULL, landscape BLOB, path BLOB",
    "tunings": "id TEXT PRIMARY KEY, contender TEXT NOT NULL, problem TEXT NOT NULL, "
    "sampler TEXT NOT NULL, study INTEGER NOT NULL, space TEXT NOT NULL, tuner TEXT NOT NULL, "
    "seed INTEGER NOT NULL, closed INTEGER NOT NULL, winner TEXT, reason TEXT, proposals TEXT, "
    "position INTEGER",
}

_SINCE = {
    "settings": 4,
    "tunings": 5,
    "tunings.proposals": 6,
    "tunings.position": 6,
    "curves.path": 5,
    **{f"trials.{column.name}": column.since for column in TRIALS},
}
"""The first formats of tables and of their columns, where it is not the first of all."""

FORMATS = range(1, FORMAT + 1)
"""The formats that can be read."""

_COLUMNS = {table: declared(table, text) for table, text in TABLES.items()}

_CHUNK = 1000
"""The rows that are checked at a time; fewer of curves, which are large."""


def columns_of(table: str, version: int = FORMAT) -> tuple[str, ...]:
    """Return the columns of a table, in their order in the file; none where it has no such one."""
    if _SINCE.get(table, 1) > version:
        return ()
    names = [column.split()[0] for column in TABLES[table].split(",")]
    return tuple(name for name in names if _SINCE.get(f"{table}.{name}", 1) <= version)


def selected(table: str, version: int = FORMAT) -> str:
    """Return the SQL expressions that select this format's columns from a table of an older one.

    Columns that the older format lacks are NULL, or the value that is known for it.
    """
    there = columns_of(table, version)
    return ", ".join(
        name if name in there else f"{_BEFORE.get(name, 'NULL')} AS {name}"
        for name in columns_of(table)
    )


def rows_of(
    connection: sqlite3.Connection, table: str, rest: str = "", *values: Any
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table in this format's columns, whatever the store's format is."""
    version = version_of(connection)
    names = columns_of(table)
    if columns_of(table, version):
        text = f"SELECT {selected(table, version)} FROM {table} {rest}"
        rows = connection.execute(text, values)
        for chunk in chunks(rows, 1 if table == "curves" else _CHUNK):
            checked_columns(table, names, [*zip(*chunk, strict=True)])
            for row in chunk:
                yield dict(zip(names, row, strict=True))


def checked_columns(
    table: str,
    names: Sequence[str],
    found: Sequence[tuple[Any, ...]],
    unread: Sequence[str] = (),
    shown: bool = False,
) -> Sequence[tuple[Any, ...]]:
    """Return columns of a table; raise `ValueError` for a wrong value: see `values.checked`."""
    return checked(table, _COLUMNS[table], names, found, unread, shown)


def foreign(connection: sqlite3.Connection, version: int) -> str | None:
    """Return what a file has beside a store's tables and indexes, or what it lacks; else None.

    Views, triggers, virtual tables, computed columns and conditions are code that SQLite runs, so
    that each table must be declared as optframe declares it.
    """
    missing = {table for table in TABLES if columns_of(table, version)}
    for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_schema"):
        if kind == "index" and (sql is None or " ".join(str(sql).split()) == _INDEX):
            continue
        if kind != "table" or name not in missing:
            return f"found the {ascii(kind)[1:-1]} {name!a}"
        if _parts(sql) != {f"{table} {part}" for table, part in _declared(name, version)}:
            return f"found another declaration of the table {name!r}"
        missing.remove(name)
    return f"found no table {min(missing)!r}" if missing else None


def _declared(table: str, version: int) -> Iterator[tuple[str, str]]:
    """Yield the table's name with the declaration of each of its columns in a format."""
    there = columns_of(table, version)
    for part in TABLES[table].split(","):
        if part.split()[0] in there:
            yield table, part.strip()


def _parts(sql: object) -> set[str]:
    """Return the declarations of a table's columns, each after the table's name."""
    text = " ".join(str(sql).split())
    found = re.fullmatch(r'CREATE TABLE "?(\w+)"? ?\((.*)\)', text)
    return {f"{found[1]} {part.strip()}" for part in found[2].split(",")} if found else set()


def storable(value: Any) -> Any:
    """Return a value as a row holds it, if SQLite cannot hold it as it is.

    A whole number beyond 64 bits is hexadecimal text: SQLite converts decimal digits to a float,
    and does not convert these. Lone surrogates of a text are escaped.
    """
    if isinstance(value, int) and value > LARGEST:
        return hex(value)
    return encodable(value) if isinstance(value, str) else value


def insert(
    connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]], or_: str = ""
) -> None:
    """Insert rows into a table; ``or_`` is what SQLite does on a conflict, ``"OR IGNORE"``."""
    names = columns_of(table)
    marks = ", ".join("?" * len(names))
    values = ([row[name] for name in names] for row in rows)
    connection.executemany(f"INSERT {or_} INTO {table} VALUES ({marks})", values)


def study_of(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the study's name, seeds, budget and settings; nothing if there is no study.

    Raises
    ------
    ValueError
        If it is no table of these; the message names table, row and column.
    """
    row = connection.execute("SELECT value FROM meta WHERE name = 'study'").fetchone()
    return {} if row is None else study_in(row[0])


def study_in(text: object) -> dict[str, Any]:
    """Return the study in a text of the table ``meta``; raise `ValueError` if it is none."""
    try:
        study = object_in(text)
    except ValueError as error:
        raise wrong("meta", "study", "value", text, str(error)) from error
    for name in ("name", "budget", "start", "cost", "metric"):
        if not isinstance(study.get(name), str | None):
            expected = f"a text or nothing as the study's {name}"
            raise wrong("meta", "study", "value", study[name], expected)
    return study


def environments_of(connection: sqlite3.Connection) -> dict[str, dict[str, Any]]:
    """Return the descriptions of environments by their names; their texts are `visible`."""
    rows = sorted(rows_of(connection, "environments"), key=lambda row: str(row["id"]))
    return {row["id"]: visible(environment_in(row["description"])) for row in rows}


def name_of(row: Mapping[str, Any]) -> str:
    """Return what messages call the trial of a row."""
    return trial_name(row["optimizer"], row["problem"], row["sampler"], row["seed"])


def of_stage(connection: sqlite3.Connection, stage: str) -> str:
    """Return the SQL condition that a row of ``trials`` is of the stage ``tune`` or ``final``.

    A row whose stage is neither counts as final, where it is found to be wrong.
    """
    if "stage" not in columns_of("trials", version_of(connection)):
        return "0" if stage == "tune" else "1"
    return f"stage IS {'' if stage == 'tune' else 'NOT '}'tune'"


def version_of(connection: sqlite3.Connection) -> int:
    """Return a store's format."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def environment_id(description: str) -> str:
    """Return the name of an environment: a checksum of its description."""
    return f"{zlib.crc32(description.encode()):08x}"


def settings_id(values: Sequence[Any]) -> str:
    """Return the name of settings: the hash of their other columns."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()[:16]


def tuning_id(row: Mapping[str, Any]) -> str:
    """Return the name of a tuning: the hash of what was tuned, and how."""
    names = columns_of("tunings")
    return settings_id([row[name] for name in names[1 : names.index("closed")]])


def create(connection: sqlite3.Connection) -> None:
    """Create the tables, inside a transaction that the caller has begun."""
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({columns})")
    connection.execute(_INDEX)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Convert the tables of an older format to this one, in the caller's transaction.

    Nothing is lost. Tables are created anew, so that columns have the same order in every file.
    """
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    for table, text in TABLES.items():
        before = columns_of(table, version)
        if before == columns_of(table):
            continue
        connection.execute(f"CREATE TABLE later ({text})")
        if before:
            connection.execute(f"INSERT INTO later SELECT {selected(table, version)} FROM {table}")
            connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE later RENAME TO {table}")
    connection.execute("DROP INDEX IF EXISTS trials_by_cell")
    connection.execute(_INDEX)


_BEFORE = {column.name: column.before for column in TRIALS}

_INDEX = "CREATE INDEX trials_by_cell ON trials (cell)"
