"""What must not grow without end: the log of a task, and the index of queued tasks."""

import asyncio
from collections.abc import Callable
from typing import Any

from dara_fp.store.records import NewTask, State
from dara_fp.store.store import Store

Make = Callable[[str], NewTask]
Command = Callable[..., Any]


async def test_the_log_of_a_task_keeps_its_last_events_and_the_journal_all(
    store: Store, new_task: Make, url: str, prefix: str, command: Command
) -> None:
    await store.create(new_task("t"))
    await store.claim("t")
    paths = [f"each/{number}" for number in range(10_300)]
    await asyncio.gather(*(store.record("t", 1, path, b"{}", None, 1.0) for path in paths))
    assert 10_000 <= command(url, "XLEN", f"{prefix}:{{t}}:events") < 10_200
    assert (await store.events("t", after=10_301))[0].path == paths[-1]
    history = await store.read("t")
    assert history is not None
    assert len(history.steps) == 10_300


async def test_creating_a_task_that_runs_does_not_put_it_back_among_the_queued(
    store: Store, new_task: Make, url: str, prefix: str, command: Command
) -> None:
    await store.create(new_task("t"))
    await store.claim("t")
    assert not await store.create(new_task("t"))
    await store.finish("t", 1, State.SUCCEEDED)  # on the same connection as the removal
    assert command(url, "ZRANGE", f"{prefix}:queued", "0", "-1") == []
