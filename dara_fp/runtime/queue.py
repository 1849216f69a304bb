"""The queue: docket wakes workers by tickets, each for a task that is ready in the store."""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import attrs
from docket import CurrentExecution, Docket, Execution, Retry, Worker
from docket.dependencies import Cron
from redis.exceptions import RedisError

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.store import Store

__all__ = ["Firing", "Leases", "Queue", "Stopping"]

_PUT_SECONDS = 5.0
_CONNECTIONS = 64  # beside one for each task that runs
_BACK_SECONDS = 0.5
_DEAF_SECONDS = 2.0
_TIMES = 3
_PUT_BACK = Retry.forever(delay=timedelta(seconds=2))

logger = logging.getLogger(__name__)


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out the stack of a worker that only stops, or whose store is away."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, Stopping | StoreUnavailable)


for _name in ("docket.worker", "docket.dependencies"):
    logging.getLogger(_name).addFilter(_is_news)


class Stopping(Exception):
    """This worker stops, or has no room, and leaves the ticket to another one."""


@attrs.frozen(kw_only=True)
class Leases:
    """How long a worker may hold a task, and how often it looks around.

    Attributes:
        redelivery: Seconds without a sign of life after which a worker is lost, and its tasks go
            to others. A task may run for much longer.
        grace: Seconds that running tasks get to finish when their worker is stopped.
        sweep: Seconds between looks for tickets that were lost.
        look: Seconds between looks for tasks to be cancelled or woken.
        deliveries: How many workers in a row a task may lose without getting on.
    """

    redelivery: float = 20.0
    grace: float = 7.0
    sweep: float = 10.0
    look: float = 0.5
    deliveries: int = 5


@attrs.frozen(kw_only=True)
class Firing:
    """What is started by a *cron* expression, in UTC: the task *name*, by *start*."""

    name: str
    cron: str
    start: Callable[[datetime], Awaitable[None]]


class Works(Protocol):
    """Who spends tickets."""

    async def spend(self, *, fresh: bool) -> bool:
        """Take tasks and run them until none is ready, and say whether there was one.

        A *fresh* ticket is used up by that.
        """
        ...

    def stop(self) -> None:
        """Take no more tasks."""
        ...

    def hand_back(self) -> None:
        """Have the tasks that still run go on elsewhere, at once."""
        ...

    def abandon(self) -> None:
        """Leave the tasks that the store does not take back to be missed."""
        ...


class _Slots:
    """How many more tickets may be spent here at a time."""

    def __init__(self, free: int) -> None:
        self.free = free

    @contextmanager
    def taken(self) -> Generator[None]:
        """Take one for as long as the block runs.

        Raises:
            Stopping: None is free: docket knows nothing of those that were taken unasked.
        """
        if self.free <= 0:
            raise Stopping
        self.free -= 1
        try:
            yield
        finally:
            self.free += 1


class Queue:
    """Hands each ticket to one worker, again if that worker is lost.

    A ticket names no task: whoever gets it takes the oldest that is ready, and after that the
    next. So docket's work for a ticket is done once while there is enough to do, not for each task.

    Attributes:
        trouble: Why the worker here stopped by itself, or None.
        broken: Set when it has.
    """

    def __init__(
        self, store: Store, worker: Works, leases: Leases, firings: Iterable[Firing] = ()
    ) -> None:
        """Queue the tasks of *store* on its server, to be done by *worker*; fire *firings*."""
        self._store = store
        self._worker = worker
        self._leases = leases
        self._firings = tuple(firings)
        self._stack = AsyncExitStack()
        self._docket = self._made(_CONNECTIONS)
        self.broken = asyncio.Event()
        self._due = 0
        self._putting = asyncio.Lock()
        self._slots = _Slots(0)
        self._heard = 0.0
        self._unasked: set[asyncio.Task[None]] = set()
        self.trouble: str | None = None

    def _made(self, connections: int) -> Docket:
        url = _with_connections(self._store.url, connections)
        made = Docket(name=f"{self._store.prefix}:docket", url=url, execution_ttl=timedelta(0))
        made.register(self._deliver, names=["take"])
        made.register(self._recount, names=["recount"])
        return made

    async def open(self) -> None:
        """Connect."""
        await self._stack.enter_async_context(self._docket)

    async def close(self) -> None:
        """Disconnect."""
        await self._stack.aclose()

    async def put(self, tickets: int) -> None:
        """Queue as many *tickets*; where that fails, a sweep makes up for them.

        What comes while others are queued goes together with what else comes: one connection does.
        """
        self._due += tickets
        if not self._due:
            return
        async with self._putting:
            due, self._due = self._due, 0
            try:
                async with asyncio.timeout(_PUT_SECONDS):
                    await self._docket.add_many([self._docket.call("take")() for _ in range(due)])
            except (RedisError, OSError, TimeoutError) as error:
                reason = str(error) or f"no answer in {_PUT_SECONDS:g} s"
                logger.warning("%d tickets are not queued yet: %s", due, reason)

    async def sweep(self) -> None:
        """Have the tickets counted anew by whichever worker is free, if a task is ready.

        A ready task whose worker is only busy has its ticket, and this one waits behind it.

        Raises:
            StoreUnavailable: The server did not answer in time.
        """
        if await self._store.ready():
            await self._add("recount", "recount")

    def nudge(self, ready: int) -> None:
        """Have the worker here look for itself, if tasks stay *ready* and it hears of none.

        A connection that swallows what is asked leaves docket deaf: it waits without a limit.
        """
        now = asyncio.get_running_loop().time()
        if not ready:
            self._heard = now
        if now - self._heard < _DEAF_SECONDS:
            return
        self._heard = now
        for _ in range(min(ready, self._slots.free)):
            spending = asyncio.create_task(self._look_for_tasks(), name="dara unasked")
            self._unasked.add(spending)
            spending.add_done_callback(self._unasked.discard)

    async def _look_for_tasks(self) -> None:
        with suppress(Stopping, StoreUnavailable):  # a later look does it again
            if await self._spend(fresh=False):
                logger.warning("took tasks that the queue did not tell of: is its connection cut?")

    async def _add(self, name: str, key: str) -> None:
        try:
            async with asyncio.timeout(_PUT_SECONDS):
                await self._docket.add(name, key=key)()
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"the queue does not answer: {error}") from error

    @asynccontextmanager
    async def working(self, concurrency: int) -> AsyncGenerator[None]:
        """Spend tickets while the block runs, *concurrency* at a time.

        At its end no more are taken, and tasks that run get the grace period to finish; what is
        still running then is handed back, and goes on elsewhere. Where the store does not answer,
        others miss this worker once it does again.
        """
        # A docket of its own, with a connection for every ticket.
        docket = self._made(concurrency + _CONNECTIONS)
        for firing in self._firings:
            docket.register(_scheduled(firing))
        worker = Worker(
            docket,
            name=f"{socket.gethostname()}#{os.getpid()}#{uuid.uuid4().hex[:6]}",
            concurrency=concurrency,
            redelivery_timeout=timedelta(seconds=self._leases.redelivery),
            reconnection_delay=timedelta(seconds=1),
            minimum_check_interval=timedelta(milliseconds=100),
            schedule_automatic_tasks=bool(self._firings),
        )
        over = asyncio.Event()
        started: asyncio.Future[asyncio.Task[None]] = asyncio.get_running_loop().create_future()
        keeper = asyncio.create_task(_kept(docket, worker, started, over), name="dara queue")
        either: set[asyncio.Future[Any]] = {keeper, started}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if keeper.done():
            keeper.result()
        loop = started.result()
        loop.add_done_callback(self.ended)
        self._slots, self._heard = _Slots(concurrency), asyncio.get_running_loop().time()
        try:
            yield
        finally:
            await self._stop(loop)
            over.set()
            await self._leave(keeper)

    async def _stop(self, loop: "asyncio.Task[None]") -> None:
        """End *loop*, and what runs, in a little more than the grace period."""
        self._worker.stop()
        self._slots = _Slots(0)
        loop.cancel()
        _, left = await asyncio.wait({loop, *self._unasked}, timeout=self._leases.grace)
        if left:
            self._worker.hand_back()
            _, left = await asyncio.wait(left, timeout=_BACK_SECONDS)
        for _ in range(_TIMES):
            if left:
                self._worker.abandon()
                _, left = await asyncio.wait(left, timeout=_BACK_SECONDS / _TIMES)

    async def _leave(self, keeper: "asyncio.Task[None]") -> None:
        """Let *keeper* end; docket waits as long as it takes for a server that does not answer."""
        done, _ = await asyncio.wait({keeper}, timeout=_BACK_SECONDS)
        if done:
            keeper.result()
        else:
            logger.warning("the store does not answer: its queue is left without a farewell")

    def ended(self, loop: "asyncio.Task[None]") -> None:
        """Note the trouble that *loop*, without which nothing works here, ended in, if any."""
        if not loop.cancelled() and (error := loop.exception()) is not None:
            self.trouble = f"the worker stopped: {error!r}"
            self.broken.set()
            logger.critical("%s; restart this process", self.trouble, exc_info=error)

    async def _deliver(self, retry: Retry = _PUT_BACK) -> None:  # noqa: ARG002 - docket puts the ticket back if this raises
        await self._spend(fresh=True)

    async def _spend(self, *, fresh: bool) -> bool:
        self._heard = asyncio.get_running_loop().time()
        with self._slots.taken():
            return await self._worker.spend(fresh=fresh)

    async def _recount(self, retry: Retry = _PUT_BACK) -> None:  # noqa: ARG002 - as above
        await self.put(await self._store.recount())


async def _kept(
    docket: Docket,
    worker: Worker,
    started: "asyncio.Future[asyncio.Task[None]]",
    over: asyncio.Event,
) -> None:
    """Have *worker* work until it is *over*; docket wants to be closed where it was opened."""
    async with docket, worker:
        started.set_result(asyncio.create_task(worker.run_forever(), name="dara worker"))
        await over.wait()


def _scheduled(firing: Firing) -> Callable[..., Awaitable[None]]:
    """Give the docket task of *firing*; its name tells the schedule, so a changed one is new."""

    async def fire(
        execution: Execution = CurrentExecution(),  # noqa: B008 - docket fills it in
        cron: Cron = Cron(firing.cron),  # noqa: ARG001, B008 - docket plans the next one by it
        retry: Retry = _PUT_BACK,  # noqa: ARG001 - and fires again if this raises
    ) -> None:
        await firing.start(execution.when)

    fire.__name__ = f"schedule {firing.name} {firing.cron}"
    return fire


def _with_connections(url: str, most: int) -> str:
    """Give *url* with room for *most* connections: docket's own pool has 100, and then raises."""
    parts = urlsplit(url)
    query = f"{parts.query}&" if parts.query else ""
    return urlunsplit(parts._replace(query=f"{query}max_connections={most}"))
