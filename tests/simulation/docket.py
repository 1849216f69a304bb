"""docket's classes as `runtime.queue` uses them, on a broker in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from redis.exceptions import RedisError

from tests.simulation.broker import Broker, Message

__all__ = ["Docket", "Worker"]

_RECONNECTION = 1.0
_PUT_BACK = 2.0


class _Connected:
    """What is connected while a block runs."""

    async def __aenter__(self) -> Self:
        """Connect."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        """Disconnect."""


class Docket(_Connected):
    """What puts calls, and knows the functions that are called."""

    def __init__(self, broker: Broker, **_options: object) -> None:
        """Stand on *broker*."""
        self.broker = broker
        self.functions: dict[str, Callable[..., Awaitable[None]]] = {}

    def register(
        self, function: Callable[..., Awaitable[None]], names: list[str] | None = None
    ) -> None:
        """Call *function* by *names*."""
        self.functions |= dict.fromkeys(names or [function.__name__], function)

    def call(self, name: str) -> Callable[..., Message]:
        """Give what makes a call of *name*."""

        def make(**given: object) -> Message:
            return self.broker.message(name, None, given)

        return make

    def add(
        self, name: str, key: str | None = None, when: datetime | None = None
    ) -> Callable[..., Awaitable[None]]:
        """Give what puts a call of *name*, for now or for *when*."""

        async def put(**given: object) -> None:
            message = self.broker.message(name, key, given)
            seconds = 0.0 if when is None else when.timestamp() - self.broker.clock()
            await self.broker.reach(lambda: self.broker.put_at(message, seconds))

        return put

    async def add_many(self, messages: list[Message]) -> None:
        """Put *messages*."""
        await self.broker.reach(lambda: self._put(messages))

    def _put(self, messages: list[Message]) -> None:
        for each in messages:
            self.broker.put(each)


class Worker(_Connected):
    """What makes the calls, so many at a time."""

    def __init__(
        self, docket: Docket, *, concurrency: int, redelivery_timeout: timedelta, **_options: object
    ) -> None:
        """Work for *docket*."""
        self._docket = docket
        self._broker = docket.broker
        self._concurrency = concurrency
        self._redelivery = redelivery_timeout.total_seconds()
        self._running: dict[asyncio.Task[None], Message] = {}
        self._stopping = False
        self._news = asyncio.Event()
        self._broker.tell(self._news)

    async def run_forever(self) -> None:
        """Work until this is cancelled, and then until what runs has ended."""
        while not self._stopping:
            with suppress(RedisError):
                await self._session()
            await asyncio.sleep(_RECONNECTION)

    async def _session(self) -> None:
        """Work until the connection breaks.

        As in docket, no lease is renewed while the calls end that still run then.
        """
        renewing = asyncio.ensure_future(self._renew())
        try:
            while True:
                self._news.clear()
                await self._acknowledge()
                await self._fill()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), self._redelivery / 4)
        except asyncio.CancelledError:
            self._stopping = True
        finally:
            renewing.cancel()
            if self._running:
                await asyncio.wait(tuple(self._running))
            await self._acknowledge()

    async def _fill(self) -> None:
        """Take calls while there is room."""
        while len(self._running) < self._concurrency:
            message = await self._broker.reach(lambda: self._broker.take(self._redelivery))
            if message is None:
                return
            function = self._docket.functions[message.name]
            task = asyncio.ensure_future(_made(function, message))
            self._running[task] = message
            task.add_done_callback(lambda _: self._news.set())

    async def _acknowledge(self) -> None:
        """Remove what was done, and put back what failed; what was cut at the end stays."""
        for task in [task for task in self._running if task.done()]:
            message = self._running.pop(task)
            if task.cancelled() and self._stopping:
                continue
            again_in = None if task.cancelled() or task.exception() is None else _PUT_BACK
            await self._broker.reach(lambda m=message, a=again_in: self._broker.settle(m, a))  # type: ignore[misc]  # a lambda's defaults have no types

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._redelivery / 4)
            with suppress(RedisError):
                messages = list(self._running.values())
                await self._broker.reach(lambda m=messages: self._broker.renew(m))  # type: ignore[misc]  # likewise


async def _made(function: Callable[..., Awaitable[None]], message: Message) -> None:
    await function(**message.given)
