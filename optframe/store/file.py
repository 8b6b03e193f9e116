"""Opens a store's file: checks that it is one, creates new ones, and explains SQLite's errors."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

from optframe.contracts.whole_file import replacing
from optframe.errors import StoreError
from optframe.given_files import unfit
from optframe.store.schema import APPLICATION, FORMAT, FORMATS, create

__all__ = ["STORE_NAME", "begun", "check", "explained", "making", "reading", "reported"]

STORE_NAME = "store.sqlite"


def check(path: Path) -> int:
    """Return a store's format; raise `StoreError` if it is newer, damaged, or not a store."""
    other = unfit(path)
    if other is not None:
        raise StoreError(f"{path}: {other}")
    with _connected(path) as connection:
        version = _format(path, connection)
        sound = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if sound != "ok":
        raise StoreError(_damaged(path, " ".join(sound.split())))
    return version


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a store of this format or of an older one for reading.

    All reads inside the block see the same state, also while another process is writing.
    """
    with reported(path), _connected(path) as connection:
        _format(path, connection)
        connection.execute("BEGIN")  # a transaction, so that all reads see one state
        try:
            yield connection
        except (zlib.error, ValueError) as error:
            raise StoreError(_damaged(path, str(error))) from error


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
    text = str(error)
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
        connection.execute("PRAGMA user_version").fetchone()
        yield connection


def _keeps_log(path: Path) -> bool:
    """Whether bytes 18 and 19 of the header are 2, which marks a file with a write-ahead log."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _format(path: Path, connection: sqlite3.Connection) -> int:
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
    return version


def _damaged(path: Path, how: str) -> str:
    return (
        f"{path}: the file is damaged ({how}) and is not changed; `optframe doctor {path}` "
        "recovers what can be read into a new one"
    )
