"""Opens a store's file: checks that it is one, creates new ones, and explains SQLite's errors.

A store is data from a stranger. What is read of one cannot make SQLite run code, open another file,
or allocate more than the file's size: see `guard`, and `optframe.store.schema.foreign`.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

from optframe.contracts.whole_file import replacing
from optframe.errors import StoreError, one_line
from optframe.given_files import unfit
from optframe.store.schema import APPLICATION, FORMAT, FORMATS, create, foreign

__all__ = [
    "STORE_NAME",
    "begun",
    "check",
    "check_format",
    "explained",
    "guard",
    "making",
    "reading",
    "refuse_other_files",
    "reported",
    "size_of",
    "sound",
]

STORE_NAME = "store.sqlite"

SHORTEST = 10**6
"""The bytes that a value or a statement may have, in a file of any size."""

SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")
"""How a rollback journal ends that names another file (https://sqlite.org/fileformat.html, 3)."""

_ALLOWED = frozenset(
    {
        *(sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION),
        *(sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_FUNCTION),
    }
)


def check(path: Path) -> int:
    """Return a store's format; raise `StoreError` if it is newer, damaged, or not a store."""
    with _connected(path) as connection:
        version = check_format(path, connection)
        sound = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if sound != "ok":
        raise StoreError(_damaged(path, one_line(sound)))
    return version


def check_format(path: Path, connection: sqlite3.Connection) -> int:
    """Return the format of an open store; raise `StoreError` if it is not one, or not of ours."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION:
        raise StoreError(
            f"{path}: found another program's SQLite file, which is not changed; choose another "
            "folder with --out"
        )
    if version not in FORMATS:
        raise StoreError(
            f"{path}: found store format {version}, expected {FORMATS[0]} to {FORMAT}; it was "
            "written by a newer optframe and is not changed; update optframe, or choose another "
            "folder with --out"
        )
    found = foreign(connection, version)
    if found is not None:
        raise StoreError(
            f"{path}: {found}, expected a store's tables and no others; it is not changed, and no "
            f"more of it was read; `optframe doctor {path}` copies a store's tables into a new one"
        )
    return version


def guard(connection: sqlite3.Connection, size: int) -> None:
    """Let a connection to a file of so many bytes only read, and nothing that the file computes.

    Whatever a view or a trigger does is refused, as is a value that is longer than the file.
    """
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, min(max(size, SHORTEST), 10**9))
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.set_authorizer(_allows)


def _allows(
    action: int, one: str | None, other: str | None, database: str | None, inside: str | None
) -> int:
    allowed = action in _ALLOWED and inside is None
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def refuse_other_files(path: Path) -> None:
    """Raise `StoreError` if the path is no regular file, or its journal names another file.

    SQLite would open that file, and delete it where nothing else needs it.
    """
    other = unfit(path) if path.exists() else None
    if other is not None:
        raise StoreError(f"{path}: {other}")
    journal = path.with_name(f"{path.name}-journal")
    if not os.path.lexists(journal):
        return
    end = None
    if journal.is_file() and not journal.is_symlink():
        with journal.open("rb") as file:
            file.seek(-min(8, journal.stat().st_size), os.SEEK_END)
            end = file.read(8)
    if end is None or end == SUPER_JOURNAL:
        what = "is no file" if end is None else "names another file"
        raise StoreError(
            f"{journal}: this rollback journal {what}, which no store's does; nothing was opened "
            "or changed; remove the journal, or get the store from where it was made"
        )


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a store of this format or of an older one for reading.

    All reads inside the block see the same state, also while another process is writing.
    """
    with reported(path), _connected(path) as connection:
        connection.execute("BEGIN")  # a transaction, so that all reads see one state
        check_format(path, connection)
        with sound(path):
            yield connection


@contextlib.contextmanager
def sound(path: Path) -> Iterator[None]:
    """Turn the `ValueError` of a wrong value that is read into a `StoreError`."""
    try:
        yield
    except ValueError as error:
        raise StoreError(_damaged(path, one_line(error))) from error


@contextlib.contextmanager
def making(path: Path) -> Iterator[sqlite3.Connection]:
    """Create a new store; the file appears when it is complete, and not at all after an error."""
    with reported(path):
        if path.exists():
            raise StoreError(f"{path}: found an existing file, expected none; choose another --out")
        with replacing(path) as part:
            made = sqlite3.connect(part.absolute(), isolation_level=None)
            with contextlib.closing(made), begun(made):
                create(made)
                yield made


@contextlib.contextmanager
def begun(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block in a transaction: all of its changes are stored, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # if the disk is full, SQLite has rolled back already
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn errors of SQLite and the file system into a `StoreError` of one line."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: {explained(error, path)}") from error
    except FileExistsError as error:
        found = "a link to nothing" if path.parent.is_symlink() else "a file"
        raise StoreError(f"{path.parent}: expected a folder, found {found}") from error
    except OSError as error:
        raise StoreError(f"{path.parent}: {error.strerror or error}") from error


def explained(error: sqlite3.DatabaseError, path: Path) -> str:
    """Return what an error of SQLite means for a store, and what to do."""
    text = one_line(error)
    if "not a database" in text or "malformed" in text:
        return (
            "found a damaged store or another file, which is not changed; choose another folder "
            f"with --out; `optframe doctor {path}` recovers what can be read"
        )
    if "full" in text:
        return "the disk is full; finished trials are kept; free some space and run it again"
    if "I/O error" in text:
        return (
            "the disk cannot be written to (it is full, over its quota, or broken); finished "
            "trials are kept; free some space, or copy the folder elsewhere, and run it again"
        )
    if "readonly" in text:
        return "the file is read-only; choose another folder with --out, or copy this one"
    if "unable to open" in text:
        return "the file cannot be opened; check that its folder exists and is writable"
    if "locked" in text:
        return "another process is writing to it; wait for it, or choose another folder"
    return text


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Connect for reading, also after a kill, and also if the file or folder is read-only.

    After a kill, SQLite first applies the rollback journal or the log beside the file, for which it
    must write. If it may not write, it does so on copies of these files.
    """
    refuse_other_files(path)
    # Three attempts, each only if the one before has failed: read-only, which suffices for a store
    # that was closed; writable, so that SQLite can apply the journal; and writable on copies.
    with contextlib.ExitStack() as stack:
        try:
            connection = stack.enter_context(_opened(path))
        except sqlite3.OperationalError:
            beside = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
            beside = [one for one in beside if one.exists()]
            if not os.access(path, os.R_OK) or not (beside or _keeps_log(path)):
                raise
            try:
                connection = stack.enter_context(_opened(path, "rw"))
            except sqlite3.OperationalError:
                copies = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                for one in (path, *beside):
                    copyfile(one, copies / one.name)
                connection = stack.enter_context(_opened(copies / path.name, "rw"))
        yield connection


@contextlib.contextmanager
def _opened(path: Path, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """Connect, and read once, which raises if the file cannot be read."""
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        guard(connection, size_of(path))
        connection.execute("PRAGMA user_version").fetchone()
        yield connection


def size_of(path: Path) -> int:
    """Return the bytes of a store's file, and of the log beside it while it is written."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _keeps_log(path: Path) -> bool:
    """Whether bytes 18 and 19 of the header are 2, which marks a file with a write-ahead log."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _damaged(path: Path, how: str) -> str:
    return (
        f"{path}: the file is damaged ({how}) and is not changed; `optframe doctor {path}` "
        "recovers what can be read into a new one"
    )
