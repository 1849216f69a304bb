"""A worker in a process of its own, to be killed: `python -m tests.runtime.laborer URL LOG`."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import attrs

from dara_fp import (
    Outcome,
    Position,
    StepContext,
    Store,
    Success,
    Workflow,
    WorkflowExecutor,
    start,
    step,
    workflow,
)
from dara_fp.runtime.queue import Leases

__all__ = ["LEASES", "Job", "Yard", "labor"]

LEASES = Leases(redelivery=1.5, grace=0.2, sweep=0.5, look=0.1, deliveries=2)


@attrs.frozen(kw_only=True)
class Job(StepContext):
    number: int = 0


@attrs.frozen
class Yard:
    """Where laborers work: each line of the log says what was done by which process."""

    log: Path

    def note(self, what: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{what} {os.getpid()}\n")

    def done(self) -> list[tuple[str, int]]:
        """Give what was done, and by which process."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(what, int(pid)) for what, _, pid in (line.partition(" ") for line in lines)]

    @property
    def gate(self) -> Path:
        """There is a file once the gate is open."""
        return self.log.with_suffix(".gate")


@step
async def fetch(ctx: Job, env: Yard) -> Outcome[Job]:
    env.note("fetch")
    return Success(ctx)


@step
async def pack(ctx: Job, env: Yard, at: Position) -> Outcome[Job]:
    env.note("pack")
    await at.report("packing")
    while not env.gate.exists():  # noqa: ASYNC110 - other processes know no event of ours
        await asyncio.sleep(0.02)
    return Success(ctx)


@step
async def send(ctx: Job, env: Yard) -> Outcome[Job]:
    env.note("send")
    return Success(ctx)


@step
async def explode(ctx: Job, env: Yard) -> Outcome[Job]:
    env.note("explode")
    os.kill(os.getpid(), signal.SIGKILL)
    return Success(ctx)


def labor() -> tuple[Workflow[Job, Yard], Workflow[Job, Yard]]:
    """Give the workflows: one that can be held up, and one that kills its worker."""
    begin = start(Job, Yard)
    return workflow("labor", begin >> fetch >> pack >> send), workflow(
        "poison", begin >> fetch >> explode
    )


async def _work(url: str, log: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    yard = Yard(log)
    async with (
        Store.open(url) as store,
        WorkflowExecutor(labor(), store, yard, leases=LEASES) as executor,
        executor.working(4),
    ):
        yard.note("ready")
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], Path(sys.argv[2])))
