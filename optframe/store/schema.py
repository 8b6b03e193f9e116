"""The tables and columns of a store, and the migration of older formats to this one.

Tables: ``meta`` (the study), ``trials`` (one row per planned trial), ``settings`` (the rest of the
trials' specifications, which many trials share, so that each can run again), ``curves`` (one
compact blob per trial), ``environments``, ``lock`` (the process that is writing).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Sequence
from typing import Any

__all__ = [
    "APPLICATION",
    "FORMAT",
    "FORMATS",
    "TABLES",
    "columns_of",
    "create",
    "environment_id",
    "migrate",
    "selected",
    "settings_id",
]

APPLICATION = 0x6F667231
"""The application id in SQLite's header, which marks a file as a store: ``ofr1``."""

FORMAT = 4

TABLES = {
    "meta": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
    "environments": "id TEXT PRIMARY KEY, description TEXT NOT NULL",
    "settings": "id TEXT PRIMARY KEY, budget TEXT NOT NULL, checkpoints TEXT NOT NULL, "
    "measure TEXT NOT NULL, profile INTEGER NOT NULL, code TEXT NOT NULL",
    "lock": "only INTEGER PRIMARY KEY CHECK (only = 1), host TEXT, process INTEGER",
    "trials": """
    key TEXT PRIMARY KEY, cell TEXT NOT NULL, position INTEGER,
    optimizer TEXT NOT NULL, optimizer_name TEXT NOT NULL, hyperparameters TEXT NOT NULL,
    problem TEXT NOT NULL, problem_name TEXT NOT NULL, problem_parameters TEXT NOT NULL,
    sampler TEXT NOT NULL, sampler_name TEXT NOT NULL, sampler_parameters TEXT NOT NULL,
    seed INTEGER NOT NULL, study_seed INTEGER NOT NULL, derived_seed INTEGER,
    budget TEXT NOT NULL, start TEXT NOT NULL,
    backend TEXT NOT NULL, dtype TEXT NOT NULL, threads INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'planned', reason TEXT, traceback TEXT,
    steps INTEGER, epochs REAL, samples INTEGER,
    losses REAL, gradients REAL, hessians REAL, hvps REAL,
    seconds REAL, seconds_sampling REAL, seconds_oracle REAL, compile_seconds REAL,
    state_bytes INTEGER, step_bytes INTEGER, size INTEGER, minimum REAL,
    target_metric TEXT, target REAL, final TEXT, best TEXT, started TEXT,
    together INTEGER,
    environment TEXT REFERENCES environments (id), settings TEXT REFERENCES settings (id)
    """,
    "curves": "key TEXT PRIMARY KEY REFERENCES trials (key), columns TEXT NOT NULL, "
    "rows INTEGER NOT NULL, data BLOB NOT NULL, landscape BLOB",
}

_LATER: dict[int, dict[str, tuple[str, ...] | None]] = {
    2: {"trials": ("together",)},
    3: {"trials": ("seconds_sampling", "seconds_oracle", "step_bytes")},
    4: {"trials": ("settings",), "settings": None},
}
"""What each format added to the one before: these columns of a table, or (None) the table."""

FORMATS = range(1, FORMAT + 1)
"""The formats that can be read."""


def columns_of(table: str, version: int = FORMAT) -> tuple[str, ...]:
    """Return the columns of a table in the file's order; () if the format has no such table."""
    later = [changes for since, changes in _LATER.items() if since > version]
    if any(changes.get(table, ()) is None for changes in later):
        return ()
    absent = {name for changes in later for name in changes.get(table) or ()}
    names = [column.split()[0] for column in TABLES[table].split(",")]
    return tuple(name for name in names if name not in absent)


def selected(table: str, version: int = FORMAT) -> str:
    """Return the SQL expressions that select this format's columns from a table of an older one.

    Columns that the older format lacks are NULL, or the value that is known for it.
    """
    there = columns_of(table, version)
    return ", ".join(
        name if name in there else f"{_WITHOUT.get(name, 'NULL')} AS {name}"
        for name in columns_of(table)
    )


def environment_id(description: str) -> str:
    """Return the name of an environment: a checksum of its description."""
    return f"{zlib.crc32(description.encode()):08x}"


def settings_id(values: Sequence[Any]) -> str:
    """Return the name of settings: the hash of their other columns."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()[:16]


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


_WITHOUT = {"together": "CASE status WHEN 'planned' THEN NULL ELSE 1 END"}
"""The value of a column in formats without it: each trial ran alone before batches existed."""

_INDEX = "CREATE INDEX trials_by_cell ON trials (cell)"
