"""Trials on a Dask cluster: this machine's, a SLURM cluster's or Kubernetes'."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Any, TypeVar

from annotated_types import Ge, Gt

from optframe import Count, Executor, Lost, Stop, UnavailableError
from optframe_plugins.worker_processes.cores import cores

__all__ = ["Dask"]

Item = TypeVar("Item", bound=Sequence[Any])
Done = TypeVar("Done")


@dataclass(frozen=True)
class Dask(Executor):
    """Dask: trials on the workers of a cluster, each in a process whose death costs it alone.

    The threads of a Dask worker supervise; a trial runs in a fresh process beside them, as with
    ``processes``. So a trial that hangs, crashes or never lets go of Python's lock does so without
    the worker, which goes on to answer its scheduler.

    Parameters
    ----------
    jobs
        How many trials run at a time, ≥ 1; by default one for each thread of the cluster's workers,
        and on a cluster of this machine one on each device, or as many as there are cores for them.
    threads
        How many threads each of them may use, ≥ 1.
    timeout
        Seconds that a trial may take, > 0; a batch of trials may take as long as all of them.
    retries
        How often a trial runs again whose process has died or was too slow, ≥ 0.
    scheduler
        The address of a scheduler (``tcp://host:8786``, ``tls://...``), or the path of its file;
        by default a cluster of worker processes on this machine, which ends with the study.
    environments
        What workers on this machine find in their environment; they take turns.
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
            Where a worker cannot load what the study was planned with, or has another version.
        UnavailableError
            Where there is no scheduler, or it is lost and does not come back.
        UsageError
            Where ``scheduler`` is neither an address nor a file.
        """
        if os.name != "posix":
            raise UnavailableError("executor 'dask': it needs Linux or macOS")
        if not (find_spec("distributed") and find_spec("cryptography")):
            raise UnavailableError(
                "executor 'dask': Dask is not installed; pip install 'optframe[dask]'"
            )
        from optframe_plugins.dask_cluster.cluster import found, started
        from optframe_plugins.dask_cluster.link import Link

        places: Sequence[Mapping[str, str]] = self.environments or ({},)
        workers = self.jobs or len(self.environments) or max(1, cores() // self.threads)
        cluster = found(self.scheduler) if self.scheduler else started(workers, places)
        with cluster as there:
            yield from Link(self, there, work, items, stop).results()
