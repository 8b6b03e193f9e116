"""What makes a file a store: its marks, how it is opened, and what is said when it is not one."""

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
from optframe.store.schema import APPLICATION, FORMAT, FORMATS, create

__all__ = ["STORE_NAME", "begun", "check", "making", "reading", "reported", "said_of"]

STORE_NAME = "store.sqlite"


def check(path: Path) -> int:
    """Return a store's format.

    Raises
    ------
    StoreError
        Where a file is no store of ours, a newer version's, or damaged.
    """
    with _connected(path) as connection:
        version = _format(path, connection)
        sound = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    if sound != "ok":
        raise StoreError(_damaged(path, " ".join(sound.split())))
    return version


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a store for reading, of this format or of an older one, once it is known to be one.

    What is read inside is the store at one moment, whoever is writing to it.
    """
    with reported(path), _connected(path) as connection:
        _format(path, connection)
        connection.execute("BEGIN")
        try:
            yield connection
        except (zlib.error, ValueError) as error:
            raise StoreError(_damaged(path, str(error))) from error


@contextlib.contextmanager
def making(path: Path) -> Iterator[sqlite3.Connection]:
    """Make a new store: it is there when all of it is, and nothing is where something raises.

    Raises
    ------
    StoreError
        Where there is one already.
    """
    with reported(path):
        if path.exists():
            raise StoreError(f"{path}: it is there already, and left alone; choose another --out")
        with replacing(path) as part:
            made = sqlite3.connect(part, isolation_level=None)
            with contextlib.closing(made), begun(made):
                create(made)
                yield made


@contextlib.contextmanager
def begun(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction: all that is done inside is there afterwards, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk ends it without being asked
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into one line."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: {said_of(error, path)}") from error
    except FileExistsError as error:
        raise StoreError(f"{path.parent}: expected a folder, found a file") from error
    except OSError as error:
        raise StoreError(f"{path.parent}: {error.strerror or error}") from error


def said_of(error: sqlite3.DatabaseError, path: Path) -> str:
    """Say what an error of SQLite's means here, and what to do."""
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return (
            "this is no optframe store, or a damaged one; it is left alone; choose another folder "
            f"with --out; `optframe doctor {path}` recovers what can be read"
        )
    if "full" in text:
        return "the disk is full; what was finished is kept; make room and run it again"
    if "I/O error" in text:
        return (
            "the disk does not take it (it is full, over its quota, or broken); what was finished "
            "is kept; make room, or copy the folder elsewhere, and run it again"
        )
    if "readonly" in text:
        return (
            "it may be read here, and not be written to; choose another folder with --out, or copy "
            "this one"
        )
    if "unable to open" in text:
        return "it cannot be opened here; is the folder there, and writable?"
    if "locked" in text:
        return "another process is writing to it; wait for it, or choose another folder"
    return text


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Connect for reading, also after a kill, and where nothing may be written.

    After a kill, SQLite wants to take back what a rollback journal holds, or to write beside the
    file what its log holds; where it may not, it does so with copies of both.
    """
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
    """Connect, and read once, which tells whether that can be done."""
    uri = f"{path.resolve().as_uri()}?mode={mode}"
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        connection.execute("PRAGMA user_version").fetchone()
        yield connection


def _keeps_log(path: Path) -> bool:
    """Whether a file's header says that a log belongs to it: bytes 18 and 19 are 2."""
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _format(path: Path, connection: sqlite3.Connection) -> int:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION:
        raise StoreError(
            f"{path}: this is another program's SQLite file; it is left alone; choose another "
            "folder with --out"
        )
    if version not in FORMATS:
        raise StoreError(
            f"{path}: store format {version}, and this optframe knows {FORMATS[0]} to {FORMAT}; "
            "it was written by a newer one and is left alone; update optframe, or choose another "
            "folder with --out"
        )
    return version


def _damaged(path: Path, how: str) -> str:
    return (
        f"{path}: the file is damaged ({how}); it is left alone; `optframe doctor {path}` recovers "
        "what can be read into a new one"
    )
