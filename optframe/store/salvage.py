"""The rows of a damaged store that SQLite itself can read, on a copy of the file.

SQLite stops at the first page that it refuses. So a table is read by ranges of row numbers: where a
range breaks off, what follows is read in two halves, down to the single rows that are refused. If
the first page does not lead to the tables any more, that of a new store takes its place.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

from optframe.store.file import begun, guard, refuse_other_files
from optframe.store.schema import TABLES, create

__all__ = ["Value", "readable_rows"]

Value = int | float | str | bytes | None

LOST_AND_FOUND = "lost_and_found"
"""How the tables begin in which SQLite's ``.recover`` puts rows whose table it does not know."""

MOST_REFUSED = 20_000
"""Reads of one table that SQLite may refuse: more than the rows under a page of 4096 bytes."""

MOST_EMPTY = 200_000
"""Ranges of a damaged table in which rows are missing: more than deletions leave."""

LAST = 2**63 - 1
"""The largest number that a row can have."""


def readable_rows(path: Path) -> Iterator[tuple[Value, ...]]:
    """Yield the rows of a store's tables that SQLite can read; some of them may come twice."""
    refuse_other_files(path)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.sqlite"
        for end in ("", "-wal", "-journal"):
            part = path.with_name(path.name + end)
            if part.is_file():
                copyfile(part, copy.with_name(copy.name + end))
        found: set[str] = set()
        for table, row in _rows_of_all_tables(copy):
            found.add(table)
            yield row
        if not found >= {"trials", "curves"}:
            _replace_first_page(copy)
            for _, row in _rows_of_all_tables(copy):
                yield row


def _rows_of_all_tables(copy: Path) -> Iterator[tuple[str, tuple[Value, ...]]]:
    with contextlib.suppress(sqlite3.DatabaseError), _connected(copy) as connection:
        schema = connection.execute("SELECT name, sql FROM sqlite_schema").fetchall()
        names = [str(name) for name, sql in schema if _holds_rows(connection, name, sql)]
        for table in (name for name in names if name.startswith(LOST_AND_FOUND)):
            for row in _rows(connection, table):
                length = row[2] if len(row) > 4 else None
                if isinstance(length, int) and 0 <= length <= len(row) - 4:
                    yield table, row[4 : 4 + length]
        for table in (name for name in TABLES if name in names):
            for row in _rows(connection, table):
                yield table, row


@contextlib.contextmanager
def _connected(copy: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        # No value is longer than the file, so a damaged length may not ask for more memory.
        guard(connection, copy.stat().st_size)
        # So a file that was cut off, or a table whose definition is damaged, is no error.
        connection.execute("PRAGMA writable_schema = ON")
        yield connection


def _holds_rows(connection: sqlite3.Connection, name: object, sql: object) -> bool:
    """Whether a table's rows are in the file; those of views and virtual tables are computed."""
    if not (isinstance(name, str) and isinstance(sql, str) and re.match(r"CREATE TABLE\b", sql)):
        return False
    quoted = name.replace('"', '""')
    try:
        columns = connection.execute(f'PRAGMA table_xinfo("{quoted}")').fetchall()
    except sqlite3.Error:
        return False
    return all(hidden == 0 for *_, hidden in columns)


def _replace_first_page(copy: Path) -> None:
    """Give a file the first page of a new store, whose tables begin at the same pages."""
    new = copy.with_name("new.sqlite")
    with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
        with begun(connection):
            create(connection)
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    page = bytearray(new.read_bytes()[:size])
    page[28:32] = bytes(4)  # the number of pages; 0 is what the length of the file says
    with copy.open("r+b") as file:
        file.write(page)


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[tuple[Value, ...]]:
    """Yield the readable rows of a table, each once.

    The numbers of rows ascend. Where a page is damaged a row may have another number. SQLite does
    not report that: the next number is smaller, or a range ends before its end. In both cases the
    range is read again in halves.
    """
    # The limit keeps SQLite from going on to the next page after the last row of a range.
    quoted = table.replace('"', '""')
    query = f'SELECT rowid, * FROM "{quoted}" WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT ?'
    try:
        connection.execute(query, (1, 1, 0))
    except sqlite3.Error:  # the schema does not have this table any more, or it is a view
        return
    ranges = [(1, LAST)]
    seen: set[int] = set()
    damaged = False
    refused = empty = 0
    while ranges and refused < MOST_REFUSED and empty < MOST_EMPTY:
        low, high = ranges.pop()
        left = low
        try:
            for row in connection.execute(query, (low, high, high - low + 1)):
                if row[0] < left:
                    raise sqlite3.DatabaseError("numbers of rows do not ascend")
                left = row[0] + 1
                if (identity := hash(row)) not in seen:
                    seen.add(identity)
                    yield row[1:]
            if not damaged:
                break
            low = left
            empty += low <= high
        except sqlite3.Error:
            refused += 1
            if not damaged:
                damaged = True
                ranges.append((1, _last_number(connection, table)))
                continue
        if low < high:  # else this is the very row, or nothing is left
            middle = (low + high) // 2
            ranges += [(middle + 1, high), (low, middle)]


def _last_number(connection: sqlite3.Connection, table: str) -> int:
    """Return the largest row number in the table or its index; `LAST` if neither can be read."""
    found = []
    queries = (
        f'SELECT max(rowid) FROM "{table}" NOT INDEXED',
        f'SELECT max(+rowid) FROM "{table}" INDEXED BY "sqlite_autoindex_{table}_1"',
    )
    for query in queries:
        with contextlib.suppress(sqlite3.Error):
            found.append(int(connection.execute(query).fetchone()[0] or 0))
    return max(found, default=LAST)
