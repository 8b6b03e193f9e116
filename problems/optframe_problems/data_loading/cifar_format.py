"""Read CIFAR-10's binary format, from a file or from the archive of six files."""

import tarfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import Part, UnavailableError

__all__ = ["CLASSES", "SIDE", "read_archive", "read_records"]

CLASSES = 10
SIDE = 32
CHANNELS = 3
RECORD = 1 + CHANNELS * SIDE * SIDE


def read_records(files: Mapping[str, bytes]) -> Part:
    """Return the records of files, one after the other, given by their places and their bytes.

    A record is one byte for the class, 0 to 9, and 3 · 32 · 32 bytes for the pixels, first all red
    ones, then green, then blue, row by row. The inputs are the pixels 0 to 255 in the order
    (height, width, channel), of shape (n, 3072), uint8; the targets are of shape (n,), int64.

    Raises
    ------
    UnavailableError
        Where a file is empty, does not end with a record, or names another class.

    References
    ----------
    A. Krizhevsky, "Learning multiple layers of features from tiny images", Technical report,
    University of Toronto (2009).
    """
    tables = [_table(where, content) for where, content in files.items()]
    table = tables[0] if len(tables) == 1 else np.concatenate(tables)
    pixels = table[:, 1:].reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return Part(pixels.reshape(len(table), -1), table[:, 0].astype("int64"))


def _table(where: str, content: bytes) -> NDArray[Any]:
    records, rest = divmod(len(content), RECORD)
    if rest or not records:
        raise UnavailableError(
            f"{where}: found {len(content):,} bytes, expected one or more records of {RECORD:,}: "
            f"{'it is cut off or no CIFAR-10 file' if rest else 'it is empty'}"
        )
    table = np.frombuffer(content, np.uint8).reshape(records, RECORD)
    if table[:, 0].max() >= CLASSES:
        record = int(table[:, 0].argmax())
        raise UnavailableError(
            f"{where}: the class of record {record} (from 0) is {table[record, 0]}, expected 0 to "
            f"{CLASSES - 1}"
        )
    return table


def read_archive(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return the bytes of these members of a ``.tar.gz`` by their places, without unpacking it.

    Raises
    ------
    UnavailableError
        Where the archive is damaged or has no such member.
    """
    wanted = dict.fromkeys(names, b"")
    missing = set(wanted)
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name in missing else None
                if file is not None:
                    wanted[member.name] = file.read()
                    missing.remove(member.name)
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise UnavailableError(f"{path}: {error}; expected a .tar.gz of CIFAR-10") from error
    if missing:
        raise UnavailableError(f"{path}: {min(missing)} is missing in it")
    return {f"{path}/{name}": content for name, content in wanted.items()}
