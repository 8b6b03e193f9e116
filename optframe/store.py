"""The store's writing end: one SQLite file that holds the records of a study.

Tables: ``meta`` (the study), ``trials`` (one row per planned trial), ``curves`` (one compact blob
per trial), ``environments``, ``lock`` (who is writing). Only one process writes; others may read
while it does. Nothing in it is ever unpickled.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.checkpoints import Landscape
from optframe.errors import StoreError
from optframe.record import FINAL_COUNTS, PROFILE_COLUMNS, Record, rises
from optframe.store_file import APPLICATION, FORMAT, STORE_NAME, check, reported

if TYPE_CHECKING:
    from optframe.study import Trial

__all__ = ["Store"]

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE environments (id TEXT PRIMARY KEY, description TEXT NOT NULL);
CREATE TABLE lock (only INTEGER PRIMARY KEY CHECK (only = 1), host TEXT, process INTEGER);
CREATE TABLE trials (
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
    environment TEXT REFERENCES environments (id)
);
CREATE INDEX trials_by_cell ON trials (cell);
CREATE TABLE curves (
    key TEXT PRIMARY KEY REFERENCES trials (key),
    columns TEXT NOT NULL, rows INTEGER NOT NULL, data BLOB NOT NULL,
    landscape BLOB
);
"""


class Store:
    """The writing end: opened by one process at a time, closed as one self-contained file."""

    def __init__(self, folder: Path, take_over: bool = False) -> None:
        self.path = folder / STORE_NAME
        with reported(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            existing = [p for p in (self.path,) if p.exists() and p.stat().st_size]
            if existing:
                check(self.path)
            self._connection = sqlite3.connect(self.path, isolation_level=None)
            try:
                if not existing:
                    with self._transaction():  # before WAL, so that a kill leaves all or nothing
                        self._create()
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = FULL")
                with self._transaction():
                    self._lock(take_over)
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Leave one self-contained file, without a lock.

        While somebody else is reading, what SQLite keeps beside the file stays there; nothing is
        lost, and the next one to close the store tidies up.
        """
        with reported(self.path), contextlib.closing(self._connection):
            with self._transaction():
                self._connection.execute("DELETE FROM lock")
            self._connection.execute("PRAGMA busy_timeout = 0")
            with contextlib.suppress(sqlite3.OperationalError):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._connection.execute("PRAGMA journal_mode = DELETE")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def plan(self, trials: Sequence[Trial], study: Mapping[str, Any]) -> set[str]:
        """Add the planned trials that are not there yet; return the keys that still have to run.

        Trials of an earlier plan keep their records; they have no position in this one, and
        reading leaves them out. Trials that failed, crashed or timed out run again.
        """
        with reported(self.path), self._transaction():
            self._connection.execute(
                "INSERT OR REPLACE INTO meta VALUES ('study', ?)", (json.dumps(study),)
            )
            self._connection.execute("DELETE FROM trials WHERE status = 'planned'")
            self._connection.execute("UPDATE trials SET position = NULL")
            for position, trial in enumerate(trials):
                row = _trial_row(trial, position)
                self._connection.execute(
                    f"INSERT INTO trials ({', '.join(row)}) VALUES ({_marks(row)}) "
                    "ON CONFLICT (key) DO UPDATE SET position = excluded.position, "
                    "optimizer = excluded.optimizer, problem = excluded.problem, "
                    "sampler = excluded.sampler",
                    tuple(row.values()),
                )
            done = {
                key
                for (key,) in self._connection.execute(
                    "SELECT key FROM trials WHERE status NOT IN ('planned', 'failed', 'crashed', "
                    "'timeout')"
                )
            }
        return {trial.key for trial in trials} - done

    def save(
        self, records: Iterable[Record], environment: Mapping[str, Any], sync: bool = True
    ) -> None:
        """Write records in one transaction: all of them are there, or none.

        With ``sync`` they are on the disk when this returns, and so is all that was saved before.
        Without, they survive the death of this process, but perhaps not that of the machine.
        """
        description = json.dumps(environment, sort_keys=True)
        identity = f"{zlib.crc32(description.encode()):08x}"
        with reported(self.path):
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
        with reported(self.path), self._transaction():
            self._connection.execute(
                "INSERT OR IGNORE INTO environments VALUES (?, ?)", (identity, description)
            )
            for record in records:
                row = {**_record_row(record), "environment": identity}
                self._connection.execute(
                    f"UPDATE trials SET {', '.join(f'{name} = ?' for name in row)} WHERE key = ?",
                    (*row.values(), record.key),
                )
                self._connection.execute(
                    "INSERT OR REPLACE INTO curves VALUES (?, ?, ?, ?, ?)",
                    (
                        record.key,
                        json.dumps(record.columns),
                        len(record.curve),
                        zlib.compress(np.ascontiguousarray(record.curve.T, "<f8").tobytes(), 1),
                        _pack(record.landscape),
                    ),
                )

    def _create(self) -> None:
        self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
        self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        for statement in filter(str.strip, _SCHEMA.split(";")):
            self._connection.execute(statement)

    def _lock(self, take_over: bool) -> None:
        host, process = socket.gethostname(), os.getpid()
        row = self._connection.execute("SELECT host, process FROM lock").fetchone()
        busy = row is not None and (row[0] != host or (row[1] != process and _alive(row[1])))
        if busy and not take_over:
            raise StoreError(
                f"{self.path}: process {row[1]} on {row[0]} is writing to it; wait for it, or "
                "choose another folder with --out; if you know that it is gone, add --take-over"
            )
        self._connection.execute("INSERT OR REPLACE INTO lock VALUES (1, ?, ?)", (host, process))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _trial_row(trial: Trial, position: int) -> dict[str, Any]:
    metric, target = trial.budget.goal or (None, None)
    return {
        "key": trial.key,
        "cell": trial.cell,
        "position": position,
        "optimizer": trial.optimizer.label,
        "optimizer_name": trial.optimizer.name,
        "hyperparameters": trial.optimizer.parameters,
        "problem": trial.problem.label,
        "problem_name": trial.problem.name,
        "problem_parameters": trial.problem.parameters,
        "sampler": trial.sampler.label,
        "sampler_name": trial.sampler.name,
        "sampler_parameters": trial.sampler.parameters,
        "seed": trial.seed,
        "study_seed": trial.study_seed,
        "budget": str(trial.budget),
        "start": trial.start,
        "backend": trial.backend,
        "dtype": trial.dtype,
        "threads": trial.threads,
        "target_metric": metric,
        "target": target,
    }


def _record_row(record: Record) -> dict[str, Any]:
    finals = {name: record.last(name) for name in record.metrics}
    with np.errstate(all="ignore"):
        best = {name: _best(record, name) for name in record.metrics}
    row: dict[str, Any] = {
        name: _number(record.last(column)) for name, column in FINAL_COUNTS.items()
    }
    return row | {
        "status": record.status,
        "reason": record.reason,
        "traceback": record.traceback,
        "derived_seed": record.derived_seed,
        "seconds": record.seconds,
        **{name: record.last(name) for name in PROFILE_COLUMNS},
        "compile_seconds": record.compile_seconds,
        "state_bytes": record.state_bytes,
        "step_bytes": record.step_bytes,
        "size": record.size,
        "minimum": record.minimum,
        "final": json.dumps(finals),
        "best": json.dumps(best),
        "started": record.started,
        "together": record.together,
    }


def _best(record: Record, metric: str) -> float | None:
    values = record.curve[:, record.columns.index(metric)]
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    return float(values.max() if rises(metric) else values.min())


def _number(value: float | None) -> float | int | None:
    if value is None or np.isnan(value):
        return None
    return int(value) if float(value).is_integer() else value


def _pack(grid: Landscape | None) -> bytes | None:
    if grid is None:
        return None
    arrays = [np.ascontiguousarray(a, "<f8") for a in (*grid.axes, grid.loss)]
    head = json.dumps([list(array.shape) for array in arrays]).encode()
    return zlib.compress(head + b"\n" + b"".join(array.tobytes() for array in arrays), 1)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _marks(items: Any) -> str:
    return ", ".join("?" * len(items))
