"""One chaos from its start to its end: a fleet, clients, trouble, and then the books compared."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

import aiohttp
import attrs

from dara_fp.store.records import Event
from dara_fp.store.store import Store
from tests.chaos.client import Client, Seen
from tests.chaos.fleet import Fleet, Workspace, standing
from tests.chaos.plan import Jobs, planned
from tests.chaos.recovery import Loss, losses
from tests.chaos.trouble import Trouble, arm

__all__ = ["Asked", "Found", "wreak"]

REVIVE_SECONDS: Final = 0.5
CONNECTIONS: Final = 40
RUNS_AT_ONCE: Final = 1000
SLEEP: Final = b"import sys, time; time.sleep(float(sys.argv[1]))"
SLEEP_FILE: Final = "/Volumes/main/default/chaos/sleep.py"


@attrs.frozen(kw_only=True)
class Asked:
    """How much chaos.

    Attributes:
        tasks: How many tasks are started.
        seconds: How long there is trouble.
        patience: Seconds after the trouble within which every task has to end.
        workers: How many worker processes.
        seed: What everything is drawn from.
        redelivery: Seconds after which what a lost worker held goes to another.
        coming: The share of the time in which tasks come in; some trouble is left for the last.
        slack: Seconds that a task may stand still beyond the bound, where others use the machine.
    """

    tasks: int = 2000
    seconds: float = 300.0
    patience: float = 120.0
    workers: int = 3
    seed: int = 0
    redelivery: float = 20.0
    coming: float = 0.8
    slack: float = 0.0


@attrs.frozen(kw_only=True)
class Found:
    """What came of it.

    Attributes:
        asked: How much there was.
        seen: What the clients saw of each task.
        ledger: Every run the workspace started.
        events: The log of each task.
        losses: Tasks that stood still because a worker was killed.
        trouble: How often what was done to the processes.
        faults: How many calls to the workspace went wrong.
        retries: How often clients asked again, by reason.
        died: What processes said that ended by themselves.
        stopped: Seconds that each worker took to end by SIGTERM.
        seconds: How long all of it took.
        final_in_trouble: How many tasks had ended when the trouble did.
    """

    asked: Asked
    seen: Sequence[Seen]
    ledger: Sequence[dict[str, object]]
    events: dict[str, tuple[Event, ...]]
    losses: Sequence[Loss]
    trouble: Counter[str]
    faults: int
    retries: Counter[str]
    died: Sequence[str]
    stopped: Sequence[float]
    seconds: float
    final_in_trouble: int


async def wreak(asked: Asked, folder: Path, show: Callable[[Sequence[Seen]], None]) -> Found:
    """Have as much chaos as *asked* in *folder*; *show* gets what was seen now and then."""
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(standing(folder, asked.workers, asked.redelivery))
        jobs = await _jobs(fleet.workspace)
        await arm(fleet.workspace, asked.seed)
        plan = planned(asked.tasks, asked.seed, jobs)
        seen = [Seen(planned=each) for each in plan]
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        chance = random.Random(asked.seed)  # noqa: S311 - the same seed draws the same
        client = Client(address=lambda: fleet.address, http=http, chance=chance)
        trouble = Trouble(fleet=fleet, seed=asked.seed, redelivery=asked.redelivery)
        died: list[str] = []
        keepers = [
            asyncio.create_task(_revive(fleet, died)),
            asyncio.create_task(_show(show, seen)),
        ]
        stack.push_async_callback(_cancelled, keepers)
        faults, final = await _live_through(asked, trouble, client, seen)
        events = await _events(folder, seen)
        return Found(
            asked=asked,
            seen=seen,
            ledger=await fleet.workspace.ledger(),
            events=events,
            losses=losses(fleet.workers, events),
            trouble=trouble.done,
            faults=faults,
            retries=client.retries,
            died=died,
            stopped=await fleet.stop_workers(),
            seconds=time.monotonic() - began,
            final_in_trouble=final,
        )


async def _live_through(
    asked: Asked, trouble: Trouble, client: Client, seen: Sequence[Seen]
) -> tuple[int, int]:
    """Follow all tasks while there is trouble, and until they end afterwards."""
    coming = asked.seconds * asked.coming
    following = [asyncio.create_task(client.follow(each, coming)) for each in seen]
    await trouble.make(asked.seconds)
    faults = await trouble.fleet.workspace.disarm()
    final = sum(each.final is not None for each in seen)
    await asyncio.wait(following, timeout=asked.patience)
    await _cancelled([each for each in following if not each.done()])
    for each in following:
        if not each.cancelled():
            each.result()
    return faults, final


async def _jobs(workspace: Workspace) -> Jobs:
    """Make a job that is a condition, and two that are a process which sleeps."""
    await workspace.upload(SLEEP_FILE, SLEEP)
    condition = {"op": "EQUAL_TO", "left": "{{job.id}}", "right": "{{job.id}}"}

    async def job(name: str, work: dict[str, object]) -> str:
        settings = {"max_concurrent_runs": RUNS_AT_ONCE, "queue": {"enabled": True}}
        tasks = [{"task_key": "main", **work}]
        return await workspace.create_job({"name": name, "tasks": tasks, **settings})

    def sleep(seconds: str) -> dict[str, object]:
        return {"spark_python_task": {"python_file": SLEEP_FILE, "parameters": [seconds]}}

    return Jobs(
        quick=await job("quick", {"condition_task": condition}),
        slow=await job("slow", sleep("1")),
        endless=await job("endless", sleep("3600")),
    )


async def _revive(fleet: Fleet, died: list[str]) -> None:
    while True:
        died += await fleet.revive()
        await asyncio.sleep(REVIVE_SECONDS)


async def _show(show: Callable[[Sequence[Seen]], None], seen: Sequence[Seen]) -> None:
    while True:
        show(seen)
        await asyncio.sleep(REVIVE_SECONDS)


async def _events(folder: Path, seen: Sequence[Seen]) -> dict[str, tuple[Event, ...]]:
    """Read the logs of all tasks, behind the server's back."""
    async with Store.open(f"unix://{folder}/store.sock", folder) as store:
        return {each.task_id: await store.events(each.task_id) for each in seen if each.task_ids}


async def _cancelled(tasks: Sequence["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
