"""Writes a store: one SQLite file that holds the records of a study.

Its tables are in `optframe.store.schema`. Only one process writes to it. Others may read at the
same time. Nothing in it is unpickled.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from optframe.contracts.columns import TRIALS, filled
from optframe.contracts.record import Record
from optframe.errors import StoreError, visible
from optframe.given_files import unfit
from optframe.store.curves import packed_landscape
from optframe.store.file import (
    STORE_NAME,
    begun,
    check,
    check_format,
    refuse_other_files,
    reported,
    sound,
)
from optframe.store.frames import trials_in, tunings_in
from optframe.store.locks import FolderLock, is_alive, journal_for
from optframe.store.paths import packed
from optframe.store.schema import (
    FORMAT,
    create,
    environment_id,
    migrate,
    settings_id,
    storable,
    study_of,
)
from optframe.store.tunings import PLAN_TUNING, TUNED, planned_tunings

if TYPE_CHECKING:
    import pandas as pd

    from optframe.contracts.trial import Trial

__all__ = ["Store"]

_REPLANNED = ", ".join(f"{c.name} = excluded.{c.name}" for c in TRIALS if c.replanned)

_LABELS = tuple(column for column in TRIALS if column.replanned and column.name != "position")
"""The columns beside the position that another plan of a trial may change."""


class Store:
    """Writes a store; one process at a time can open it, and closing leaves one complete file."""

    def __init__(self, folder: Path, take_over: bool = False) -> None:
        self.path = folder / STORE_NAME
        with reported(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            other = unfit(self.path) if self.path.exists() else None
            if other is not None:
                raise StoreError(f"{self.path}: {other}; choose another folder with --out")
            refuse_other_files(self.path)
            there = self.path.exists() and self.path.stat().st_size
            version = check(self.path) if there else FORMAT
            journal = journal_for(folder)
            # SQLite reads a relative path that begins with "file:" as an address.
            self._connection = sqlite3.connect(self.path.absolute(), isolation_level=None)
            self._connection.execute("PRAGMA trusted_schema = OFF")
            self._folder_lock = FolderLock(folder)
            try:
                # One transaction, so that a kill leaves all of it or nothing. It locks the file,
                # so that of two processes that start at once, the second sees the first one's row
                # in the table `lock`.
                with begun(self._connection):
                    if not (there or self._is_made()):  # another process may have been faster
                        create(self._connection)
                    check_format(self.path, self._connection)
                    self._lock(take_over)
                    if version != FORMAT:
                        migrate(self._connection, version)
                self._connection.execute("PRAGMA busy_timeout = 60000")  # ms to wait for readers
                self._keep_journal(journal)
            except BaseException:
                self._leave()
                raise

    def close(self) -> None:
        """Release the lock, and leave one file that is complete without a log.

        If another process is reading, SQLite's log stays beside the file. Nothing is lost, and the
        next process that closes the store removes it.
        """
        with reported(self.path):
            try:
                with begun(self._connection):
                    self._connection.execute("DELETE FROM lock")
                self._connection.execute("PRAGMA busy_timeout = 0")  # do not wait for readers
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
        """Add the planned trials that are not stored yet; return the keys of those to be run.

        Trials of an earlier plan keep their records. They have no position in this plan, so they
        are not read. Trials that failed, crashed or timed out run again.
        """
        with reported(self.path), begun(self._connection):
            earlier = study_of(self._connection).get("name")
            about = {"study": json.dumps(study), "planned": str(len(trials))}
            self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", about.items())
            self._connection.execute("DELETE FROM trials WHERE status = 'planned'")
            self._connection.execute("UPDATE trials SET position = NULL")
            self._connection.execute("UPDATE tunings SET position = NULL")
            self._add(trials)
            done = self._done()
            (apart,) = self._connection.execute(
                "SELECT count(*) FROM trials WHERE position IS NULL"
            ).fetchone()
        if apart and earlier != study.get("name"):
            print(
                f"optframe: {self.path}: it also holds {apart} trials of the study {earlier!r}; "
                "they are kept, but the results do not show them until that study runs again",
                file=sys.stderr,
            )
        return {trial.key for trial in trials} - done

    def extend(
        self, trials: Sequence[Trial], tunings: Sequence[Mapping[str, Any]] = ()
    ) -> set[str]:
        """Add trials after those of the plan, with their tunings; return the keys to be run.

        All is stored or nothing. A trial that the plan has already keeps its place. A tuning is a
        row of `tunings`; one that is stored already, of the same contender, problem, sampler,
        study, space, tuner and seed, gets what is new of it: proposals, winner, reason, ``closed``.
        It is of this plan from now on.

        Trials that failed, crashed or timed out run again, except those of a closed tuning: its
        winner was chosen with them as the worst, and could become another one.
        """
        with reported(self.path), begun(self._connection):
            query = "SELECT count(position) FROM tunings"
            (there,) = self._connection.execute(query).fetchone()
            for values in planned_tunings(tunings, there):
                self._execute(PLAN_TUNING, values)
            planned = self._add(trials)
            self._execute("INSERT OR REPLACE INTO meta VALUES ('planned', ?)", (str(planned),))
            done = self._done()
        return {trial.key for trial in trials} - done

    def tunings(self) -> list[dict[str, Any]]:
        """Return the tunings of all plans: dicts with the columns of `Results.tunings`, and more.

        ``id`` is the hash of what is tuned and how; ``position`` is None for one of an earlier plan
        that `extend` was not given since `plan`.
        """
        with reported(self.path), sound(self.path):
            return tunings_in(self._connection, every=True)

    def trials(self, stage: str) -> pd.DataFrame:
        """Return the plan's trials of a stage, ``tune`` or ``final``, as `Results` has them."""
        with reported(self.path), sound(self.path):
            return trials_in(self._connection, self.path, stage)

    def tune_trials(self) -> pd.DataFrame:
        """Return the tuning trials of the plan: see `Results.tuning`."""
        return self.trials("tune")

    def apart(self) -> int:
        """Return the number of trials that the store holds and the plan does not."""
        query = "SELECT count(*) FROM trials WHERE position IS NULL"
        with reported(self.path):
            return int(self._connection.execute(query).fetchone()[0])

    def _add(self, trials: Sequence[Trial]) -> int:
        """Add trials at the end of the plan but those that are in it; return how many it has."""
        stored = {
            key: (place, values)
            for key, place, *values in self._connection.execute(
                f"SELECT key, position, {', '.join(c.name for c in _LABELS)} FROM trials"
            )
        }
        there = {key for key, (place, _) in stored.items() if place is not None}
        settings: dict[tuple[Any, ...], None] = {}
        new, moved = [], []
        for trial in trials:
            key = trial.key
            if key in there:
                continue
            place, own = len(there), _settings_row(trial)
            there.add(key)
            settings[own] = None
            labels = [own[0] if c.name == "settings" else c.value(trial) for c in _LABELS]
            if key in stored and stored[key][1] == labels:  # as in most plans of a second call
                moved.append((place, key))
            else:
                new.append({**filled("planned", trial), "position": place, "settings": own[0]})
        for one in settings:
            self._execute(f"INSERT OR IGNORE INTO settings VALUES ({_marks(one)})", one)
        self._connection.executemany("UPDATE trials SET position = ? WHERE key = ?", moved)
        for row in new:
            self._execute(
                f"INSERT INTO trials ({', '.join(row)}) VALUES ({_marks(row)}) "
                f"ON CONFLICT (key) DO UPDATE SET {_REPLANNED}",
                tuple(row.values()),
            )
        return len(there)

    def _done(self) -> set[str]:
        """Return the keys of the trials that are not run again."""
        same = " AND ".join(f"tunings.{name} = trials.{name}" for name in TUNED)
        return {
            key
            for (key,) in self._connection.execute(
                "SELECT key FROM trials WHERE status NOT IN ('planned', 'failed', 'crashed', "
                "'timeout') OR (status != 'planned' AND stage = 'tune' AND EXISTS (SELECT 1 FROM "
                f"tunings WHERE closed AND tunings.position IS NOT NULL AND {same}))"
            )
        }

    def save(
        self, records: Iterable[Record], environment: Mapping[str, Any], sync: bool = True
    ) -> None:
        """Write records in one transaction: all of them are stored, or none.

        With ``sync``, they and all earlier records are on the disk when this returns. Without it,
        they survive if this process is killed, but perhaps not if the machine loses power.
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
                found = self._execute(_update((*row,)), (*row.values(), record.key)).rowcount
                if not found:
                    raise StoreError(
                        f"{self.path}: trial {record.key} is not in the plan any more, since "
                        "another process writes another study to it; run each study into its own "
                        "folder"
                    )
                self._connection.execute(
                    "INSERT OR REPLACE INTO curves VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        record.key,
                        json.dumps(record.columns),
                        len(record.curve),
                        zlib.compress(np.ascontiguousarray(record.curve.T, "<f8").tobytes(), 1),
                        packed_landscape(record.landscape),
                        None if record.path is None else packed(record.path),
                    ),
                )

    def _execute(self, query: str, values: Sequence[Any]) -> sqlite3.Cursor:
        """Execute a query, also with values that SQLite cannot hold as they are."""
        try:
            return self._connection.execute(query, values)
        except (OverflowError, UnicodeEncodeError):
            return self._connection.execute(query, [storable(value) for value in values])

    def _is_made(self) -> bool:
        return bool(self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])

    def _lock(self, take_over: bool) -> None:
        """Write this process into the table ``lock``; raise if another process has the lock."""
        host, process = socket.gethostname(), os.getpid()
        row = self._connection.execute("SELECT host, process FROM lock").fetchone()
        # On a local disk the folder's lock decides, which the kernel releases with its process. The
        # row is left behind by a kill; its number may be another process's by now, in a container
        # even one that lives. Where the lock decides nothing, the row does: of a process on another
        # machine nothing is known, so that it counts as alive, and this process's own number is
        # that of a dead one, since the lock on the folder was free.
        mine = row == (host, process)
        left = row is None or mine or (row[0] == host and not is_alive(row[1]))
        free = not self._folder_lock.refused and (self._folder_lock.decides or left)
        if not (free or take_over):
            who = "another process" if row is None else f"process {row[1]} on {row[0]}"
            raise StoreError(
                f"{self.path}: {visible(who)} is writing to it; wait for it, or choose another "
                "folder with --out; if that process has ended, add --take-over"
            )
        self._connection.execute("INSERT OR REPLACE INTO lock VALUES (1, ?, ?)", (host, process))

    def _keep_journal(self, journal: str) -> None:
        """Set this journal; if WAL does not work here, use DELETE, which needs no shared memory."""
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
        self._folder_lock.close()


def _settings_row(trial: Trial) -> tuple[Any, ...]:
    """Return the trial's row of ``settings``: the part of its specification not in ``trials``."""
    measure, profile = json.dumps(trial.measure), int(trial.profile)
    return _named(trial.budget.json, trial.checkpoints.json, measure, profile, trial.code)


@lru_cache(maxsize=64)
def _named(*settings: Any) -> tuple[Any, ...]:
    """Return settings with their name before them; thousands of trials share few of them."""
    return (settings_id(settings), *settings)


@lru_cache(maxsize=8)
def _update(names: tuple[str, ...]) -> str:
    """Return the query that sets these columns of a trial."""
    return f"UPDATE trials SET {', '.join(f'{name} = ?' for name in names)} WHERE key = ?"


def _marks(items: Any) -> str:
    return ", ".join("?" * len(items))
