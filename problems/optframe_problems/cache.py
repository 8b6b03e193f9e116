"""What was computed once and is kept in the user's cache, by the hash of all that determines it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["cache_folder", "kept_number"]


def cache_folder() -> Path:
    """Return ``$OPTFRAME_CACHE``, else ``$XDG_CACHE_HOME/optframe``, else ``~/.cache/optframe``."""
    own = os.environ.get("OPTFRAME_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "optframe"


def kept_number(kind: str, key: str, compute: Callable[[], float | None]) -> float | None:
    """Return the number that is kept under a key; where there is none, compute and keep it.

    A file that is damaged counts as none. Files appear whole or not at all. None is not kept, and
    a cache that cannot be written costs time, but no result.
    """
    path = cache_folder() / kind / f"{key}.json"
    number = _read(path)
    if number is None:
        number = compute()
        if number is not None:
            with contextlib.suppress(OSError):
                _write(path, number)
    return number


def _read(path: Path) -> float | None:
    try:
        number = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return number if isinstance(number, float) and math.isfinite(number) else None


def _write(path: Path, number: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False
    ) as file:
        file.write(json.dumps(number))
    os.replace(file.name, path)
