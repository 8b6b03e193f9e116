"""A run of items at a Dask cluster: submit a few at a time, and collect their results."""

import asyncio
import contextlib
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from optframe import Lost, PluginError, Stop, UnavailableError
from optframe.errors import described
from optframe_plugins.dask_cluster.connection import LOOK, Connection, ended, pickled, say
from optframe_plugins.dask_cluster.site import Answer, How, attend, hurry, versions

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Link", "Settings"]

QUIET = 5.0
"""After so many seconds without a worker a line is printed."""

END = object()


class Settings(Protocol):
    """What a link asks of the executor: the parameters of `Dask` that concern the cluster."""

    @property
    def jobs(self) -> int | None:
        """How many trials run at a time."""

    @property
    def threads(self) -> int:
        """How many threads each of them may use."""

    @property
    def timeout(self) -> float | None:
        """Seconds that a trial may take."""

    @property
    def retries(self) -> int:
        """How often a trial runs again whose process has died or was too slow."""


@dataclass(eq=False)
class _Task:
    """An item, and how often it was tried."""

    item: Sequence[Any]
    data: bytes
    tries: int = 0
    certain: bool = False
    """Whether it was surely running when its worker died, and not queued behind another."""


@dataclass(eq=False)
class Link:
    """One run of items at a cluster; the connection's thread waits for the network."""

    settings: Settings
    connection: Connection
    work: Any
    items: Sequence[Any]
    stop: Stop

    def results(self) -> Iterator[Any]:
        """Yield the items' results, until all are done or the study is to end."""
        self._waiting = deque(_Task(item, pickled(item)) for item in self.items)
        self._running: dict[_Task, Future[bytes]] = {}
        self._how = How(self.settings.threads, tuple(versions().items()))
        self._careful = self.settings.retries == 0
        self._said: SimpleQueue[Any] = SimpleQueue()
        begun, over = Event(), Event()
        self.connection.begin(self._work_through(begun, over))
        begun.wait()
        self.stop.then.append(self._ask)
        try:
            while (said := self._said.get()) is not END:
                if isinstance(said, BaseException):
                    raise said
                yield said
        finally:
            self.stop.then.remove(self._ask)
            self.connection.call(self._driving.cancel)
            over.wait()

    async def _work_through(self, begun: Event, over: Event) -> None:
        """Do all items in the connection's thread, and say how it ended."""
        self._inbox: asyncio.Queue[tuple[_Task, Answer] | None] = asyncio.Queue()
        self._driving: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment]
        begun.set()
        try:
            await self._drive()
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self._said.put(error)
        finally:
            self._said.put(END)
            over.set()

    def _ask(self) -> None:
        """Make the thread check whether the study is to end; a signal's handler calls this."""
        self.connection.call(self._asked)

    def _asked(self) -> None:
        if self._running:
            self._inbox.put_nowait(None)
        else:
            self._driving.cancel()

    async def _drive(self) -> None:
        """Do all items, and connect again where the scheduler is lost."""
        if self.stop.requested:
            return
        client = await self.connection.take(self.work)
        while True:
            whole = False
            try:
                whole = await self._feed(client)
            finally:
                if not whole:  # what the workers still do is for nobody
                    await self.connection.part(self._running.values())
                    self._running.clear()
            if self.stop.requested or not self._waiting:
                return
            client = await self.connection.again()

    async def _feed(self, client: "Client") -> bool:
        """Submit items while there is room, and settle them as they come back.

        It returns whether all are done and the workers can go on with the items of another run.
        """
        look, room, hurried = 0.0, 0, False
        place, token = self.connection.place, self.connection.token
        idle_since: float | None = monotonic()
        while self._waiting or self._running:
            now = monotonic()
            if client.status != "running":
                self._take_back()
                return False
            if self.stop.requested:
                if not self._running or now >= self.stop.until:
                    return False
                if not hurried:
                    hurried = True
                    await ended(client.run(hurry, token, on_error="ignore"))
            else:
                if now >= look:
                    look = now + LOOK
                    threads = await self.connection.threads()
                    if threads is None:
                        continue
                    room = self._room(threads)
                    if room:
                        idle_since = None
                    elif idle_since is None:
                        idle_since = now
                    elif now - idle_since >= QUIET:
                        idle_since = float("inf")
                        say(
                            f"optframe: the Dask scheduler {place.name} has no workers; "
                            "waiting for them (Ctrl-C stops)"
                        )
                while self._waiting and len(self._running) < room:
                    self._submit(client, token, self._waiting.popleft())
            await self._settle_what_comes(min(LOOK, self.stop.until - now))
        return not self.stop.requested

    def _room(self, threads: int) -> int:
        """Return how many items may be there: one is queued behind each, so that no worker idles.

        After a worker has died, none is queued any more, so that it is clear which item was running
        when a worker dies.
        """
        asked = self.settings.jobs if self.connection.place.process is None else None
        most = threads if asked is None else min(threads, asked)
        return most if self._careful or asked is not None else 2 * most

    def _submit(self, client: "Client", token: str, task: _Task) -> None:
        seconds = self.settings.timeout
        task.certain = self._careful
        future = client.submit(
            attend,
            token,
            self.connection.data,
            task.data,
            seconds and seconds * len(task.item),
            self._how,
            key=f"optframe-{token}-{next(self.connection.numbers)}",
            pure=False,
        )
        self._running[task] = future
        following = asyncio.ensure_future(self._follow(task, future))
        self.connection.following.add(following)
        following.add_done_callback(self.connection.following.discard)

    async def _follow(self, task: _Task, future: "Future[bytes]") -> None:
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        try:
            answer: Answer = pickle.loads(await future)
        except KilledWorker as killed:
            reason = f"the Dask worker {killed.last_worker.address} died with it"
            answer = Answer("killed", (reason, killed.allowed_failures + 1))
        except (CancelledError, CommClosedError):
            answer = Answer("left")
        except Exception as error:
            answer = Answer("refused", described(error))
        self._inbox.put_nowait((task, answer))

    async def _settle_what_comes(self, seconds: float) -> None:
        """Wait at most so long for an answer, and settle all that have come."""
        with contextlib.suppress(TimeoutError):
            come = [await asyncio.wait_for(self._inbox.get(), max(0.0, seconds))]
            while not self._inbox.empty():
                come.append(self._inbox.get_nowait())
            for one in come:
                if one is not None and one[0] in self._running:
                    del self._running[one[0]]
                    self._settle(*one)

    def _settle(self, task: _Task, answer: Answer) -> None:
        """Pass on an item's result, or queue it for another try, or give it up."""
        who = f"executor 'dask': worker {answer.worker}: " if answer.worker else "executor 'dask': "
        if answer.kind == "done":
            self._said.put(answer.value)
        elif answer.kind == "refused":
            raise PluginError(f"{who}{answer.value}")
        elif answer.kind == "unavailable":
            raise UnavailableError(f"{who}{answer.value}")
        elif self.stop.requested:
            return  # the study is to end, so nothing is tried again
        elif answer.kind == "left":
            self._waiting.appendleft(task)
        elif answer.kind == "killed":
            reason, deaths = answer.value
            task.tries += deaths if task.certain else 0
            self._careful = True
            self._lose(task, "crashed", reason, None)
        else:
            task.tries += 1
            self._lose(task, answer.kind, answer.value, answer.traceback)

    def _lose(self, task: _Task, status: Any, reason: str, trace: str | None) -> None:
        if task.tries <= self.settings.retries:
            self._waiting.append(task)
            return
        tries = f", tried {task.tries} times" if task.tries > 1 else ""
        self._said.put(Lost(task.item, status, reason + tries, trace))

    def _take_back(self) -> None:
        """Queue again what was at the scheduler, which has lost it."""
        self._waiting.extendleft(reversed(self._running))
        self._running.clear()
