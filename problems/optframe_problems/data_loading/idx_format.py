"""Read the IDX format of MNIST and similar data sets."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import UnavailableError

__all__ = ["read_images", "read_labels"]

BYTES = 0x08
"""The type of value that the third byte of the magic number tells: unsigned bytes."""


def read_images(path: Path, shape: tuple[int, int]) -> NDArray[Any]:
    """Return images of a shape (height, width) as pixels 0 to 255, (n, height · width), uint8.

    A file whose name ends in ``.gz`` is unpacked. The format: two bytes 0, a byte for the type of
    the values, a byte for the number of axes, the length of each axis in four bytes, the most
    significant first, and the values, the last axis running fastest.

    Raises
    ------
    UnavailableError
        Where the file is something else, is cut off or has bytes left over, naming it with what
        was found and what was expected.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits" (1998).
    """
    pixels = _read(path, axes=3)
    if pixels.shape[1:] != shape:
        found, expected = ("×".join(map(str, size)) for size in (pixels.shape[1:], shape))
        raise UnavailableError(f"{path}: found images of {found} pixels, expected {expected}")
    return pixels.reshape(len(pixels), -1)


def read_labels(path: Path, classes: int) -> NDArray[Any]:
    """Return labels 0 to ``classes`` − 1, (n,), int64: see `read_images`."""
    labels = _read(path, axes=1)
    if labels.max() >= classes:
        record = int(labels.argmax())
        raise UnavailableError(
            f"{path}: the label of record {record} (from 0) is {labels[record]}, expected 0 to "
            f"{classes - 1}"
        )
    return labels.astype("int64")


def _read(path: Path, axes: int) -> NDArray[Any]:
    """Return the values of a file with so many axes."""
    content = _content(path)
    start = 4 + 4 * axes
    magic = struct.pack(">HBB", 0, BYTES, axes)
    if content[:4] != magic:
        raise UnavailableError(
            f"{path}: found the magic number {content[:4].hex() or 'of an empty file'}, expected "
            f"{magic.hex()}: IDX, bytes, {axes} {'axis' if axes == 1 else 'axes'}"
        )
    if len(content) < start:
        raise UnavailableError(f"{path}: its header of {start} bytes ends after {len(content)}")
    shape = struct.unpack(f">{axes}I", content[4:start])
    found, expected = len(content) - start, math.prod(shape)
    if found != expected:
        state = "it is cut off" if found < expected else "there are bytes left over"
        raise UnavailableError(
            f"{path}: found {found:,} bytes of values, expected {expected:,} "
            f"({' × '.join(map(str, shape))}, as its header says): {state}"
        )
    if not expected:
        raise UnavailableError(f"{path}: the file holds no records")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnavailableError(f"{path}: {reason}; expected a file in IDX format") from error
