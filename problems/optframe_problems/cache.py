"""Keep results in the user's cache, by the hash of all that determines them."""

import contextlib
import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optframe import cache_folder
from optframe.contracts.whole_file import replacing

__all__ = ["cache_folder", "kept_arrays", "kept_number"]


def kept_number(kind: str, key: str, compute: Callable[[], float | None]) -> float | None:
    """Return the number that is kept under a key; where there is none, compute and keep it.

    A damaged file counts as missing. Files are written atomically. None is not kept. Where the
    cache cannot be written, the number is computed each time.
    """
    path = cache_folder() / kind / f"{key}.json"
    number = _read(path)
    if number is None:
        number = compute()
        if number is not None:
            _write(path, json.dumps(number).encode())
    return number


def kept_arrays(
    kind: str, key: str, compute: Callable[[], tuple[NDArray[Any], ...]]
) -> tuple[NDArray[Any], ...]:
    """Return the arrays that are kept under a key: see `kept_number`."""
    path = cache_folder() / kind / f"{key}.npz"
    with contextlib.suppress(OSError, ValueError, EOFError, zipfile.BadZipFile):
        kept = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        return tuple(kept[name] for name in sorted(kept))
    arrays = compute()
    content = io.BytesIO()
    named: dict[str, Any] = {f"{i:03}": array for i, array in enumerate(arrays)}
    np.savez(content, **named)
    _write(path, content.getvalue())
    return arrays


def _read(path: Path) -> float | None:
    try:
        number = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return number if isinstance(number, float) and math.isfinite(number) else None


def _write(path: Path, content: bytes) -> None:
    with contextlib.suppress(OSError), replacing(path, unique=True) as part:
        part.write_bytes(content)
