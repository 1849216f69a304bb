"""What must not grow without end: the log of a task."""

import asyncio
from collections.abc import Callable
from typing import Any

from dara_fp.store.store import Store
from tests.durability.tasks import history_of, own

Command = Callable[..., Any]


async def test_the_log_of_a_task_keeps_its_last_events_and_the_journal_all(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    mine = await own(store)
    paths = [f"each/{number}" for number in range(10_300)]
    await asyncio.gather(*(mine.record(path, b"{}", None, 1.0) for path in paths))
    assert 10_000 <= command(url, "XLEN", f"{prefix}:{{t}}:events") < 10_200
    assert (await store.events("t", after=10_301))[0].path == paths[-1]
    assert len((await history_of(store)).steps) == 10_300
