"""A worker: spends tickets on tasks, and looks after the ones that run here."""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs

from dara_fp.core.workflow import Workflow
from dara_fp.runtime.queue import Leases, Queue, Stopping
from dara_fp.runtime.running import Run
from dara_fp.runtime.task import run_task
from dara_fp.store.answers import Taken
from dara_fp.store.claimed import Claimed
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.store import Store
from dara_fp.telemetry.observer import Observer

__all__ = ["Work", "Worker"]

_LEAVE_SECONDS = 0.2

logger = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class Work:
    """What a worker works with.

    Attributes:
        store: Where the tasks are.
        definitions: The workflows it knows, by name.
        env: What their steps need beside the context.
        leases: How long it may hold a task.
        owner_concurrency: How many tasks of an owner may run in the fleet, or 0 for any number.
        observer: Who is told what happens, or None.
    """

    store: Store
    definitions: Mapping[str, Workflow[Any, Any]]
    env: object
    leases: Leases
    owner_concurrency: int = 0
    observer: Observer | None = None


class Worker:
    """Runs tasks for the tickets it is given, each in an asyncio task of its own."""

    def __init__(self, work: Work) -> None:
        """Do *work*, once `queue` is set."""
        self.queue: Queue
        self._work = work
        self._limits = {name: each.concurrency or 0 for name, each in work.definitions.items()}
        self._name = ""
        self._runs: dict[str, Run] = {}
        self._lost: set[str] = set()
        self._strays: dict[str, float] = {}
        self._stopping = False

    async def spend(self, *, fresh: bool) -> bool:
        """Take tasks and run them, one after the other, until none is ready.

        Args:
            fresh: Whether that is for a ticket, which is used up by it.

        Returns:
            Whether there was any.

        Raises:
            Stopping: This worker does not work any more, and did nothing.
            StoreUnavailable: The server refused, or the store was closed.
        """
        if self._stopping:
            raise Stopping
        found = False
        while not self._stopping:
            taken = await self._take(fresh=fresh)
            fresh = False
            if taken.task is None:
                break  # what other workers know, or a limit holds back, has its ticket by a look
            await self.queue.put(taken.task.tickets)
            found = True
            await self.queue.put(await self._run(taken.task))
        return found

    def stop(self) -> None:
        """Take no more tasks."""
        self._stopping = True

    def hand_back(self) -> None:
        """Have those that still run go on elsewhere."""
        running = [run for run in self._runs.values() if run.hand_back()]
        if running:
            logger.warning("handing back %d running tasks", len(running))

    def abandon(self) -> None:
        """Wait no longer for a store that does not answer; others miss what runs after a while."""
        self._work.store.abandon()

    @asynccontextmanager
    async def looking(self) -> AsyncGenerator[None]:
        """Work, give signs of life, and look after the fleet while the block runs."""
        self._stopping = False
        self._name = uuid.uuid4().hex
        leases = self._work.leases
        await self._look()
        loops = [
            asyncio.create_task(_forever(self._look, leases.look), name="dara look"),
            asyncio.create_task(_forever(self.queue.sweep, leases.sweep), name="dara sweep"),
        ]
        for loop in loops:
            loop.add_done_callback(self.queue.ended)
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.wait(loops)
            await self._retire()

    async def _look(self) -> None:
        """Give a sign of life, and hear what is to be done.

        Raises:
            StoreUnavailable: The store did not answer.
        """
        patience, now = self._work.leases.redelivery, asyncio.get_running_loop().time()
        strays = {task_id for task_id, since in self._strays.items() if since + patience <= now}
        lost = tuple(self._lost | strays)
        before = dict(self._runs)
        found = await self._work.store.look(self._name, patience, lost)
        self._lost.difference_update(lost)
        unknown = set(found.claimed) - self._runs.keys()
        self._strays = {task_id: self._strays.get(task_id, now) for task_id in unknown}
        for task_id in found.cancelling:
            run = self._runs.get(task_id)
            if run is not None:
                run.cancel()
        for task_id in before.keys() - set(found.claimed):
            if self._runs.get(task_id) is before[task_id]:
                before[task_id].cut()  # it was given to others
        self.queue.nudge(found.ready)
        await self.queue.put(found.tickets)
        await asyncio.gather(*(run.tell_slow_steps() for run in tuple(self._runs.values())))

    async def _retire(self) -> None:
        try:
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self.queue.put(await self._work.store.retire(self._name))
        except (StoreUnavailable, TimeoutError) as error:
            reason = str(error) or f"no answer in {_LEAVE_SECONDS:g} s"
            logger.warning("others will miss this worker after a while: %s", reason)

    def _take(self, *, fresh: bool) -> Awaitable[Taken]:
        work = self._work
        return work.store.take(
            self._name,
            self._limits,
            fresh=fresh,
            owner_concurrency=work.owner_concurrency,
            delivery_limit=work.leases.deliveries,
        )

    async def _run(self, claimed: Claimed) -> int:
        """Run the task, and give how many tickets are to be put."""
        work, task = self._work, claimed.history.task
        run = Run(claimed, work.observer)
        doing = asyncio.create_task(
            run_task(run, work.definitions[task.workflow], work.env), name=f"dara {task.task_id}"
        )
        run.works_in(doing)
        self._runs[task.task_id] = run
        recorded = False
        try:
            tickets = await _result(doing)
            recorded = True
        finally:
            if self._runs.get(task.task_id) is run:
                del self._runs[task.task_id]
            if not recorded and task.task_id not in self._runs:
                self._lost.add(task.task_id)
        return tickets


async def _result(doing: "asyncio.Task[int]") -> int:
    """Give the result of *doing*, which is cut if this is cancelled."""
    try:
        await asyncio.wait({doing})
    except asyncio.CancelledError:
        doing.cancel()
        await asyncio.wait({doing})
        raise
    error = None if doing.cancelled() else doing.exception()
    if error is not None and not isinstance(error, StoreUnavailable):
        logger.error("%s was not brought to an end here", doing.get_name(), exc_info=error)
    return doing.result()


async def _forever(look: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Look again and again, and say once when the store goes away and when it is back."""
    away = False
    while True:
        try:
            await look()
        except StoreUnavailable as error:
            logger.log(logging.DEBUG if away else logging.WARNING, "the store is away: %s", error)
            away = True
        else:
            logger.log(logging.WARNING if away else logging.DEBUG, "the store answers")
            away = False
        await asyncio.sleep(seconds)
