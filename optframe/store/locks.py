"""Folders as a store has to know them: on what file system they lie, and in whose hold they are."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["Hold", "is_shared", "kind_of"]

MOUNTS = Path("/proc/self/mountinfo")

SHARED = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs"),
        *(
            "beegfs",
            "glusterfs",
            "panfs",
            "wekafs",
            "orangefs",
            "pvfs2",
            "ocfs2",
            "gfs2",
            "coda",
            "ncpfs",
        ),
        *("fuse", "fuseblk", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs"),
    }
)
"""File systems that other machines, or a program, may hold, too: memory that processes map from
them need not be the same everywhere, and SQLite's WAL is made of such memory
(https://sqlite.org/wal.html, "WAL does not work over a network filesystem")."""


def is_shared(folder: Path) -> bool:
    """Whether a folder lies on a network file system, or on one that a program provides."""
    kind = kind_of(folder)
    return kind is not None and (kind in SHARED or kind.startswith("fuse."))


def kind_of(folder: Path) -> str | None:
    """Return the type of the file system on which a folder lies; None where nobody says it.

    What says it is Linux's list of mounts: the longest mount point that leads to the folder, and of
    two at the same place the later one, which hides the other.
    """
    place = folder.resolve()
    found, depth = None, -1
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        mounted, _, described = line.partition(" - ")
        point = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), mounted.split()[4]))
        if place.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = described.split()[0], len(point.parts)
    return found


class Hold:
    """A folder in one's hold until one lets go of it or dies, as far as its file system knows that.

    ``refused`` says that somebody else has it: on this machine, perhaps in this very process.
    """

    def __init__(self, folder: Path) -> None:
        self.refused = False
        self._descriptor: int | None = None
        try:
            import fcntl

            self._descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.refused = True
        except (ImportError, OSError):
            pass  # Windows, or a file system that knows no such locks

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
