"""The folder of a store: its file system, its journal, and an exclusive lock on it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from optframe.errors import StoreError

__all__ = ["FolderLock", "is_alive", "is_shared", "journal_for", "kind_of"]

JOURNAL = "OPTFRAME_JOURNAL"
"""The environment variable that sets SQLite's journal for every file system."""

JOURNALS = ("WAL", "DELETE")

MOUNTS = Path("/proc/self/mountinfo")

SHARED = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs"),
        *("beegfs", "glusterfs", "panfs", "wekafs", "orangefs", "pvfs2", "ocfs2", "gfs2"),
        *("coda", "ncpfs"),
        *("fuse", "fuseblk", "virtiofs", "vboxsf", "vmhgfs", "prl_fs", "drvfs"),
    }
)
"""File systems that other machines or a program may share. Memory that processes map from them may
differ between machines. SQLite's WAL needs such shared memory (https://sqlite.org/wal.html, "WAL
does not work over a network filesystem")."""


def is_shared(folder: Path) -> bool:
    """Whether a folder is on a network file system, or on one that a program provides."""
    kind = kind_of(folder)
    return kind is not None and (kind in SHARED or kind.startswith("fuse."))


def kind_of(folder: Path) -> str | None:
    """Return the type of the file system that a folder is on; None if the system has no list.

    It comes from Linux's list of mounts: the deepest mount point above the folder, and of two at
    the same place the later one, which hides the other.
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


class FolderLock:
    """An exclusive lock on a folder, released by `close` or when the process ends.

    ``refused`` is true if it is locked already, on this machine, perhaps in this process. If the
    system or the file system has no such locks, the folder is not locked and ``refused`` is false.
    ``decides`` is true if this lock is held, on a disk that no other machine writes to: then nobody
    else writes to the folder, whatever process numbers say.
    """

    def __init__(self, folder: Path) -> None:
        self.refused = self.decides = False
        self._descriptor: int | None = None
        try:
            import fcntl

            # flock belongs to the open file, not to the process: a second one is refused even in
            # this process. The kernel releases it with the last descriptor, also after a kill.
            self._descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.decides = not is_shared(folder)
        except BlockingIOError:
            self.refused = True
        except (ImportError, OSError):
            pass  # Windows, or a file system without such locks

    def close(self) -> None:
        """Release the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_alive(process: int) -> bool:
    """Whether a process of this number runs on this machine."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError, TypeError):  # the number may be a stranger's
        return False
    except OSError:
        return True
    return True


def journal_for(folder: Path) -> str:
    """Return the journal for a folder: `OPTFRAME_JOURNAL`, else WAL, or DELETE if WAL is not safe.

    With WAL, readers and the writer do not wait for each other, and saving a record takes one
    write. DELETE needs no shared memory.
    """
    chosen = os.environ.get(JOURNAL, "").upper()
    if chosen not in ("", *JOURNALS):
        raise StoreError(f"{JOURNAL}: found {chosen.lower()!r}, expected wal or delete")
    return chosen or ("DELETE" if is_shared(folder) else "WAL")
