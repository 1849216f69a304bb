"""Tasks that each poll a run, all in one process: `python -m tests.bench_client.waiters URL`."""

import asyncio
import sys

import attrs
import psutil

from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.workspace import Workspace
from tests.bench_durable.lines import answer

__all__ = ["Memory", "Waiting"]


@attrs.frozen(kw_only=True)
class Waiting:
    """Tasks to start, or to see through.

    Attributes:
        tasks: How many more, each for a run of its own.
        pause: Seconds between two looks of each.
        through: Whether to wait until all have ended.
    """

    tasks: int = 0
    pause: float = 0.0
    through: bool = False


@attrs.frozen(kw_only=True)
class Memory:
    """What the process holds.

    Attributes:
        resident: Bytes of resident memory, of the whole process.
        ended: How many tasks saw their run succeed.
    """

    resident: int
    ended: int


class _Waiters:
    """The tasks."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._tasks: list[asyncio.Task[bool]] = []

    async def reply(self, wanted: Waiting) -> Memory:
        """Start the tasks that are *wanted*, or wait for the end of those there are."""
        for number in range(wanted.tasks):
            self._tasks.append(asyncio.create_task(self._wait(number + 1, wanted.pause)))
        done = await asyncio.gather(*self._tasks) if wanted.through else []
        return Memory(
            resident=psutil.Process().memory_info().rss,
            ended=sum(done),
        )

    async def _wait(self, run_id: int, pause: float) -> bool:
        polling = Polling(least=pause, most=pause)
        return (await self._workspace.runs.wait(run_id, polling=polling)).has_succeeded


async def main(url: str) -> None:
    """Answer until nobody asks any more."""
    async with Workspace(url, token="bench", rates=()) as workspace:
        await answer(Waiting, _Waiters(workspace).reply)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
