"""Several trials at a time, in worker processes of this machine."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from time import monotonic
from typing import Annotated, Any, TypeVar

from annotated_types import Ge, Gt

from optframe import Count, Executor, Lost, PluginError, Stop, UnavailableError
from optframe_plugins.worker_processes.cores import cores
from optframe_plugins.worker_processes.shared_arrays import Handed
from optframe_plugins.worker_processes.worker_handle import Died, Worker

__all__ = ["Processes"]

Item = TypeVar("Item", bound=Sequence[Any])
Done = TypeVar("Done")

LOOK = 1.0
"""Seconds between checks whether processes that send nothing are alive."""

STARTS = 3
"""How many times in a row a process may die before it is ready."""


@dataclass(frozen=True)
class Processes(Executor):
    """Processes: several trials at a time in processes; where one dies, only its trial is lost.

    Parameters
    ----------
    jobs
        How many trials run at a time, ≥ 1. By default one for each device, where the backend has
        devices, else the number of cores divided by ``threads``.
    threads
        How many threads each of them may use, ≥ 1.
    timeout
        Seconds that a trial may take, > 0; a batch of n trials may take n times as long.
    retries
        How often a trial is run again after its process has died or was too slow, ≥ 0.
    environments
        Environment variables of the processes, a set for each in turn.
    """

    jobs: Count | None = None
    threads: Count = 1
    timeout: Annotated[float, Gt(0)] | None = None
    retries: Annotated[int, Ge(0)] = 1
    environments: tuple[dict[str, str], ...] = ()

    elsewhere = True
    near = True

    def run(
        self, work: Callable[[Item], Done], items: Sequence[Item], stop: Stop
    ) -> Iterator[Done | Lost[Item]]:
        """Do each item in the next process that is free.

        Raises
        ------
        PluginError
            Where a process cannot load the study's plugins.
        UnavailableError
            Where processes do not start.
        """
        with self.open() as crew:
            yield from crew.run(work, items, stop)

    @contextlib.contextmanager
    def open(self) -> Iterator[Executor]:
        """Keep the processes from one ``run`` to the next, with the work that they have."""
        crew = Crew(self)
        try:
            yield crew
        finally:
            crew.end()

    @property
    def at_once(self) -> int:
        """How many trials run at a time."""
        if self.jobs is not None:
            return self.jobs
        return len(self.environments) or max(1, cores() // self.threads)


@dataclass
class _Task:
    """An item, and how often it was tried."""

    item: Any
    tries: int = 0


class Crew(Executor):
    """Worker processes that do the items of one run after another."""

    elsewhere = True
    near = True

    def __init__(self, settings: Processes) -> None:
        self.settings = settings
        self.workers: dict[int, Worker] = {}
        """By their place; another worker takes the place of one that died."""
        self._work: Any = None
        self._handed: Handed | None = None

    def run(
        self, work: Callable[[Item], Done], items: Sequence[Item], stop: Stop
    ) -> Iterator[Done | Lost[Item]]:
        """Do each item in the next process that is free; those with other work are ended first."""
        if self._handed is None or self._work is not work:
            self.end()
            self._work, self._handed = work, Handed(work)
        shift = _Shift(self, items, stop)
        try:
            yield from shift.results()
        finally:
            shift.end()

    def start(self, place: int) -> None:
        """Start a worker at a place, with the environment of this place."""
        assert self._handed is not None
        places: Sequence[Mapping[str, str]] = self.settings.environments or ({},)
        environment = places[place % len(places)]
        self.workers[place] = Worker(self._handed, self.settings.threads, environment)

    def end(self) -> None:
        """End all workers, idle or busy, and forget their work."""
        for worker in self.workers.values():
            worker.dismiss()
        for worker in self.workers.values():
            worker.end()
        self.workers.clear()
        if self._handed is not None:
            self._handed.file.close()
        self._work = self._handed = None


@dataclass
class _Shift:
    """One run of a crew, and the items that wait for its workers."""

    crew: Crew
    items: Sequence[Any]
    stop: Stop
    failed: int = 0

    def __post_init__(self) -> None:
        self.settings, self.workers = self.crew.settings, self.crew.workers
        self.waiting = deque(_Task(item) for item in self.items)

    def results(self) -> Iterator[Any]:
        """Yield the items' results, until all are done or the study is to end."""
        for place in list(self.workers):  # some may have died, or become ready, since the last run
            yield from self._attend(place)
        hurried = False
        while self.waiting or self._busy():
            if self.stop.requested and (not self._busy() or monotonic() >= self.stop.until):
                return
            if not self.stop.requested:
                self._hand_out()
            elif not hurried:
                hurried = True
                for worker in self.workers.values():
                    worker.hurry()
            for place in self._wait():
                yield from self._attend(place)

    def end(self) -> None:
        """End the workers that are still busy, with what nobody waits for."""
        for place, worker in list(self.workers.items()):
            if worker.task is not None:
                del self.workers[place]
                worker.end()

    def _busy(self) -> int:
        return sum(worker.task is not None for worker in self.workers.values())

    def _hand_out(self) -> None:
        """Give an item to each free worker, and start workers for the items that are left."""
        for worker in self.workers.values():
            if self.waiting and worker.ready and worker.task is None:
                task = self.waiting.popleft()
                seconds = self.settings.timeout
                worker.begin(task, task.item, seconds and seconds * len(task.item))
        starting = sum(not worker.ready for worker in self.workers.values())
        for place in range(min(self.settings.at_once, len(self.items))):
            if place not in self.workers and starting < len(self.waiting):
                self.crew.start(place)
                starting += 1

    def _wait(self) -> list[int]:
        """Wait for a message, a deadline, or the study's end; return the places to look at."""
        deadlines = [worker.deadline for worker in self.workers.values()]
        seconds = min(LOOK, min([self.stop.until, *deadlines]) - monotonic())
        of = {worker.connection: place for place, worker in self.workers.items()}
        asked = [] if self.stop.requested else [self.stop.fileno()]
        heard = wait([*of, *asked], max(0.0, seconds))
        now = monotonic()
        late = [place for place, worker in self.workers.items() if worker.deadline <= now]
        speaking = [place for one, place in of.items() if one in heard]
        return list(dict.fromkeys([*speaking, *late])) or list(self.workers)

    def _attend(self, place: int) -> Iterator[Any]:
        """Read a worker's message, and yield its item's result."""
        worker = self.workers[place]
        try:
            said = worker.hear()
        except Died as death:
            yield from self._bury(place, str(death))
            return
        if said is None:
            if monotonic() >= worker.deadline:
                seconds = self.settings.timeout * len(worker.task.item)  # type: ignore[operator]
                yield from self._lose(place, "timeout", f"not done after {seconds:g} s", True)
            return
        kind, value = said
        if kind == "refused":
            raise PluginError(f"executor 'processes': {value}")
        if kind == "ready":
            worker.ready, self.failed = True, 0
        elif kind == "raised":
            yield from self._lose(place, "crashed", value)
        else:
            worker.task, worker.deadline = None, float("inf")
            yield value

    def _bury(self, place: int, how: str) -> Iterator[Any]:
        """Remove a dead worker; a death before it was ready is no trial's fault."""
        worker = self.workers[place]
        if worker.task is not None:
            yield from self._lose(place, "crashed", how)
            return
        self.workers.pop(place).end()
        if not worker.ready:
            self.failed += 1
        if self.failed == STARTS:
            raise UnavailableError(
                f"executor 'processes': worker processes do not start ({how}); use --executor "
                "serial, or read their output above"
            )

    def _lose(self, place: int, status: Any, reason: str, where: bool = False) -> Iterator[Any]:
        """Queue an item for another try, or give it up; in both cases end its worker."""
        worker = self.workers.pop(place)
        task: _Task = worker.task
        trace = worker.end(where)
        if self.stop.requested:
            return  # the study is to end, so nothing is tried again
        task.tries += 1
        if task.tries <= self.settings.retries:
            self.waiting.append(task)
            return
        tries = f", tried {task.tries} times" if task.tries > 1 else ""
        yield Lost(task.item, status, reason + tries, trace)
