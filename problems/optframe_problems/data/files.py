"""Where data files lie: the folder that OPTFRAME_DATA names."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from optframe import UsageError

__all__ = ["find"]


def find(name: str, folder: str, source: str, endings: Iterable[str] = ("",)) -> Path:
    """Return a file's path: ``$OPTFRAME_DATA/name`` or ``$OPTFRAME_DATA/folder/name``.

    Parameters
    ----------
    name
        The file's name; a path that exists as it is needs no OPTFRAME_DATA.
    folder
        The subfolder in which files of its format may lie.
    source
        Where people get it.
    endings
        What may follow the name (``".bz2"``).

    Raises
    ------
    UsageError
        Where there is no such file, naming how to get it.
    """
    home = os.environ.get("OPTFRAME_DATA")
    places = [Path(), *([Path(home), Path(home) / folder] if home else [])]
    for place in places:
        for ending in endings:
            path = place / f"{name}{ending}"
            if path.is_file():
                return path
    found = f"{home} holds no {name} or {folder}/{name}" if home else "OPTFRAME_DATA is not set"
    raise UsageError(
        f"{name}: no such file, and {found}; get it from {source} and set OPTFRAME_DATA=DIR to the "
        "folder in which it lies"
    )
