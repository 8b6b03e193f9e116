"""Trials on a Dask cluster: on this machine, under SLURM or on Kubernetes."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from annotated_types import Ge, Gt

from optframe import Count, Executor, Lost, Stop, UnavailableError
from optframe_plugins.worker_processes.cores import cores

if TYPE_CHECKING:
    from optframe_plugins.dask_cluster.connection import Connection

__all__ = ["Dask"]

Item = TypeVar("Item", bound=Sequence[Any])
Done = TypeVar("Done")


@dataclass(frozen=True)
class Dask(Executor):
    """Dask: trials on the workers of a cluster, in processes; where one dies, one trial is lost.

    The threads of a Dask worker only supervise. Trials run in processes of their own, as with
    ``processes``: where one hangs, crashes or never releases the GIL, the Dask worker still answers
    its scheduler.

    Parameters
    ----------
    jobs
        How many trials run at a time, ≥ 1. By default one for each thread of the cluster's workers.
        On a cluster that is started on this machine, by default one for each device, where the
        backend has devices, else the number of cores divided by ``threads``.
    threads
        How many threads each of them may use, ≥ 1.
    timeout
        Seconds that a trial may take, > 0; a batch of n trials may take n times as long.
    retries
        How often a trial is run again after its process has died or was too slow, ≥ 0.
    scheduler
        The address of a scheduler (``tcp://host:8786``, ``tls://...``), or the path of its file;
        by default a cluster of worker processes on this machine, which ends with the study.
    environments
        Environment variables of workers on this machine, a set for each in turn.
    """

    jobs: Count | None = None
    threads: Count = 1
    timeout: Annotated[float, Gt(0)] | None = None
    retries: Annotated[int, Ge(0)] = 1
    scheduler: str | None = None
    environments: tuple[dict[str, str], ...] = ()

    elsewhere = True

    def run(
        self, work: Callable[[Item], Done], items: Sequence[Item], stop: Stop
    ) -> Iterator[Done | Lost[Item]]:
        """Do each item on the next thread of a worker that is free.

        Raises
        ------
        PluginError
            Where a worker cannot load the study's plugins, or has other versions of them.
        UnavailableError
            Where there is no scheduler, or it is lost and does not come back.
        UsageError
            Where ``scheduler`` is neither an address nor a file.
        """
        with self.open() as opened:
            yield from opened.run(work, items, stop)

    @contextlib.contextmanager
    def open(self) -> Iterator[Executor]:
        """Keep the cluster of this machine, the connection and the workers' processes."""
        opened = Opened(self)
        try:
            yield opened
        finally:
            opened.end()


class Opened(Executor):
    """A cluster that does the items of one run after another; it is reached at the first."""

    elsewhere = True

    def __init__(self, settings: Dask) -> None:
        self.settings = settings
        self._connection: Connection | None = None
        self._workers = 0
        """Of our own cluster."""
        self._ends = contextlib.ExitStack()

    def run(
        self, work: Callable[[Item], Done], items: Sequence[Item], stop: Stop
    ) -> Iterator[Done | Lost[Item]]:
        """Do each item on the next thread of a worker that is free."""
        if os.name != "posix":
            raise UnavailableError("executor 'dask': it needs Linux or macOS")
        if not (find_spec("distributed") and find_spec("cryptography")):
            raise UnavailableError(
                "executor 'dask': Dask is not installed; pip install 'optframe-bench[dask]'"
            )
        from optframe_plugins.dask_cluster.link import Link

        connection = self._reached(len(items))
        yield from Link(self.settings, connection, work, items, stop).results()

    def _reached(self, items: int) -> "Connection":
        """Return the connection; our own cluster is made anew where it is too small for a run."""
        from optframe_plugins.dask_cluster.cluster import found, started
        from optframe_plugins.dask_cluster.connection import Connection

        settings = self.settings
        places: Sequence[Mapping[str, str]] = settings.environments or ({},)
        most = settings.jobs or len(settings.environments) or max(1, cores() // settings.threads)
        workers = min(most, max(1, items))
        if self._connection is not None:
            if settings.scheduler or workers <= self._workers:
                return self._connection
            self.end()
            workers = most
        place = found(settings.scheduler) if settings.scheduler else started(workers, places)
        self._connection = Connection(self._ends.enter_context(place))
        self._ends.callback(self._connection.close)
        self._workers = workers
        return self._connection

    def end(self) -> None:
        """Disconnect, and end the cluster if it is ours."""
        self._connection = None
        self._ends.close()
