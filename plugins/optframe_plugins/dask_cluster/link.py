"""The connection to a Dask cluster: submit items a few at a time, and collect their results."""

import asyncio
import contextlib
import pickle
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from optframe import Lost, PluginError, Stop, UnavailableError
from optframe.errors import described
from optframe_plugins.dask_cluster.cluster import Place
from optframe_plugins.dask_cluster.silence import silence
from optframe_plugins.dask_cluster.site import Answer, How, attend, hurry, leave, versions

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Link", "Settings"]

LOOK = 1.0
"""Seconds between checks how many workers there are."""

PATIENCE = 30.0
"""Seconds that a scheduler may take to answer, at first and after the connection was lost."""

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
    """One study's connection to a cluster; a thread of its own waits for the network."""

    settings: Settings
    place: Place
    work: Any
    items: Sequence[Any]
    stop: Stop

    def results(self) -> Iterator[Any]:
        """Yield the items' results, until all are done or the study is to end."""
        self._waiting = deque(_Task(item, _pickled(item)) for item in self.items)
        self._running: dict[_Task, Future[bytes]] = {}
        self._data = _pickled(self.work)
        self._how = How(self.settings.threads, tuple(versions().items()))
        self._careful = self.settings.retries == 0
        self._said: SimpleQueue[Any] = SimpleQueue()
        self._following: set[asyncio.Future[None]] = set()
        self._number = 0
        begun = Event()
        thread = Thread(target=self._thread, args=[begun], name="optframe-dask", daemon=True)
        with silence():
            thread.start()
            begun.wait()
            self.stop.then.append(self._ask)
            try:
                while (said := self._said.get()) is not END:
                    if isinstance(said, BaseException):
                        raise said
                    yield said
            finally:
                self.stop.then.remove(self._ask)
                self._call(self._driving.cancel)
                thread.join()

    def _thread(self, begun: Event) -> None:
        try:
            asyncio.run(self._drive(begun))
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self._said.put(error)
        finally:
            begun.set()
            self._said.put(END)

    def _ask(self) -> None:
        """Make the thread check whether the study is to end; a signal's handler calls this."""
        self._call(self._asked)

    def _call(self, function: Callable[[], Any]) -> None:
        with contextlib.suppress(RuntimeError):  # its loop is closed
            self._loop.call_soon_threadsafe(function)

    def _asked(self) -> None:
        if self._running:
            self._inbox.put_nowait(None)
        else:
            self._driving.cancel()

    async def _drive(self, begun: Event) -> None:
        """Do all items, and connect again where the scheduler is lost."""
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[tuple[_Task, Answer] | None] = asyncio.Queue()
        self._driving: asyncio.Task[None] = asyncio.current_task()  # type: ignore[assignment]
        begun.set()
        if self.stop.requested:
            return
        client = await self._connect(f"no scheduler answers at {self.place.name}")
        while True:
            token = uuid4().hex
            try:
                await self._feed(client, token)
            finally:
                await self._part(client, token)
            if self.stop.requested or not self._waiting:
                return
            if self.place.process is not None and self.place.process.poll() is not None:
                raise UnavailableError(
                    "executor 'dask': the cluster on this machine has died; what was finished is "
                    "kept, and the same command again runs the rest"
                )
            _say(
                f"optframe: the Dask scheduler {self.place.name} is lost; for {PATIENCE:g} s we "
                "try to reach it again"
            )
            client = await self._connect(
                f"the scheduler {self.place.name} was lost and has not come back; what was "
                "finished is kept, and the same command again runs the rest"
            )
            _say(f"optframe: the Dask scheduler {self.place.name} is there again")

    async def _connect(self, otherwise: str) -> "Client":
        """Return a connected client; try again until `PATIENCE` is over."""
        from distributed import Client

        until = monotonic() + PATIENCE
        while True:
            left = max(0.1, until - monotonic())
            client = None
            try:
                client = Client(
                    **self.place.arguments(),
                    asynchronous=True,
                    set_as_default=False,
                    name="optframe",
                    timeout=left,
                )
                return await asyncio.wait_for(client, left + LOOK)
            except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
                if client is not None:
                    await _ended(client.close(timeout=LOOK))
                if monotonic() >= until or not isinstance(error, OSError):
                    why = described(error)
                    raise UnavailableError(f"executor 'dask': {otherwise} ({why})") from error
                await asyncio.sleep(LOOK / 4)

    async def _feed(self, client: "Client", token: str) -> None:
        """Submit items while there is room, and settle them as they come back."""
        look, room, hurried = 0.0, 0, False
        idle_since: float | None = monotonic()
        while self._waiting or self._running:
            now = monotonic()
            if client.status != "running":
                return self._take_back()
            if self.stop.requested:
                if not self._running or now >= self.stop.until:
                    return None
                if not hurried:
                    hurried = True
                    await _ended(client.run(hurry, token, on_error="ignore"))
            else:
                if now >= look:
                    look = now + LOOK
                    try:
                        workers = await asyncio.wait_for(client.nthreads(), PATIENCE)
                    except (OSError, AttributeError):  # while it loses the connection
                        continue
                    room = self._room(sum(workers.values()))
                    if room:
                        idle_since = None
                    elif idle_since is None:
                        idle_since = now
                    elif now - idle_since >= QUIET:
                        idle_since = float("inf")
                        _say(
                            f"optframe: the Dask scheduler {self.place.name} has no workers; "
                            "waiting for them (Ctrl-C stops)"
                        )
                while self._waiting and len(self._running) < room:
                    self._submit(client, token, self._waiting.popleft())
            await self._settle_what_comes(min(LOOK, self.stop.until - now))
        return None

    def _room(self, threads: int) -> int:
        """Return how many items may be there: one is queued behind each, so that no worker idles.

        After a worker has died, none is queued any more, so that it is clear which item was running
        when a worker dies.
        """
        asked = self.settings.jobs if self.place.process is None else None
        most = threads if asked is None else min(threads, asked)
        return most if self._careful or asked is not None else 2 * most

    def _submit(self, client: "Client", token: str, task: _Task) -> None:
        seconds = self.settings.timeout
        task.certain = self._careful
        self._number += 1
        future = client.submit(
            attend,
            token,
            self._data,
            task.data,
            seconds and seconds * len(task.item),
            self._how,
            key=f"optframe-{token}-{self._number}",
            pure=False,
        )
        self._running[task] = future
        following = asyncio.ensure_future(self._follow(task, future))
        self._following.add(following)
        following.add_done_callback(self._following.discard)

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

    async def _part(self, client: "Client", token: str) -> None:
        """Cancel the study's items at the cluster, and disconnect."""
        if client.status == "running":
            if self._running:
                await _ended(client.cancel([*self._running.values()], force=True))
            await _ended(client.run(leave, token, on_error="ignore"))
        for following in self._following:
            following.cancel()
        self._running.clear()
        await _ended(client.close(timeout=LOOK))


async def _ended(doing: Any) -> None:
    """Wait a short time for a step of cleaning up, and ignore its errors."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(doing, 2 * LOOK)


def _pickled(value: Any) -> bytes:
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def _say(line: str) -> None:
    print(line, file=sys.stderr)
