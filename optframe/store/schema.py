"""What is in a store: its tables, column by column, and how older formats become this one.

Tables: ``meta`` (the study), ``trials`` (one row per planned trial), ``settings`` (what trials
have in common beside their columns, so that each can be run again), ``curves`` (one compact blob
per trial), ``environments``, ``lock`` (who is writing).
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
"""What SQLite's header says of whose file it is: ``ofr1``."""

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
"""What each format has and the one before had not: these columns of a table, or all of it."""

FORMATS = range(1, FORMAT + 1)
"""The formats that can be read."""


def columns_of(table: str, version: int = FORMAT) -> tuple[str, ...]:
    """Return the columns of a table, in their order in the file; none where it has no such one."""
    later = [changes for since, changes in _LATER.items() if since > version]
    if any(changes.get(table, ()) is None for changes in later):
        return ()
    absent = {name for changes in later for name in changes.get(table) or ()}
    names = [column.split()[0] for column in TABLES[table].split(",")]
    return tuple(name for name in names if name not in absent)


def selected(table: str, version: int = FORMAT) -> str:
    """Return what SQL selects to get all columns of this format out of a table of another.

    What an older format did not hold is NULL, or what it could only be.
    """
    there = columns_of(table, version)
    return ", ".join(
        name if name in there else f"{_WITHOUT.get(name, 'NULL')} AS {name}"
        for name in columns_of(table)
    )


def environment_id(description: str) -> str:
    """Return the name of an environment: a checksum of what describes it."""
    return f"{zlib.crc32(description.encode()):08x}"


def settings_id(values: Sequence[Any]) -> str:
    """Return the name of settings: the hash of their other columns."""
    return hashlib.sha256(json.dumps(list(values)).encode()).hexdigest()[:16]


def create(connection: sqlite3.Connection) -> None:
    """Make the tables, inside a transaction that somebody else has begun."""
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({columns})")
    connection.execute(_INDEX)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring the tables of an older format to this one, inside somebody else's transaction.

    Nothing is lost. Tables are made anew, so that columns stand in one order in every file.
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
"""What columns are in formats without them: each trial ran alone before some ran together."""

_INDEX = "CREATE INDEX trials_by_cell ON trials (cell)"
