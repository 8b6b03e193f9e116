"""The worker process's side: receive items from the parent, and send back their results.

This module is imported before NumPy and imports nothing of optframe itself. What the work needs is
imported when the work is unpickled.
"""

import contextlib
import ctypes
import faulthandler
import os
import pickle
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from optframe_plugins.worker_processes.shared_arrays import taken

__all__ = ["serve"]

PR_SET_PDEATHSIG = 1
"""Linux's prctl: the signal that a process gets when its parent dies."""

OOM_SCORE = 300
"""How much this process's OOM score is above its parent's, in thousandths of the memory."""


def serve(descriptor: int, arrays: int, last_words: int, parent: int) -> None:
    """Do the items that come through a socket, until an empty message or the parent's death.

    The parent sends the work, whose arrays are in the file ``arrays`` (see `Handed`), and then one
    item at a time. It gets ``("ready", None)`` or ``("refused", why)``, and for each item
    ``("done", result)`` or ``("raised", what)``. If the process crashes, Python's stack is
    written to the file ``last_words``. Standard input is a pipe that the parent holds open as long
    as it lives. SIGUSR1 calls the work's method ``hurry``.
    """
    for one in (descriptor, arrays, last_words):
        os.set_inheritable(one, False)
    faulthandler.enable(last_words, all_threads=False)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        # A crash is diagnosed by its stack; a study of thousands must not leave core files.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _die_with(parent)
    _die_before(parent)
    connection = Connection(descriptor)
    try:
        work = taken(connection.recv_bytes(), arrays)
    except Exception as error:
        connection.send(("refused", f"{error}"))
        return
    hurry = getattr(work, "hurry", None)
    signal.signal(signal.SIGUSR1, lambda number, frame: hurry and hurry())
    connection.send(("ready", None))
    while message := connection.recv_bytes():
        connection.send_bytes(_answer(work, message))


def _answer(work: Any, message: bytes) -> bytes:
    """Do an item and return the pickled answer, whatever happens."""
    try:
        answer = pickle.dumps(("done", work(pickle.loads(message))), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        answer = pickle.dumps(("raised", f"the trial raised {type(error).__name__}"))
    for stream in (sys.stdout, sys.stderr):  # so that no printed text is lost later
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    return answer


def _die_with(parent: int) -> None:
    """End this process when its parent ends; on Linux, even while the GIL is held."""
    life = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)

    def watch() -> None:
        os.read(life, 1)
        os._exit(0)

    Thread(target=watch, daemon=True).start()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _die_before(parent: int) -> None:
    """Make Linux kill this process before its parent where memory runs out."""
    with contextlib.suppress(OSError, ValueError):
        theirs = int(Path(f"/proc/{parent}/oom_score_adj").read_text(encoding="ascii"))
        score = min(1000, theirs + OOM_SCORE)
        Path("/proc/self/oom_score_adj").write_text(str(score), encoding="ascii")
