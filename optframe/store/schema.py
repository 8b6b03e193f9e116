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
from optframe.errors import encodable

__all__ = [
    "APPLICATION",
    "FORMAT",
    "FORMATS",
    "TABLES",
    "columns_of",
    "create",
    "environment_id",
    "insert",
    "integer",
    "migrate",
    "name_of",
    "rows_of",
    "selected",
    "settings_id",
    "storable",
    "study_of",
    "tuning_id",
    "version_of",
]

APPLICATION = 0x6F667231
"""The application id in SQLite's header, which marks a file as a store: ``ofr1``."""

FORMAT = 5

LARGEST_INTEGER = 2**63 - 1
"""The largest that SQLite holds as an integer."""

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
    "seed INTEGER NOT NULL, closed INTEGER NOT NULL, winner TEXT, reason TEXT",
}

_SINCE = {
    "settings": 4,
    "tunings": 5,
    "curves.path": 5,
    **{f"trials.{column.name}": column.since for column in TRIALS},
}
"""The first formats of tables and of their columns, where it is not the first of all."""

FORMATS = range(1, FORMAT + 1)
"""The formats that can be read."""


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
        for row in connection.execute(text, values):
            yield dict(zip(names, row, strict=True))


def storable(value: Any) -> Any:
    """Return a value as a row holds it, if SQLite cannot hold it as it is.

    A whole number beyond 64 bits is hexadecimal text: SQLite converts decimal digits to a float,
    and does not convert these. Lone surrogates of a text are escaped.
    """
    if isinstance(value, int) and value > LARGEST_INTEGER:
        return hex(value)
    return encodable(value) if isinstance(value, str) else value


def integer(value: Any) -> Any:
    """Return the whole number that `storable` made text of; any other value as it is."""
    found = isinstance(value, str) and re.fullmatch("0x[0-9a-f]{16,32}", value)
    return int(value, 16) if found else value


def insert(
    connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, Any]], or_: str = ""
) -> None:
    """Insert rows into a table; ``or_`` is what SQLite does on a conflict, ``"OR IGNORE"``."""
    names = columns_of(table)
    marks = ", ".join("?" * len(names))
    values = ([row[name] for name in names] for row in rows)
    connection.executemany(f"INSERT {or_} INTO {table} VALUES ({marks})", values)


def study_of(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return the study's name, seeds, budget and settings; nothing if there is no study."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'study'").fetchone()
    return json.loads(row[0]) if row else {}


def name_of(row: Mapping[str, Any]) -> str:
    """Return what messages call the trial of a row."""
    return trial_name(row["optimizer"], row["problem"], row["sampler"], row["seed"])


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
    for table, declared in TABLES.items():
        before = columns_of(table, version)
        if before == columns_of(table):
            continue
        connection.execute(f"CREATE TABLE later ({declared})")
        if before:
            connection.execute(f"INSERT INTO later SELECT {selected(table, version)} FROM {table}")
            connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE later RENAME TO {table}")
    connection.execute("DROP INDEX IF EXISTS trials_by_cell")
    connection.execute(_INDEX)


_BEFORE = {column.name: column.before for column in TRIALS}

_INDEX = "CREATE INDEX trials_by_cell ON trials (cell)"
