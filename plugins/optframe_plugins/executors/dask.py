"""Trials on a Dask cluster: on this machine, under SLURM or on Kubernetes."""

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
        if os.name != "posix":
            raise UnavailableError("executor 'dask': it needs Linux or macOS")
        if not (find_spec("distributed") and find_spec("cryptography")):
            raise UnavailableError(
                "executor 'dask': Dask is not installed; pip install 'optframe-bench[dask]'"
            )
        from optframe_plugins.dask_cluster.cluster import found, started
        from optframe_plugins.dask_cluster.link import Link

        places: Sequence[Mapping[str, str]] = self.environments or ({},)
        workers = self.jobs or len(self.environments) or max(1, cores() // self.threads)
        workers = min(workers, max(1, len(items)))
        cluster = found(self.scheduler) if self.scheduler else started(workers, places)
        with cluster as there:
            yield from Link(self, there, work, items, stop).results()
