"""The queue of task ids on docket; no other file knows docket."""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import attrs
from docket import Docket, Retry, Worker
from docket.dependencies import ForcedRetry
from redis.exceptions import RedisError

from dara_fp.runtime.task import UnknownWorkflow
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.store import Store

__all__ = ["Leases", "Queue"]

_PUT_SECONDS = 5.0

logger = logging.getLogger(__name__)


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what docket logs, with its stack, when we put a task back on purpose."""
    return not (record.exc_info and record.exc_info[0] is ForcedRetry)


logging.getLogger("docket.dependencies").addFilter(_is_news)


@attrs.frozen(kw_only=True)
class Leases:
    """How long a worker may hold a task.

    Attributes:
        redelivery: Seconds after which a task whose worker is lost goes to another one. Workers
            renew their leases, so a task may run for much longer.
        grace: Seconds that running tasks get to finish when their worker is stopped.
        sweep: Seconds between looks for tasks that were stored and never queued.
    """

    redelivery: float = 20.0
    grace: float = 7.0
    sweep: float = 10.0


_PUT_BACK = Retry.forever(delay=timedelta(seconds=2))


class Queue:
    """Hands each task id to one worker at a time, again if that worker is lost.

    docket pickles its arguments, so a task id is all that goes in.

    Attributes:
        trouble: Why the worker here stopped by itself, or None.
    """

    def __init__(self, store: Store, run: Callable[[str], Awaitable[None]], leases: Leases) -> None:
        """Queue the tasks of *store* on its server, to be done by *run*.

        A task whose *run* raises is put back and delivered again after a while.
        """
        self._docket = Docket(name=store.prefix, url=store.url, execution_ttl=timedelta(0))
        self._run = run
        self._leases = leases
        self._running: set[asyncio.Task[object]] = set()
        self.trouble: str | None = None
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        """Connect."""
        self._docket.register(self._deliver, names=["run_task"])
        await self._stack.enter_async_context(self._docket)

    async def close(self) -> None:
        """Disconnect."""
        await self._stack.aclose()

    async def put(self, task_id: str) -> None:
        """Queue *task_id*; a task that is queued or runs already is left as it is.

        Raises:
            StoreUnavailable: The server did not take it in time.
        """
        try:
            async with asyncio.timeout(_PUT_SECONDS):
                await self._docket.add("run_task", key=task_id)(task_id=task_id)
        except (RedisError, OSError, TimeoutError) as error:
            raise StoreUnavailable(f"the queue did not take the task: {error}") from error

    @asynccontextmanager
    async def working(self, concurrency: int) -> AsyncGenerator[None]:
        """Run queued tasks while the block runs, *concurrency* at a time."""
        worker = Worker(
            self._docket,
            name=f"{socket.gethostname()}#{os.getpid()}#{uuid.uuid4().hex[:6]}",
            concurrency=concurrency,
            redelivery_timeout=timedelta(seconds=self._leases.redelivery),
            reconnection_delay=timedelta(seconds=1),
            minimum_check_interval=timedelta(milliseconds=100),
        )
        async with worker:
            loop = asyncio.create_task(worker.run_forever(), name="dara worker")
            loop.add_done_callback(self._ended)
            try:
                yield
            finally:
                await self._stop(loop)

    def _ended(self, loop: "asyncio.Task[None]") -> None:
        if not loop.cancelled() and (error := loop.exception()) is not None:
            self.trouble = f"the worker stopped: {error!r}"
            logger.critical("%s; restart this process", self.trouble, exc_info=error)

    async def _stop(self, loop: "asyncio.Task[None]") -> None:
        """Take no more tasks; hand back what is still running after the grace period.

        docket leaves a task that is cancelled while it shuts down to be delivered again.
        """
        loop.cancel()
        done, _ = await asyncio.wait({loop}, timeout=self._leases.grace)
        if not done:
            logger.warning("handing back %d running tasks", len(self._running))
            for running in tuple(self._running):
                running.cancel()
        await asyncio.wait({loop})

    async def _deliver(self, task_id: str, retry: Retry = _PUT_BACK) -> None:
        current = asyncio.current_task()
        if current is None:  # pragma: no cover - docket runs everything in a task
            raise RuntimeError("docket delivered outside a task")
        self._running.add(current)
        try:
            await self._run(task_id)
        except (StoreUnavailable, UnknownWorkflow) as error:
            logger.info("putting task %s back: %s", task_id, error)
            retry.after(_PUT_BACK.delay)
        finally:
            self._running.discard(current)
