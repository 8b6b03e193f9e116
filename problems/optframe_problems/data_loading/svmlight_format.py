"""Read LIBSVM's text format; an error names the line."""

import bz2
import gzip
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import UsageError

__all__ = ["read"]

LARGEST = 2**31 - 1
"""The largest index, as 32-bit sparse matrices have it."""


def read(path: Path) -> tuple[Any, NDArray[Any]]:
    """Return inputs, a SciPy CSR matrix of shape (n, d), and targets, shape (n,), in float64.

    A line is ``target index:value index:value ...`` with increasing indices from 1; what is not
    named is 0, and d is the largest index. ``#`` begins a comment. A file whose name ends in
    ``.bz2`` or ``.gz`` is read as it is.

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
    unpack = {".bz2": bz2.decompress, ".gz": gzip.decompress}.get(path.suffix)
    try:
        return unpack(path.read_bytes()) if unpack else path.read_bytes()
    except (OSError, EOFError, ValueError) as error:
        raise UsageError(f"{path}: {error}; expected a file in LIBSVM's format") from error


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
