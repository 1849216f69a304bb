"""How much memory a sleeping run takes: resident memory, in a process of its own.

`python -m tests.bench.sleeping CONTENDER COUNT` prints bytes a run.
"""

import asyncio
import gc
import subprocess
import sys
from collections.abc import Callable

import psutil

from tests.bench.contenders import CONTENDERS, Built, Contender, Run, build
from tests.bench.work import SLEEPERS

__all__ = ["bytes_a_run", "measure_sleeping"]

_FIRST = 5
"""Before the runs that count, one in so many more fills the holes that imports left behind."""


def measure_sleeping(contender: Contender, count: int) -> float:
    """Give the bytes each of *count* concurrent runs of *contender* takes, in a new process."""
    command = [sys.executable, "-m", "tests.bench.sleeping", contender.key, str(count)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


async def bytes_a_run(ready: Built, count: int) -> float:
    """Let *count* runs of *ready* fall asleep, and give what each added to resident memory."""
    tasks = await _asleep(ready.prepare, count // _FIRST)
    before = _resident()
    tasks += await _asleep(ready.prepare, count)
    added = _resident() - before
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return added / count


async def _asleep(prepare: Callable[[], Run], count: int) -> list[asyncio.Future[object]]:
    awaited = SLEEPERS.count + count
    tasks: list[asyncio.Future[object]] = [asyncio.ensure_future(prepare()()) for _ in range(count)]
    while SLEEPERS.count < awaited:  # noqa: ASYNC110 - an event would cost each sleeper a call
        await asyncio.sleep(0)
    return tasks


def _resident() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss


def main(key: str, count: int) -> None:
    """Print what each of *count* sleeping runs of the contender *key* takes, in bytes."""
    chosen = next(contender for contender in CONTENDERS if contender.key == key)
    sys.stdout.write(f"{asyncio.run(bytes_a_run(build(chosen, sleeping=True), count))}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
