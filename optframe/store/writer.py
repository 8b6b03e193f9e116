"""The store's writing end: one SQLite file that holds the records of a study.

Its tables are in `optframe.store.schema`. Only one process writes; others may read while it does.
Nothing in it is ever unpickled.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import socket
import sqlite3
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.contracts.columns import TRIALS, filled
from optframe.contracts.record import Landscape, Record
from optframe.contracts.trial import canonical
from optframe.errors import StoreError
from optframe.store.file import STORE_NAME, begun, check, reported
from optframe.store.locks import Hold, is_shared
from optframe.store.schema import FORMAT, create, environment_id, migrate, settings_id

if TYPE_CHECKING:
    from optframe.contracts.trial import Trial

__all__ = ["Store"]

JOURNAL = "OPTFRAME_JOURNAL"
"""The environment variable that chooses SQLite's journal, whatever the file system."""

JOURNALS = ("WAL", "DELETE")

_REPLANNED = ", ".join(f"{c.name} = excluded.{c.name}" for c in TRIALS if c.replanned)


class Store:
    """The writing end: opened by one process at a time, closed as one self-contained file."""

    def __init__(self, folder: Path, take_over: bool = False) -> None:
        self.path = folder / STORE_NAME
        with reported(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            there = self.path.exists() and self.path.stat().st_size
            version = check(self.path) if there else FORMAT
            journal = _journal(folder)
            self._connection = sqlite3.connect(self.path, isolation_level=None)
            self._hold = Hold(folder)
            try:
                with begun(self._connection):  # a kill leaves all of it or nothing
                    if not (there or self._is_made()):  # by somebody faster
                        create(self._connection)
                    self._lock(take_over)
                    if version != FORMAT:
                        migrate(self._connection, version)
                self._connection.execute("PRAGMA busy_timeout = 60000")  # of readers' milliseconds
                self._keep_journal(journal)
            except BaseException:
                self._leave()
                raise

    def close(self) -> None:
        """Leave one self-contained file, without a lock.

        While somebody else is reading, what SQLite keeps beside the file stays there; nothing is
        lost, and the next one to close the store tidies up.
        """
        with reported(self.path):
            try:
                with begun(self._connection):
                    self._connection.execute("DELETE FROM lock")
                self._connection.execute("PRAGMA busy_timeout = 0")
                with contextlib.suppress(sqlite3.OperationalError):
                    self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    self._connection.execute("PRAGMA journal_mode = DELETE")
            finally:
                self._leave()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def plan(self, trials: Sequence[Trial], study: Mapping[str, Any]) -> set[str]:
        """Add the planned trials that are not there yet; return the keys that still have to run.

        Trials of an earlier plan keep their records; they have no position in this one, and
        reading leaves them out. Trials that failed, crashed or timed out run again.
        """
        with reported(self.path), begun(self._connection):
            earlier = self._study_name()
            about = {"study": json.dumps(study), "planned": str(len(trials))}
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", about.items())
            self._connection.execute("DELETE FROM trials WHERE status = 'planned'")
            self._connection.execute("UPDATE trials SET position = NULL")
            for position, trial in enumerate(trials):
                settings = _settings_row(trial)
                self._connection.execute(
                    f"INSERT OR IGNORE INTO settings VALUES ({_marks(settings)})", settings
                )
                own = {"position": position, "settings": settings[0]}
                row = {**filled("planned", trial), **own}
                self._connection.execute(
                    f"INSERT INTO trials ({', '.join(row)}) VALUES ({_marks(row)}) "
                    f"ON CONFLICT (key) DO UPDATE SET {_REPLANNED}",
                    tuple(row.values()),
                )
            done = {
                key
                for (key,) in self._connection.execute(
                    "SELECT key FROM trials WHERE status NOT IN ('planned', 'failed', 'crashed', "
                    "'timeout')"
                )
            }
            (apart,) = self._connection.execute(
                "SELECT count(*) FROM trials WHERE position IS NULL"
            ).fetchone()
        if apart and earlier != study.get("name"):
            print(
                f"optframe: {self.path}: it holds {apart} trials of the study {earlier!r}, too; "
                "they are kept, and its results do not show them until that study runs again",
                file=sys.stderr,
            )
        return {trial.key for trial in trials} - done

    def _study_name(self) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE name = 'study'").fetchone()
        return json.loads(row[0]).get("name") if row else None

    def save(
        self, records: Iterable[Record], environment: Mapping[str, Any], sync: bool = True
    ) -> None:
        """Write records in one transaction: all of them are there, or none.

        With ``sync`` they are on the disk when this returns, and so is all that was saved before.
        Without, they survive the death of this process, but perhaps not that of the machine.
        """
        description = json.dumps(environment, sort_keys=True)
        identity = environment_id(description)
        with reported(self.path):
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
        with reported(self.path), begun(self._connection):
            self._connection.execute(
                "INSERT OR IGNORE INTO environments VALUES (?, ?)", (identity, description)
            )
            for record in records:
                row = {**filled("ended", record), "environment": identity}
                found = self._connection.execute(
                    f"UPDATE trials SET {', '.join(f'{name} = ?' for name in row)} WHERE key = ?",
                    (*row.values(), record.key),
                ).rowcount
                if not found:
                    raise StoreError(
                        f"{self.path}: trial {record.key} is planned no more: another process "
                        "writes another study to it; run this one into a folder of its own"
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

    def _is_made(self) -> bool:
        return bool(self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def _lock(self, take_over: bool) -> None:
        """Write down who is writing, unless somebody is: a process that lives, or another machine.

        Where the number is this process's own, it is another part of it that has the folder in
        its hold, or was another process that is gone.
        """
        host, process = socket.gethostname(), os.getpid()
        row = self._connection.execute("SELECT host, process FROM lock").fetchone()
        if row is not None and not take_over:
            mine = row[0] == host and row[1] == process
            if self._hold.refused or (not mine and (row[0] != host or _alive(row[1]))):
                raise StoreError(
                    f"{self.path}: process {row[1]} on {row[0]} is writing to it; wait for it, or "
                    "choose another folder with --out; if you know that it is gone, add --take-over"
                )
        self._connection.execute("INSERT OR REPLACE INTO lock VALUES (1, ?, ?)", (host, process))

    def _keep_journal(self, journal: str) -> None:
        """Keep this journal; where WAL cannot be kept, the one that needs no shared memory."""
        self._connection.execute("PRAGMA synchronous = FULL")
        try:
            self._connection.execute(f"PRAGMA journal_mode = {journal}")
            self._connection.execute("SELECT count(*) FROM lock").fetchone()
        except sqlite3.OperationalError:
            if journal != "WAL":
                raise
            self._connection.execute("PRAGMA journal_mode = DELETE")

    def _leave(self) -> None:
        self._connection.close()
        self._hold.close()


def _journal(folder: Path) -> str:
    """Return the journal for a folder: WAL, but where it is not safe; `OPTFRAME_JOURNAL` decides.

    With WAL, readers and the writer do not wait for each other, and to save a record takes one
    write; with DELETE, no memory is shared.
    """
    chosen = os.environ.get(JOURNAL, "").upper()
    if chosen not in ("", *JOURNALS):
        raise StoreError(f"{JOURNAL}={chosen.lower()}: expected wal or delete")
    return chosen or ("DELETE" if is_shared(folder) else "WAL")


def _settings_row(trial: Trial) -> tuple[Any, ...]:
    """Return what else a trial is made of: with it, its row says how to run it again."""
    settings = (
        canonical(dataclasses.asdict(trial.budget)),
        canonical(dataclasses.asdict(trial.checkpoints)),
        json.dumps(trial.measure),
        int(trial.profile),
        trial.code,
    )
    return (settings_id(settings), *settings)


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
