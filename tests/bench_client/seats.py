"""Where a contender takes its turns: in a process of its own, or in a new one after a bad turn."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from tests.bench.contenders import Contender
from tests.bench_client.caller import OVER_WARM, Cost, Turn
from tests.bench_client.children import Child, started
from tests.bench_client.contenders import CONNECTIONS

__all__ = ["Seat"]


class Seat:
    """The process of one contender.

    Before the first turn with so many callers, and after each that was cut off, whose connections
    are closed by that, a turn that does not count opens the connections: each caller calls once.
    Who is cut off in that one, too, goes without.
    """

    def __init__(self, contender: Contender, url: str) -> None:
        """Seat *contender*, which calls the server at *url*."""
        self.contender = contender
        self._url = url
        self._child: Child | None = None
        self._stack = AsyncExitStack()
        self._warm_for = 0
        self._can_warm = True

    async def __aenter__(self) -> Self:
        """Give the seat itself; its process starts with its first turn."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the process leave."""
        await self._stack.aclose()

    async def turn(self, turn: Turn) -> Cost:
        """Take *turn*, which says what it came to."""
        if self._warm_for != turn.concurrent:
            many = min(turn.concurrent, CONNECTIONS)
            warm = Turn(concurrent=many, seconds=0.0, over=OVER_WARM)
            self._can_warm = not (await self._asked(warm)).cut
            self._warm_for = turn.concurrent
        cost = await self._asked(turn)
        if cost.cut and self._can_warm:
            self._warm_for = 0
        return cost

    async def _asked(self, turn: Turn) -> Cost:
        if self._child is None:
            starting = started("caller", self.contender.key, self._url)
            self._child = await self._stack.enter_async_context(starting)
        cost = await self._child.ask(turn, Cost)
        if cost.ended:
            self._child = None
            await self._stack.aclose()
        return cost
