"""Checks what is read from a store, which may be a stranger's: types, ranges, words, JSON, sizes.

Everything that is read passes through here before it is used. The columns of trials are those of
`optframe.contracts.columns`; the columns of the other tables are those of their declarations. What
is wrong becomes a `ValueError` that names table, row and column.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from optframe.contracts.column import Column
from optframe.contracts.columns import CURVES, TRIALS
from optframe.contracts.trial import canonical
from optframe.errors import printable, visible
from optframe.given_files import is_deeper
from optframe.store.tuning_values import reader_of

__all__ = [
    "FLOOR",
    "LARGEST",
    "checked",
    "chunks",
    "declared",
    "environment_in",
    "inflated",
    "integer",
    "justified",
    "metrics_in",
    "names_in",
    "object_in",
    "table_in",
    "wrong",
]

RATIO = 100
"""The largest ratio of what is allocated to the bytes of it that a store holds.

Curves of real runs stay far below it, since seconds and losses hardly repeat.
"""

FLOOR = 2**24
"""The bytes that may be allocated in any case."""

LARGEST = 2**63 - 1
"""The largest integer that SQLite stores; a float in a store must be finite."""

WIDE = {"study_seed": 2**128 - 1}
"""The columns whose integers may be larger, with their largest; see `integer`."""

DEEPEST = 31
"""The most JSON objects and lists inside each other."""

_DIGITS = frozenset("0123456789abcdef")

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
Values = tuple[Any, ...]


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
    found: Sequence[Values],
    unread: Sequence[str] = (),
    shown: bool = False,
) -> Sequence[Values]:
    """Return columns of a table, those of ``names``; raise `ValueError` for a wrong value.

    Messages name a row by its value in the first column. ``columns`` are those of `declared`. Texts
    in the columns ``unread`` are not read, since the caller reads them. With ``shown``, the others
    have escapes in place of control characters, so that whatever is drawn, written or printed of a
    store has them; tracebacks keep their lines. What is returned is ``found`` where nothing
    changes.
    """
    changed: dict[int, Values] = {}
    # Column by column, since a test of a whole column takes no longer than one of a single value.
    for place, (name, values) in enumerate(zip(names, found, strict=False)):
        if name in WIDE and str in map(type, values):
            values = changed[place] = tuple(map(integer, values))
        once = values[:1] if values and values.count(values[0]) == len(values) else values
        flaw = _flaw(table, columns[name], once, name not in unread)
        if flaw is not None:
            row, expected = flaw
            raise wrong(table, found[0][row], name, values[row], expected)
        if shown and columns[name].type == "TEXT" and name not in unread:
            hidden = _hidden(columns[name], once)
            if hidden:
                show = {text: _shown(columns[name], text) for text in hidden}
                changed[place] = tuple(show.get(text, text) for text in values)
    return [changed.get(i, values) for i, values in enumerate(found)] if changed else found


def _hidden(column: Column, values: Sequence[str | None]) -> list[str]:
    """Return the texts with characters that are to be escaped; in JSON, perhaps as escapes."""
    texts = values if None not in values else [text for text in values if text is not None]
    if column.unit == "JSON":
        return [text for text in {*texts} if text and ("\\" in text or not text.isprintable())]
    if all(map(str.isprintable, texts)):  # type: ignore[arg-type]
        return []
    return [text for text in {*texts} if text and not text.isprintable()]


def _shown(column: Column, text: str) -> str:
    if column.unit == "JSON":
        return canonical(visible(object_in(text)))
    return printable(text) if column.name == "traceback" else str(visible(text))


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


def justified(stored: int) -> int:
    """Return the most bytes that may be allocated for so many that a store holds."""
    return max(FLOOR, RATIO * stored)


def inflated(data: object, most: int) -> bytes:
    """Return decompressed data; raise `ValueError` if there would be more than ``most`` bytes."""
    if not isinstance(data, bytes):
        raise ValueError("bytes")
    stream = zlib.decompressobj()
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


def integer(value: Any) -> Any:
    """Return the whole number in a hexadecimal text; any other value as it is.

    SQLite has no integers beyond 64 bits. `schema.storable` makes texts of them, which the column's
    type leaves alone.
    """
    found = isinstance(value, str) and re.fullmatch("0x[0-9a-f]{16,32}", value)
    return int(value, 16) if found else value


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
        high = WIDE.get(column.name, LARGEST)
        if not known or (low <= min(known) and max(known) <= high):
            return None
        return _first(values, lambda v: v is None or low <= v <= high), str(expected)
    if column.values:
        if {*values} <= {*column.values, None}:
            return None
        place = _first(values, lambda value: value is None or value in column.values)
        return place, f"one of {', '.join(column.values)}"
    if column.name in ("key", "cell"):
        if {*map(len, values)} <= {32} and {*"".join(values)} <= _DIGITS:
            return None
        return _first(values, lambda v: len(v) == 32 and {*v} <= _DIGITS), "32 hexadecimal digits"
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
    if found is None or is_deeper(found, DEEPEST):
        raise ValueError("JSON")
    return found


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


def _tuning(column: str) -> Callable[[Any], Any]:
    read = reader_of(column)
    return lambda text: read(_json(text))


_TAKEN = {column.name for column in (*TRIALS, *CURVES)}
_IDENTITY = {column.name for column in TRIALS if column.identity}

_READ: Mapping[tuple[str, str], Callable[[Any], Any]] = {
    ("trials", "final"): metrics_in,
    ("trials", "best"): metrics_in,
    **{("trials", c.name): object_in for c in TRIALS if c.unit == "JSON" and c.shown},
    ("curves", "columns"): names_in,
    ("environments", "description"): environment_in,
    ("settings", "budget"): object_in,
    ("settings", "checkpoints"): object_in,
    ("settings", "measure"): _texts,
    **{("tunings", name): _tuning(name) for name in ("space", "tuner", "winner", "proposals")},
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
