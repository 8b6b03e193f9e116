"""Checks what is read from a store, which may be a stranger's: types, ranges, words, JSON, sizes.

Everything that is read passes through here before it is used. The columns of trials are those of
`optframe.contracts.columns`; the columns of the other tables are those of their declarations. What
is wrong becomes a `ValueError` that names table, row and column.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from optframe.contracts.column import Column
from optframe.contracts.columns import CURVES, TRIALS

__all__ = [
    "FLOOR",
    "RATIO",
    "checked",
    "chunks",
    "declared",
    "environment_in",
    "inflated",
    "metrics_in",
    "names_in",
    "object_in",
    "table_in",
    "wrong",
]

RATIO = 100
"""The largest ratio of what is allocated to the bytes of it that a store holds.

Curves of honest runs are compressed to a tenth at best: seconds and losses hardly repeat.
"""

FLOOR = 2**24
"""The bytes that may be allocated in any case."""

LARGEST = 2**63 - 1
"""The largest integer that SQLite stores; a float in a store must be finite."""

DEEPEST = 32
"""The largest depth of JSON."""

_KINDS: Mapping[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (float, int),
    "BLOB": (bytes,),
}
_EXPECTED = {
    "TEXT": "a text",
    "INTEGER": "a whole number",
    "REAL": "a finite number",
    "BLOB": "bytes",
}

Row = Sequence[Any]


def wrong(table: str, row: object, column: str, found: object, expected: str) -> ValueError:
    """Return the error for a value."""
    shown = ascii(found)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}... ({len(shown)} characters)"
    where = f"table {table}, row {ascii(row)[:40]}, column {column}"
    return ValueError(f"{where}: found {shown}, expected {expected}")


def checked(
    table: str,
    columns: Mapping[str, Column],
    names: Sequence[str],
    rows: Sequence[Row],
    unread: Sequence[str] = (),
) -> Sequence[Row]:
    """Return rows of a table with the columns ``names``; raise `ValueError` for a wrong value.

    The first column is what the row is called by. ``columns`` are those of `declared`. Texts in the
    columns ``unread`` are not read, since the caller reads them.
    """
    if not rows:
        return rows
    # Column by column, since a test of a whole column takes no longer than one of a single value.
    for name, values in zip(names, zip(*rows, strict=True), strict=True):
        flaw = _flaw(table, columns[name], values, name not in unread)
        if flaw is not None:
            place, expected = flaw
            raise wrong(table, rows[place][0], name, values[place], expected)
    return rows


def object_in(text: object) -> dict[str, Any]:
    """Return the JSON object in a text; raise `ValueError` with what was expected."""
    found = _json(text)
    if not isinstance(found, dict):
        raise ValueError("a JSON object")
    return found


def table_in(text: object) -> dict[str, Any]:
    """Return a JSON object whose values are plain, or objects and lists of plain values."""
    found = object_in(text)
    for value in found.values():
        inner = value.values() if isinstance(value, dict) else value
        inner = inner if isinstance(value, (dict, list)) else [value]
        if any(isinstance(one, (dict, list)) for one in inner):
            raise ValueError("a JSON object of texts, numbers, or lists and objects of these")
    return found


def environment_in(text: object) -> dict[str, Any]:
    """Return the description of an environment."""
    found = table_in(text)
    for name in ("plugins", "versions"):
        if not isinstance(found.get(name, {}), dict):
            raise ValueError(f"a JSON object whose entry {name} is an object")
    return found


def inflated(data: object, most: int) -> bytes:
    """Return decompressed data; raise `ValueError` if there would be more than ``most`` bytes."""
    stream = zlib.decompressobj()
    if not isinstance(data, bytes):
        raise ValueError("bytes")
    try:
        found = stream.decompress(data, most + 1)
    except zlib.error as error:
        raise ValueError(f"compressed data ({error})") from error
    if len(found) > most or not stream.eof:
        raise ValueError(f"{most} bytes of compressed data at most, all of them")
    return found


def declared(table: str, declaration: str) -> dict[str, Column]:
    """Return the columns of a table by name, from its declaration in SQL."""
    if table == "trials":
        return {column.name: column for column in TRIALS}
    parts = [part.strip().partition(" ") for part in declaration.split(",")]
    return {name: Column(name, sql, "") for name, _, sql in parts}


def _flaw(table: str, column: Column, values: Sequence[Any], reads: bool) -> tuple[int, str] | None:
    """Return the place of the first wrong value and what was expected there; None if all fit."""
    kinds = _KINDS[column.type]
    allowed = {*kinds} if column.required else {*kinds, type(None)}
    there = {*map(type, values)}
    expected = column.type in _EXPECTED and _EXPECTED[column.type]
    if not there <= allowed:
        place = next(i for i, value in enumerate(values) if type(value) not in allowed)
        return place, f"{expected}{'' if column.required else ', or nothing'}"
    if column.type in ("INTEGER", "REAL"):
        low, expected = (-LARGEST, expected) if column.signed else (0, f"{expected}, at least 0")
        known = [value for value in values if value is not None] if type(None) in there else values
        if not known or (low <= min(known) and max(known) <= LARGEST):
            return None
        return _first(values, lambda v: v is None or low <= v <= LARGEST), str(expected)
    if column.values:
        if {*values} <= {*column.values, None}:
            return None
        place = _first(values, lambda value: value is None or value in column.values)
        return place, f"one of {', '.join(column.values)}"
    read = _READ.get((table, column.name)) if reads else None
    for value in {*values} if read is not None else ():
        try:
            if value is not None:
                read(value)  # type: ignore[misc]
        except ValueError as error:
            return values.index(value), str(error)
    return None


def _first(values: Sequence[Any], fits: Callable[[Any], bool]) -> int:
    return next(i for i, value in enumerate(values) if not fits(value))


def _json(text: object) -> Any:
    try:
        found = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        found = None
    if found is None or _depth(found) > DEEPEST:
        raise ValueError("JSON")
    return found


def _depth(value: Any) -> int:
    """Return how deep lists and objects lie in each other."""
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        inside = [one for one in level if isinstance(one, (dict, list)) and one]
        level = [v for one in inside for v in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return depth


def _key(text: str) -> None:
    if len(text) != 32 or {*text} - {*"0123456789abcdef"}:
        raise ValueError("32 hexadecimal digits")


def metrics_in(text: str) -> dict[str, float | None]:
    """Return the metrics' values in a trial's row."""
    try:
        found = _decoded(text)
        kinds = {*map(type, found.values())}
        if kinds <= {float, type(None)} and not _TAKEN & found.keys() and "" not in found:
            return found  # type: ignore[no-any-return]
    except (ValueError, RecursionError, AttributeError):
        pass
    raise ValueError("a JSON object from the names of metrics to numbers")


_decoded = json.JSONDecoder(parse_int=float).decode  # one that is made once takes half the time


def names_in(text: object) -> list[str]:
    """Return the names of a curve's columns."""
    found = _json(text)
    is_list = isinstance(found, list) and all(isinstance(name, str) and name for name in found)
    if not is_list or len({*found}) < len(found) or "step" not in found or {*found} & _IDENTITY:
        raise ValueError("a JSON list of the names of different columns, step among them")
    return list(found)


def _texts(text: object) -> None:
    found = _json(text)
    if not (isinstance(found, list) and all(isinstance(one, str) for one in found)):
        raise ValueError("a JSON list of texts")


_TAKEN = {column.name for column in (*TRIALS, *CURVES)}
_IDENTITY = {column.name for column in TRIALS if column.identity}

_READ: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("trials", "key"): _key,
    ("trials", "cell"): _key,
    ("trials", "final"): metrics_in,
    ("trials", "best"): metrics_in,
    **{("trials", c.name): object_in for c in TRIALS if c.unit == "JSON" and c.shown},
    ("curves", "key"): _key,
    ("curves", "columns"): names_in,
    ("environments", "description"): environment_in,
    ("settings", "budget"): object_in,
    ("settings", "checkpoints"): object_in,
    ("settings", "measure"): _texts,
}
"""What must be able to read a text, beside its type."""


def chunks(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Yield rows in lists of so many."""
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
