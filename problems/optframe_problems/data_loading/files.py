"""Find a file that a user names: by its path, or in the folder OPTFRAME_DATA."""

import os
from collections.abc import Iterable
from pathlib import Path

from optframe import DataFile, UsageError

__all__ = ["named"]


def named(path: str, folder: str, sha256: str = "", endings: Iterable[str] = ("",)) -> DataFile:
    """Return a file by its path, to which one of these endings may be added.

    Parameters
    ----------
    path
        Where it lies: from the current folder, in OPTFRAME_DATA, or in a subfolder of that.
    folder
        The subfolder.
    sha256
        Its checksum, or nothing.
    endings
        What may be added to the path, usually nothing first.

    Raises
    ------
    UsageError
        Where there is no such file, or the path leads out of these folders without being absolute.
    """
    path = os.path.expanduser(path)
    if not Path(path).is_absolute() and ".." in Path(path).parts:
        raise UsageError(
            f"{path}: found a path that leads out of its folder, expected one inside it; if it is "
            "meant, write it as an absolute path"
        )
    for ending in endings:
        here = Path(path + ending)
        if here.exists() and not here.is_dir():  # a pipe or device is refused when it is read
            return DataFile(str(here.absolute()), folder, sha256=sha256)
    file = DataFile(path, folder, sha256=sha256, forms=tuple((path + e, sha256) for e in endings))
    if file.find() is None:
        raise UsageError(
            f"{path}: no such file, neither as it is, nor in the folder OPTFRAME_DATA or its "
            f"{folder}/"
        )
    return file
