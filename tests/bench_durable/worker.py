"""A worker as `dara worker` runs one, which is asked to begin and what it has taken so far.

`python -m tests.bench_durable.worker URL PREFIX CONCURRENCY [WORKSPACE SECONDS]` answers each
`Order` with what it has `Taken`.
"""

import asyncio
import gc
import sys
import time
from contextlib import AsyncExitStack

import attrs
import psutil

from dara_fp import Store, WorkflowExecutor
from dara_fp.databricks.workspace import Workspace
from dara_fp.runtime.queue import Leases
from tests.bench_durable.chains import TEN
from tests.bench_durable.lines import answer
from tests.bench_durable.waiting import NOWHERE, PARKED, POLLING, Env

__all__ = ["Order", "Taken"]


@attrs.frozen(kw_only=True)
class Order:
    """What the worker is to do: to *work* from now on, or nothing yet."""

    work: bool = True


@attrs.frozen(kw_only=True)
class Taken:
    """What the worker has taken so far.

    Attributes:
        cpu: Seconds of its processor.
        resident: Bytes of memory.
    """

    cpu: float
    resident: int


async def main(
    url: str, prefix: str, concurrency: str, host: str = NOWHERE, seconds: str = "1"
) -> None:
    """Work on the tasks under *prefix* at *url*; whoever polls asks *host* every *seconds*."""
    async with (
        Workspace(host, token="bench", rates=()) as workspace,
        Store.open(url, prefix=prefix) as store,
        WorkflowExecutor(
            [TEN, PARKED, POLLING],
            store,
            Env(workspace=workspace, seconds=float(seconds)),
            leases=Leases(grace=0),
        ) as executor,
        AsyncExitStack() as working,
    ):
        begun = False

        async def reply(order: Order) -> Taken:
            nonlocal begun
            if order.work and not begun:
                begun = True
                await working.enter_async_context(executor.working(int(concurrency)))
            return _taken()

        await answer(Order, reply)


def _taken() -> Taken:
    gc.collect()
    return Taken(cpu=time.process_time(), resident=psutil.Process().memory_info().rss)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
