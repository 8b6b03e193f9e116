"""Read LIBSVM's text format; an error names the line."""

import bz2
import gzip
import io
import lzma
import math
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import UsageError

__all__ = ["read"]

LARGEST = 2**31 - 1
"""The largest index, as 32-bit sparse matrices have it."""

DIGITS = 1000
"""The most digits of an index that are read as a number."""

MOST_PACKED, SMALL = 100, 2**24
"""A packed file may have 100 times as many bytes, and 16 MiB more; text has about 10 times."""

_PACKED: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
"""What opens packed files, by their first bytes: names may lack the ending."""


def read(path: Path) -> tuple[Any, NDArray[Any]]:
    """Return inputs, a SciPy CSR matrix of shape (n, d), and targets, shape (n,), in float64.

    A line is ``target index:value index:value ...`` with increasing indices from 1; what is not
    named is 0, and d is the largest index. ``#`` begins a comment. A file that gzip, bzip2 or xz
    has packed is unpacked, whatever its name is.

    Raises
    ------
    UsageError
        Where a line is empty or malformed, or the file is empty or cannot be read, naming both.

    References
    ----------
    C.-C. Chang, C.-J. Lin, "LIBSVM: a library for support vector machines", ACM Transactions on
    Intelligent Systems and Technology 2 (2011).
    """
    from scipy.sparse import csr_array
    from sklearn.datasets import load_svmlight_file

    content = _content(path)
    try:
        matrix, targets = load_svmlight_file(io.BytesIO(content), zero_based=False)
    except (ValueError, OverflowError) as error:
        _check_lines(path, content)
        raise UsageError(f"{path}: {error}; expected a file in LIBSVM's format") from error
    # It passes over empty lines, ranks (qid) and what is not finite.
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    finite = bool(np.isfinite(matrix.data).all() and np.isfinite(targets).all())
    if lines != len(targets) or not finite or b"qid:" in content or matrix.shape[1] > LARGEST:
        _check_lines(path, content)
    return csr_array(matrix), targets


def _content(path: Path) -> bytes:
    """Return the text, unpacked and with the line ends of Unix."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
        unpack = next((o for magic, o in _PACKED.items() if head.startswith(magic)), None)
        if unpack is None:
            content = path.read_bytes()
        else:
            size = path.stat().st_size
            most = SMALL + MOST_PACKED * size
            with unpack(path) as file:
                content = file.read(most + 1)
            if len(content) > most:
                raise UsageError(
                    f"{path}: found more than {most:,} bytes packed into {size:,}, expected at "
                    f"most {MOST_PACKED} times as many; unpack the file if it is meant"
                )
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise UsageError(f"{path}: {error}; expected a file in LIBSVM's format") from error
    return re.sub(rb"\r\n?", b"\n", content) if b"\r" in content else content


def _check_lines(path: Path, content: bytes) -> None:
    """Raise UsageError for the first line that is wrong; comments alone are not."""
    records = 0
    for number, line in enumerate(content.splitlines(), start=1):
        text = line.decode("utf-8", "replace")
        words = text.partition("#")[0].split()
        mistake = _mistake(words) if words or "#" not in text else None
        if mistake:
            raise UsageError(
                f"{path}, line {number}: {mistake}; expected 'target index:value index:value ...'"
            )
        records += bool(words)
    if not records:
        raise UsageError(f"{path}: the file holds no records")


def _mistake(words: list[str]) -> str | None:
    """Say what is wrong with a line, or None."""
    if not words:
        return "the line is empty"
    target, *features = words
    if ":" in target:
        return f"the target is missing before {target!r}"
    if not _is_finite(target):
        return f"the target {target!r} is no finite number"
    before = 0
    for word in features:
        index, colon, value = word.partition(":")
        if not (colon and index.isascii() and index.isdigit()):
            return f"found {word!r}"
        if len(index) > DIGITS:
            return f"found an index of {len(index)} digits"
        if int(index) <= before:
            place = f"index {index} follows {before}" if before else f"index {index}"
            return f"{place}, but indices increase from 1"
        if int(index) > LARGEST:
            return f"index {index} is above {LARGEST}"
        if not _is_finite(value):
            return f"the value of {word!r} is no finite number"
        before = int(index)
    return None


def _is_finite(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False
