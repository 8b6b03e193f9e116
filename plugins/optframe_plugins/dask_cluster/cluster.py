"""Find a running Dask cluster, or start one on this machine."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optframe import UnavailableError, UsageError

__all__ = ["Place", "found", "serve", "started"]

PROGRAM = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from optframe_plugins.dask_cluster.cluster import serve; serve(sys.argv[1])"
)

SETTINGS = {
    "DASK_LOGGING__DISTRIBUTED": "critical",
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}
"""Of our own cluster: it logs nothing, and reports each death, so that tries are counted here."""

PATIENCE = 5.0
"""Seconds that our own cluster may take to end by itself."""


@dataclass(frozen=True)
class Place:
    """A cluster: its name in messages, and how `distributed.Client` reaches it."""

    name: str
    address: str | None = None
    file: str | None = None
    certificate: str | None = None
    key: str | None = None
    process: "subprocess.Popen[bytes] | None" = None
    """That of our own cluster, which is not restarted when it has ended."""

    def arguments(self) -> dict[str, Any]:
        """Return the client's arguments; others' certificates are in Dask's configuration."""
        from distributed.security import Security

        if self.file is not None:
            return {"scheduler_file": self.file}
        if self.certificate is None:
            return {"address": self.address}
        ours = {"tls_ca_file": self.certificate, "tls_client_cert": self.certificate}
        security = Security(require_encryption=True, tls_client_key=self.key, **ours)
        return {"address": self.address, "security": security}


@contextlib.contextmanager
def found(scheduler: str) -> Iterator[Place]:
    """Find a cluster by the address of its scheduler, or by a file that the scheduler has written.

    Raises
    ------
    UsageError
        Where it is neither.
    """
    if "://" in scheduler:
        yield Place(scheduler, address=scheduler)
    elif Path(file := os.path.expanduser(scheduler)).is_file():
        yield Place(scheduler, file=file)
    else:
        raise UsageError(
            f"scheduler {scheduler!r}: no such file; expected an address such as "
            "tcp://host:8786, or the file that `dask scheduler --scheduler-file` has written"
        )


@contextlib.contextmanager
def started(workers: int, places: Sequence[Mapping[str, str]]) -> Iterator[Place]:
    """Start a cluster on this machine: worker processes with one thread and a nanny each.

    It runs in a new process, so that scripts need no ``if __name__ == "__main__"`` and Ctrl-C does
    not reach it. It ends when this process ends, even if this one is killed. Clients need its
    certificate, which is made for this cluster alone.

    Raises
    ------
    UnavailableError
        Where it does not start.
    """
    environments = [dict(places[place % len(places)]) for place in range(workers)]
    paths = [os.path.abspath(path) for path in sys.path]
    with (
        tempfile.TemporaryDirectory(prefix="optframe-dask-", ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, folder, *paths],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **SETTINGS},
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(json.dumps(environments).encode() + b"\n")
                process.stdin.flush()
            said = process.stdout.readline()
            if not said:
                raise UnavailableError(
                    "executor 'dask': its cluster on this machine does not start, exit code "
                    f"{process.wait()}; read its output above"
                )
            yield Place("of this machine", process=process, **json.loads(said))
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()


def serve(folder: str) -> None:
    """Run a cluster until standard input ends.

    It reads the workers' environments and writes how the scheduler is reached, both as JSON. What
    is printed after that goes to standard error.
    """
    environments = json.loads(sys.stdin.buffer.readline())
    out = os.dup(1)
    os.dup2(2, 1)
    asyncio.run(_serve(folder, environments, out))
    os._exit(0)  # without waiting for threads


async def _serve(folder: str, environments: list[dict[str, str]], out: int) -> None:
    from distributed import Nanny, Scheduler, Security, SpecCluster

    security = Security.temporary()
    shared = {"host": "127.0.0.1", "protocol": "tls", "port": 0, "security": security}
    workers = {
        place: {
            "cls": Nanny,
            "options": {
                **shared,
                "nthreads": 1,
                "env": environment,
                "local_directory": folder,
                "memory_limit": 0,  # trials are processes of their own
                "dashboard_address": "127.0.0.1:0",
            },
        }
        for place, environment in enumerate(environments)
    }
    async with SpecCluster(
        workers=workers,
        scheduler={"cls": Scheduler, "options": {**shared, "dashboard_address": "127.0.0.1:0"}},
        asynchronous=True,
        security=security,
    ) as cluster:
        how = {
            "address": cluster.scheduler_address,
            "certificate": security.tls_ca_file,
            "key": security.tls_client_key,
        }
        os.write(out, json.dumps(how).encode() + b"\n")
        os.close(out)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
