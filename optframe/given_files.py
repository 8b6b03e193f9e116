"""Files that a person names: where they are, and what is in them, which is bounded before use."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = [
    "LARGEST_TEXT",
    "MOST_NESTED",
    "content_of",
    "expanded",
    "is_deeper",
    "parsed_json",
    "parsed_toml",
    "unfit",
]

LARGEST_TEXT = 2**30
"""The most bytes of a TOML or JSON file, which is read as a whole."""

MOST_NESTED = 64
"""The most tables and lists that may be inside each other."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def expanded(path: str | os.PathLike[str]) -> Path:
    """Return the path, in which ``~`` at its beginning is the home folder, as in a shell.

    A shell does not expand ``--out=~/results``, and nothing does in a file or from Python.
    """
    return Path(os.path.expanduser(path))


def unfit(path: Path) -> str | None:
    """Return what a path is, if it is no regular file: reading it might wait or never end.

    Raises
    ------
    OSError
        If there is nothing at the path.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode):
        return None
    return f"found {_KINDS.get(stat.S_IFMT(mode), 'something else')}, expected a file"


def content_of(path: Path, most: int = LARGEST_TEXT) -> bytes:
    """Return the content of a regular file of at most ``most`` bytes.

    Raises
    ------
    OSError
        If it cannot be read, is something else, or is larger.
    """
    flaw, size = unfit(path), path.stat().st_size
    if flaw is None and size > most:
        flaw = f"found {size:,} bytes, expected at most {most:,}"
    if flaw is not None:
        raise OSError(errno.EINVAL, flaw)
    return path.read_bytes()


def parsed_toml(text: str) -> dict[str, Any]:
    """Return the tables of a TOML text; a `ValueError` says in one line why it is refused."""
    tables: dict[str, Any] = _parsed(tomllib.loads, text)
    return tables


def parsed_json(text: str, **how: Any) -> Any:
    """Return the value of a JSON text; a `ValueError` says in one line why it is refused."""
    return _parsed(lambda given: json.loads(given, **how), text)


def _parsed(loads: Callable[[str], Any], text: str) -> Any:
    deep = f"found tables or lists more than {MOST_NESTED} deep inside each other"
    try:
        value = loads(text)
    except RecursionError as error:
        raise ValueError(f"{deep}; expected fewer") from error
    except ValueError as error:
        digits = re.search(r"value has (\d+) digits", str(error))
        if digits is None:
            raise
        raise ValueError(f"found a whole number of {digits[1]} digits; expected fewer") from error
    if is_deeper(value, MOST_NESTED):
        raise ValueError(f"{deep}; expected fewer")
    return value


def is_deeper(value: Any, most: int) -> bool:
    """Return whether more than ``most`` tables and lists are inside each other."""
    level = _inside([value])
    while level and most:
        level, most = [inner for outer in level for inner in _inside(outer)], most - 1
    return bool(level)


def _inside(value: Any) -> list[Any]:
    """Return the tables and lists directly inside of one."""
    inside = value.values() if isinstance(value, dict) else value
    return [inner for inner in inside if isinstance(inner, (dict, list))]
