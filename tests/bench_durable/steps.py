"""One contender in a process of its own, which is asked for turns.

`python -m tests.bench_durable.steps CONTENDER URL FOLDER` answers each `Turn` with its `Cost`.
"""

import asyncio
import gc
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from tests.bench.contenders import Contender
from tests.bench.work import NAMES, check
from tests.bench_durable.contenders import Durable, Place, Run, of_key, opened
from tests.bench_durable.lines import answer
from tests.bench_durable.server import Server

__all__ = ["Cost", "Turn"]


@attrs.frozen(kw_only=True)
class Turn:
    """What is asked for.

    Attributes:
        concurrent: How many runs there are at any time.
        runs: How many there are in all.
    """

    concurrent: int
    runs: int


@attrs.frozen(kw_only=True)
class Cost:
    """What a step took in one turn, in seconds.

    Attributes:
        wall: By the clock on the wall.
        cpu: Of the process, all its threads together.
        server: Of the Valkey server's processor.
    """

    wall: float
    cpu: float
    server: float


async def turn_of(contender: Contender, ready: Durable, server: Server, asked: Turn) -> Cost:
    """Let *contender*, which is *ready*, take a turn, and check what it left behind.

    Raises:
        WrongResult: It did other work.
    """
    runs = await ready.prepare(asked.runs)
    gc.collect()
    before = _clocks(server)
    last = await _run_all(runs, asked.concurrent)
    spent = [now - then for now, then in zip(_clocks(server), before, strict=True)]
    for found in last:
        check(contender.label, await ready.stored(found))
    wall, cpu, busy = (each / (len(runs) * len(NAMES)) for each in spent)
    return Cost(wall=wall, cpu=cpu, server=busy)


def _clocks(server: Server) -> tuple[float, float, float]:
    return time.perf_counter(), time.process_time(), server.cpu()


async def _run_all(runs: Sequence[Run], concurrent: int) -> Iterable[object]:
    """Run all *runs* in *concurrent* lanes, and give the last thing that each lane found."""
    left = iter(runs)

    async def lane() -> object:
        found: object = None
        for run in left:
            found = await run()
        return found

    found = await asyncio.gather(*(lane() for _ in range(concurrent)))
    return [each for each in found if each is not None]


async def main(key: str, url: str, folder: str) -> None:
    """Take turns of the contender *key*, which keeps its data at *url* or in *folder*."""
    contender, server = of_key(key), Server(url)
    async with opened(contender, Place(url=url, folder=Path(folder))) as ready:
        await answer(Turn, lambda asked: turn_of(contender, ready, server, asked))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
