"""A contender in a process of its own: `python -m tests.bench_client.caller KEY URL`."""

import asyncio
import gc
import resource
import sys
import time
from collections.abc import Sequence

import attrs

from tests.bench_client.contenders import Calling, of_key, opened
from tests.bench_durable.lines import answer

__all__ = ["OVER", "Cost", "Turn"]

OVER = 2.0
"""Calls that have begun are waited for so long."""


@attrs.frozen(kw_only=True)
class Turn:
    """So many callers at a time, who call again and again for a while.

    Attributes:
        concurrent: How many callers there are.
        seconds: For how long they begin calls; those begun are waited for, a few seconds at most.
    """

    concurrent: int
    seconds: float


@attrs.frozen(kw_only=True)
class Cost:
    """What a turn came to.

    Attributes:
        calls: Calls that were answered.
        cut: Calls that were still on their way when the turn was cut off.
        wall: Seconds it took.
        cpu: Seconds of the processor.
        p50: Seconds that half of the calls took at most; those cut off count with their time so
            far.
        p99: Seconds that 99 of 100 took at most.
        loop: Seconds of the processor in the thread of the event loop.
    """

    calls: int
    cut: int
    wall: float
    cpu: float
    p50: float
    p99: float
    loop: float


class _Crowd:
    """Callers that call at a time, and how long each call took."""

    def __init__(self, call: Calling) -> None:
        self._call = call
        self._begun: dict[int, float] = {}
        self.took: list[float] = []
        self.cut: list[float] = []

    async def turn(self, turn: Turn) -> float:
        """Give the seconds that *turn* took."""
        began = time.perf_counter()
        callers = [self._caller(number, began + turn.seconds) for number in range(turn.concurrent)]
        try:
            async with asyncio.timeout(turn.seconds + OVER):
                await asyncio.gather(*callers)
        except TimeoutError:
            now = time.perf_counter()
            self.cut = [now - begun for begun in self._begun.values()]
        return time.perf_counter() - began

    async def _caller(self, number: int, deadline: float) -> None:
        while (began := time.perf_counter()) < deadline:
            self._begun[number] = began
            run_id = number + 1
            found = await self._call(run_id)
            if found != run_id:
                raise AssertionError(f"asked for run {run_id} and was told of {found}")
            del self._begun[number]
            self.took.append(time.perf_counter() - began)


async def _cost(call: Calling, turn: Turn) -> Cost:
    gc.collect()
    crowd = _Crowd(call)
    before, loop = _cpu(), time.thread_time()
    wall = await crowd.turn(turn)
    took = sorted((*crowd.took, *crowd.cut))
    return Cost(
        calls=len(crowd.took),
        cut=len(crowd.cut),
        wall=wall,
        cpu=_cpu() - before,
        p50=_share(took, 0.5),
        p99=_share(took, 0.99),
        loop=time.thread_time() - loop,
    )


def _share(took: Sequence[float], share: float) -> float:
    return took[min(len(took) - 1, int(len(took) * share))]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(key: str, url: str) -> None:
    """Take turns until there are no more."""
    async with opened(of_key(key), url) as call:
        await answer(Turn, lambda turn: _cost(call, turn))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
