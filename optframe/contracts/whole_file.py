"""Writing a file whole: readers find the old file or the new one, never a part."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["replacing"]


@contextlib.contextmanager
def replacing(path: Path, *, unique: bool = False) -> Iterator[Path]:
    """Yield the path of a part to write, which replaces ``path`` at the end.

    Where something is raised inside, ``path`` stays as it was, and the part is removed. A process
    that is killed leaves its part behind; the next writer of ``path`` removes it. ``unique`` gives
    each writer a part of its own, for files that several processes may write at once.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.urandom(8).hex()}.part" if unique else ".part")
    part.unlink(missing_ok=True)
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):  # the first error says more
            part.unlink(missing_ok=True)
        raise
