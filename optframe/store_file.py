"""What makes a file a store: its marks, how it is opened, and what is said when it is not one."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

from optframe.errors import StoreError

__all__ = ["APPLICATION", "FORMAT", "STORE_NAME", "check", "reading", "reported"]

STORE_NAME = "store.sqlite"
APPLICATION = 0x6F667231
FORMAT = 3


def check(path: Path) -> None:
    """Raise where a file is no store of ours."""
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as c:
        application = c.execute("PRAGMA application_id").fetchone()[0]
        version = c.execute("PRAGMA user_version").fetchone()[0]
        sound = c.execute("PRAGMA quick_check").fetchone()[0]
    if application != APPLICATION:
        raise StoreError(
            f"{path}: this is another program's SQLite file; it is left alone; choose another "
            "folder with --out"
        )
    if version != FORMAT:
        raise StoreError(
            f"{path}: store format {version}, expected {FORMAT}; it was written by another "
            "version of optframe and is left alone"
        )
    if sound != "ok":
        raise StoreError(f"{path}: the file is damaged ({sound}); it is left alone")


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a store for reading, once it is known to be one."""
    with reported(path):
        check(path)
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            try:
                yield connection
            except (zlib.error, json.JSONDecodeError) as error:
                raise StoreError(
                    f"{path}: the file is damaged ({error}); it is left alone"
                ) from error


@contextlib.contextmanager
def reported(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system say into one line."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if "not a database" in text or "malformed" in text:
            text = "this is no optframe store, or a damaged one; it is left alone; choose another "
            text += "folder with --out"
        elif "full" in text:
            text = "the disk is full; what was finished is kept; make room and run it again"
        elif "unable to open" in text:
            text = "it cannot be opened here; is the folder there, and writable?"
        elif "locked" in text:
            text = "another process is writing to it; wait for it, or choose another folder"
        raise StoreError(f"{path}: {text}") from error
    except FileExistsError as error:
        raise StoreError(f"{path.parent}: expected a folder, found a file") from error
    except OSError as error:
        raise StoreError(f"{path.parent}: {error.strerror or error}") from error
