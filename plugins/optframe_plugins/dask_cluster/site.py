"""The Dask worker's side: it has items done by processes of its own, and survives their death."""

import contextlib
import importlib.metadata
import pickle
from collections.abc import Callable, Mapping
from multiprocessing.connection import wait
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any, NamedTuple

from optframe import PluginError
from optframe_plugins.worker_processes.shared_arrays import Handed
from optframe_plugins.worker_processes.worker_handle import Died, Worker

__all__ = ["Answer", "How", "Packed", "Site", "attend", "hurry", "leave", "versions"]

LOOK = 0.5
"""Seconds between checks whether the item is still wanted."""

IDLE = 30.0
"""Seconds that an idle process waits for another item before it ends; its client may have died."""

STARTS = 3
"""How many times in a row a process may die before it is ready."""

COMPARED = ("numpy", "scipy")
"""The libraries that change results' bits; plugins and optframe are compared by the work."""


class Answer(NamedTuple):
    """The outcome of an item, and the worker.

    ``kind`` is "done" with the result; "crashed" or "timeout" with the reason; "refused" or
    "unavailable" with what is wrong here; or "left", if nobody waits for the item.
    """

    kind: str
    value: Any = None
    traceback: str | None = None
    worker: str = ""


class How(NamedTuple):
    """What all items of a study share: threads of each, and the versions that have to agree."""

    threads: int
    versions: tuple[tuple[str, str], ...] = ()


class Packed:
    """Pickled data that is pickled again as it is, so that Dask's own processes need not load it.

    Unpickling gives the object itself, and raises PluginError where ``versions`` differ.
    """

    def __init__(self, data: bytes, versions: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.versions = dict(versions or {})

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _opened, (self.data, self.versions)


def _opened(data: bytes, versions: Mapping[str, str]) -> Any:
    here = versions_of(versions)
    for name, there in versions.items():
        if here[name] != there:
            raise PluginError(
                f"{name} is {here[name]} here and {there} where the study was planned; install "
                "the same"
            )
    return pickle.loads(data)


def versions() -> dict[str, str]:
    """Return this process's versions of the libraries that have to agree."""
    return versions_of(COMPARED)


def versions_of(names: Any) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "missing"
    return found


class Site:
    """The processes of one study in one Dask worker, as many as items are done at once."""

    def __init__(self, work: Packed, threads: int) -> None:
        self._work = Handed(work)
        self._threads = threads
        self._lock = Lock()
        self._idle: list[tuple[Worker, float]] = []
        self._busy: set[Worker] = set()
        self._reaping = False
        self.hurried = False
        self.over = False

    def do(self, item: Packed, seconds: float | None, wanted: Callable[[], bool]) -> Answer:
        """Do an item, as long as it is wanted, and return its outcome."""
        if self.hurried or self.over:
            return Answer("left")
        died = ""
        for _ in range(STARTS):
            worker = self._take()
            try:
                if not worker.ready:
                    answer = self._hear(worker, wanted)
                    if answer.kind != "ready":
                        self._end(worker)
                        return answer
                    worker.ready = True
                worker.begin(item, item, seconds)  # type: ignore[arg-type]
                answer = self._hear(worker, wanted)
            except Died as death:
                task = worker.task
                trace = self._end(worker)
                if task is not None:
                    return Answer("left" if self.over else "crashed", f"{death}", trace)
                died = f"{death}"
                continue
            if answer.kind == "done":
                worker.task = None
                self._put_back(worker)
                return answer
            trace = self._end(worker, answer.kind == "timeout")
            if answer.kind == "timeout":
                answer = Answer("timeout", f"not done after {seconds:g} s", trace)
            return answer
        return Answer("unavailable", f"processes do not start ({died})")

    def hurry(self) -> None:
        """Start no more items, and ask for the state of running ones to be saved soon."""
        self.hurried = True
        with self._lock:
            for worker in self._busy:
                worker.hurry()

    def leave(self) -> None:
        """End idle processes at once; the thread that waits for a busy one ends it."""
        self.over = True
        self._reap(0.0)

    def _hear(self, worker: Worker, wanted: Callable[[], bool]) -> Answer:
        """Wait for a process's next message, its deadline, or until its item is not wanted."""
        while True:
            wait([worker.connection], max(0.0, min(LOOK, worker.deadline - monotonic())))
            said = worker.hear()
            if said is not None:
                kind, value = said
                return Answer("crashed" if kind == "raised" else kind, value)
            if monotonic() >= worker.deadline:
                return Answer("timeout")
            if self.over or not wanted():
                return Answer("left")

    def _take(self) -> Worker:
        """Return a process that waits for an item, or a new one."""
        with self._lock:
            while self._idle:
                worker, _ = self._idle.pop()
                with contextlib.suppress(Died):
                    worker.hear()
                    self._busy.add(worker)
                    return worker
                worker.end()
        worker = Worker(self._work, self._threads, {})
        with self._lock:
            self._busy.add(worker)
        return worker

    def _put_back(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            self._idle.append((worker, monotonic()))
            start, self._reaping = not self._reaping, True
        if start:
            Thread(target=self._keep_reaping, daemon=True, name="optframe-idle").start()

    def _end(self, worker: Worker, where: bool = False) -> str | None:
        with self._lock:
            self._busy.discard(worker)
        return worker.end(where)

    def _keep_reaping(self) -> None:
        while True:
            sleep(LOOK)
            self._reap(0.0 if self.over else IDLE)
            with self._lock:
                if not self._idle:
                    self._reaping = False
                    return

    def _reap(self, age: float) -> None:
        """End the processes that have been idle for so many seconds."""
        with self._lock:
            until = monotonic() - age
            old = [worker for worker, since in self._idle if since <= until]
            self._idle = [(worker, since) for worker, since in self._idle if since > until]
        for worker in old:
            worker.dismiss()
        for worker in old:
            worker.end()


SITES: dict[str, Site] = {}
"""The sites of this Dask worker, by the study's token."""

_MAKING = Lock()


def attend(study: str, work: bytes, item: bytes, seconds: float | None, how: How) -> bytes:
    """Do an item in this Dask worker; return the pickled `Answer`.

    Work and item come as bytes, which the scheduler and this process pass on as they are.
    """
    from distributed import get_worker

    dask = get_worker()
    key = dask.get_current_task()

    def wanted() -> bool:
        """Whether the scheduler still waits for it, and the worker does not close."""
        task = dask.state.tasks.get(key)
        closing = dask.status.value in ("closing", "closed", "failed")
        return task is not None and task.state != "cancelled" and not closing

    with _MAKING:
        if study not in SITES:
            SITES[study] = Site(Packed(work, dict(how.versions)), how.threads)
    answer = SITES[study].do(Packed(item), seconds, wanted)
    return pickle.dumps(answer._replace(worker=dask.address), pickle.HIGHEST_PROTOCOL)


def hurry(study: str) -> None:
    """Ask for the state of a study's items here to be saved soon, and start no more."""
    if study in SITES:
        SITES[study].hurry()


def leave(study: str) -> None:
    """Forget a study, and end its processes here."""
    if study in SITES:
        Thread(target=SITES.pop(study).leave, daemon=True).start()
