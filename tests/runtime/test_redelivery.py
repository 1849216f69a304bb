"""What a worker that is killed leaves goes on with another one: real processes, kill -9."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dara_fp import Store, WorkflowExecutor
from dara_fp.store.records import State
from tests.runtime.laborer import LEASES, Job, Yard, labor
from tests.runtime.stage import ended, history_of, until

Hire = Callable[[], int]


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path / "log")


@pytest.fixture
def hire(store: Store, yard: Yard) -> Iterator[Hire]:
    """Start workers in processes of their own, and end them when the test is over."""
    command = [sys.executable, "-m", "tests.runtime.laborer", store.url, str(yard.log)]
    with ExitStack() as stack:

        def one() -> int:
            worker = stack.enter_context(subprocess.Popen(command))
            stack.callback(worker.kill)
            return worker.pid

        yield one


async def doing(yard: Yard, what: str, number: int = 1) -> list[int]:
    """Give the processes that did *what*, once it was done so many times."""

    async def look() -> list[int] | None:
        pids = [pid for name, pid in yard.done() if name == what]
        return pids if len(pids) >= number else None

    return await until(look, seconds=60)


async def test_what_a_killed_worker_ran_goes_on_with_another_from_its_last_step(
    store: Store, yard: Yard, hire: Hire
) -> None:
    for _ in range(2):
        hire()
    await doing(yard, "ready", 2)
    async with WorkflowExecutor(labor(), store, yard) as executor:
        task_id = await executor.start("labor", Job())
        (first,) = await doing(yard, "pack")
        os.kill(first, signal.SIGKILL)
        killed = time.monotonic()
        _, second = await doing(yard, "pack", 2)
        # Until it is missed; the rest is for a machine that is busy with other things.
        assert time.monotonic() - killed < LEASES.redelivery * 1.35 + 2
        yard.gate.touch()
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
    assert first != second
    worked = [each for each in yard.done() if each[0] != "ready"]
    assert worked == [("fetch", first), ("pack", first), ("pack", second), ("send", second)]
    task = (await history_of(store, task_id)).task
    assert (task.attempt, task.epoch >= 2) == (1, True)


async def test_a_worker_that_hangs_cannot_write_over_the_one_that_took_over(
    store: Store, yard: Yard, hire: Hire
) -> None:
    for _ in range(2):
        hire()
    await doing(yard, "ready", 2)
    async with WorkflowExecutor(labor(), store, yard) as executor:
        task_id = await executor.start("labor", Job())
        (first,) = await doing(yard, "pack")
        os.kill(first, signal.SIGSTOP)
        _, second = await doing(yard, "pack", 2)
        yard.gate.touch()
        assert (await ended(executor, task_id)).state is State.SUCCEEDED
        events = await executor.events(task_id)
        os.kill(first, signal.SIGCONT)
        # It comes to life, finds the gate open, is refused, and works on something else.
        following = [await executor.start("labor", Job()) for _ in range(8)]
        for each in following:
            assert (await ended(executor, each)).state is State.SUCCEEDED
        assert await executor.events(task_id) == events
    assert second != first
    assert yard.done().count(("send", second)) >= 1


async def test_a_task_that_kills_its_workers_is_given_up(
    store: Store, yard: Yard, hire: Hire
) -> None:
    explosions = LEASES.deliveries + 1  # the first worker got on: it has done `fetch`
    async with WorkflowExecutor(labor(), store, yard) as executor:
        task_id = await executor.start("poison", Job())
        for _ in range(explosions + 1):
            hire()
        await doing(yard, "explode", explosions)
        status = await ended(executor, task_id)
    assert status.error is not None
    assert "poisoned: this task was taken 2 times" in status.error.message
    assert len(await doing(yard, "explode")) == explosions
    assert [name for name, _ in yard.done()].count("fetch") == 1
