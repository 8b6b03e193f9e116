"""The connection to a Dask cluster: a thread for the network, and a client that outlives a run."""

import asyncio
import contextlib
import pickle
import sys
from collections.abc import Callable, Coroutine, Iterable
from itertools import count
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from optframe import UnavailableError
from optframe.errors import described
from optframe_plugins.dask_cluster.cluster import Place
from optframe_plugins.dask_cluster.silence import silence
from optframe_plugins.dask_cluster.site import leave

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["LOOK", "Connection", "ended", "pickled", "say"]

LOOK = 1.0
"""Seconds between checks how many workers there are."""

PATIENCE = 30.0
"""Seconds that a scheduler may take to answer, at first and after the connection was lost."""


class Connection:
    """A client of a cluster, and the token by which its workers know the work of this client.

    As long as the work is the same object, and each run ends by itself, the workers keep their
    processes from run to run. Its methods that wait run in its thread (see `begin`).
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self.data = b""
        """The work, pickled once."""
        self.token = ""
        self.numbers = count()
        """Of the items, which need different keys."""
        self.following: set[asyncio.Future[None]] = set()
        self._client: Client | None = None
        self._work: Any = None
        begun = Event()
        self._quiet = contextlib.ExitStack()
        self._quiet.enter_context(silence())
        self._thread = Thread(
            target=lambda: asyncio.run(self._serve(begun)), name="optframe-dask", daemon=True
        )
        self._thread.start()
        begun.wait()

    async def _serve(self, begun: Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._closed = asyncio.Event()
        begun.set()
        await self._closed.wait()
        await self.part(())

    def begin(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do something in the thread, without waiting for it."""
        asyncio.run_coroutine_threadsafe(doing, self._loop)

    def call(self, function: Callable[[], Any]) -> None:
        """Call a function in the thread, without waiting for it."""
        with contextlib.suppress(RuntimeError):  # its loop is closed
            self._loop.call_soon_threadsafe(function)

    def close(self) -> None:
        """Disconnect, and end the processes at the cluster."""
        self.call(self._closed.set)
        self._thread.join()
        self._quiet.close()

    async def take(self, work: Any) -> "Client":
        """Return a client whose workers do this work; they forget any other."""
        if self._work is not work:
            await self.part(())
            self._work, self.data = work, pickled(work)
        if self._client is not None:
            return self._client
        return await self._connect(f"no scheduler answers at {self.place.name}")

    async def again(self) -> "Client":
        """Connect to a scheduler that was lost.

        Raises
        ------
        UnavailableError
            Where it does not come back.
        """
        if self.place.process is not None and self.place.process.poll() is not None:
            raise UnavailableError(
                "executor 'dask': the cluster on this machine has died; what was finished is "
                "kept, and the same command again runs the rest"
            )
        say(
            f"optframe: the Dask scheduler {self.place.name} is lost; for {PATIENCE:g} s we "
            "try to reach it again"
        )
        client = await self._connect(
            f"the scheduler {self.place.name} was lost and has not come back; what was "
            "finished is kept, and the same command again runs the rest"
        )
        say(f"optframe: the Dask scheduler {self.place.name} is there again")
        return client

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
                await asyncio.wait_for(client, left + LOOK)
            except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
                if client is not None:
                    await ended(client.close(timeout=LOOK))
                if monotonic() >= until or not isinstance(error, OSError):
                    why = described(error)
                    raise UnavailableError(f"executor 'dask': {otherwise} ({why})") from error
                await asyncio.sleep(LOOK / 4)
            else:
                self._client, self.token = client, uuid4().hex
                return client

    async def threads(self) -> int | None:
        """Return the number of the cluster's threads; None while the connection is being lost."""
        assert self._client is not None
        try:
            workers: dict[str, int] = await asyncio.wait_for(self._client.nthreads(), PATIENCE)
        except (OSError, AttributeError):
            return None
        return sum(workers.values())

    async def part(self, running: "Iterable[Future[bytes]]") -> None:
        """Cancel what runs at the cluster, let the workers forget the work, and disconnect."""
        client, self._client = self._client, None
        if client is None:
            return
        if client.status == "running":
            if futures := [*running]:
                await ended(client.cancel(futures, force=True))
            await ended(client.run(leave, self.token, on_error="ignore"))
        for following in self.following:
            following.cancel()
        await ended(client.close(timeout=LOOK))


async def ended(doing: Any) -> None:
    """Wait a short time for a step of cleaning up, and ignore its errors."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(doing, 2 * LOOK)


def pickled(value: Any) -> bytes:
    """Return the bytes that are sent for an object."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def say(line: str) -> None:
    """Print a line beside the study's output."""
    print(line, file=sys.stderr)
