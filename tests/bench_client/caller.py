"""A contender in a process of its own: `python -m tests.bench_client.caller KEY URL`."""

import asyncio
import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import attrs
import msgspec

from tests.bench_client.contenders import Calling, of_key, opened
from tests.bench_durable.lines import answer

__all__ = ["OVER", "OVER_WARM", "Cost", "Turn"]

OVER = 1.5
"""Seconds for which calls are waited for that have begun."""

OVER_WARM = 3.0
"""The same in a turn that does not count, and opens connections."""

_SETTLE = 0.5
"""Seconds in which those that were cut off have to be done with it."""


@attrs.frozen(kw_only=True)
class Turn:
    """So many callers at a time, who call again and again for a while.

    Attributes:
        concurrent: How many callers there are; each calls once at the least.
        seconds: For how long they begin calls.
        over: Seconds for which those begun are waited for.
    """

    concurrent: int
    seconds: float
    over: float = OVER

    @property
    def limit(self) -> float:
        """Seconds after which it is cut off."""
        return self.seconds + self.over


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
        ended: Whether the process has ended, being still busy with what was cut off.
    """

    calls: int
    cut: int
    wall: float
    cpu: float
    p50: float
    p99: float
    loop: float
    ended: bool = False


class _Crowd:
    """Callers that call at a time, and how long each call took."""

    def __init__(self, call: Calling, turn: Turn) -> None:
        self._call = call
        self._turn = turn
        self._cpu, self._loop, self._began = _cpu(), time.thread_time(), time.perf_counter()
        # From the start: some libraries keep the loop so busy that not every caller gets to call.
        self._begun = dict.fromkeys(range(turn.concurrent), self._began)
        self._took: list[float] = []

    async def turn(self) -> None:
        """Take the turn."""
        callers = [self._caller(number) for number in self._begun]
        try:
            async with asyncio.timeout(self._turn.limit):
                await asyncio.gather(*callers)
        except TimeoutError:
            return  # what is left in `_begun` was cut off

    def cost(self, *, ended: bool = False) -> Cost:
        """Tell what it has come to by now."""
        now = time.perf_counter()
        cut = [now - began for began in self._begun.values()]
        took = sorted((*self._took, *cut))
        return Cost(
            calls=len(self._took),
            cut=len(cut),
            wall=now - self._began,
            cpu=_cpu() - self._cpu,
            p50=_share(took, 0.5),
            p99=_share(took, 0.99),
            loop=time.thread_time() - self._loop,
            ended=ended,
        )

    async def _caller(self, number: int) -> None:
        run_id = number + 1
        is_over = False
        while not is_over:
            began = self._begun[number] = time.perf_counter()
            found = await self._call(run_id)
            if found != run_id:
                raise AssertionError(f"asked for run {run_id} and was told of {found}")
            now = time.perf_counter()
            del self._begun[number]
            self._took.append(now - began)
            is_over = now >= self._began + self._turn.seconds


async def _cost(call: Calling, turn: Turn, out: int) -> Cost:
    gc.collect()
    crowd = _Crowd(call, turn)
    with _ending(crowd, turn.limit + _SETTLE, out):
        await crowd.turn()
    return crowd.cost()


@contextmanager
def _ending(crowd: _Crowd, seconds: float, out: int) -> Generator[None]:
    """End the process after *seconds* of the block, and write to *out* what *crowd* came to.

    A signal comes through when nothing else does: httpx's own pool looks through all connections
    and all that wait for each call that begins or is cancelled, which keeps the event loop, and its
    timeouts, for half a minute.
    """

    def end(_signal: int, _frame: object) -> None:
        os.write(out, msgspec.json.encode(crowd.cost(ended=True)) + b"\n")
        os._exit(0)

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _share(took: Sequence[float], share: float) -> float:
    return took[min(len(took) - 1, int(len(took) * share))]


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def main(key: str, url: str) -> None:
    """Take turns until there are no more."""
    out = os.dup(sys.stdout.fileno())
    async with opened(of_key(key), url) as call:
        await answer(Turn, lambda turn: _cost(call, turn, out))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
