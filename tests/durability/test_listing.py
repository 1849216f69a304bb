"""Lists of tasks: newest first, by workflow, state and owner, page after page without a gap."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store.records import State, TaskSummary
from dara_fp.store.store import Store
from tests.durability.tasks import NO, fail, new_task, own, waiting_for

Command = Callable[..., Any]
CURSORS = ["", "x", " ", "x y", "nan x", "inf x", "1e999 x", "1_0 x", "-1 x", "1700000000", "1 é"]


async def pages(store: Store, **wanted: Any) -> list[tuple[str, ...]]:
    """Give the ids of each page, to the end."""
    found: list[tuple[str, ...]] = []
    after: str | None = None
    while True:
        page = await store.list(after=after, **wanted)
        found.append(tuple(task.task_id for task in page.tasks))
        if page.next is None:
            return found
        assert page.next != after, "or a reader never comes to the end"
        after = page.next


async def ids(store: Store, **wanted: Any) -> list[str]:
    return list(itertools.chain.from_iterable(await pages(store, **wanted)))


async def test_a_line_tells_what_a_reader_wants_to_know(store: Store) -> None:
    await fail(store)
    (task,) = (await store.list()).tasks
    assert task == TaskSummary(
        task_id="t",
        workflow="ingest",
        state=State.FAILED,
        owner="ada@example.com",
        attempt=1,
        created_at=task.created_at,
        started_at=task.started_at,
        finished_at=task.finished_at,
        error=NO,
    )
    assert task.started_at is not None
    assert task.finished_at is not None
    assert task.created_at <= task.started_at <= task.finished_at


async def test_a_task_that_has_not_run_has_no_times_and_no_owner(store: Store) -> None:
    await store.create(new_task("t", owner=None))
    (task,) = (await store.list()).tasks
    assert (task.owner, task.started_at, task.finished_at, task.error) == (None,) * 4
    assert task.state is State.QUEUED


async def test_there_may_be_none(store: Store) -> None:
    page = await store.list()
    assert (page.tasks, page.next) == ((), None)


async def test_the_newest_come_first(store: Store) -> None:
    for name in ("c", "a", "b"):
        await store.create(new_task(name))
    assert await ids(store) == ["b", "a", "c"]


async def test_tasks_are_found_by_workflow_state_and_owner(store: Store) -> None:
    done = await own(store, "done")
    await done.finish(State.SUCCEEDED)
    waiting = await own(store, "waiting")
    await waiting.park([waiting_for("go")])
    await store.create(new_task("bob", owner="bob"))
    await store.create(new_task("other", "other"))
    await store.create(new_task("nobody", "other", None))
    assert await ids(store, workflow="other") == ["nobody", "other"]
    assert await ids(store, state=State.WAITING) == ["waiting"]
    assert await ids(store, owner="bob") == ["bob"]
    assert await ids(store, owner="ada@example.com", state=State.QUEUED) == ["other"]
    assert await ids(store, workflow="ingest", owner="nobody") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
async def test_pages_follow_each_other_without_a_gap(store: Store, limit: int) -> None:
    for number in range(6):
        await store.create(new_task(f"t{number}"))
    found = await pages(store, limit=limit)
    assert list(itertools.chain.from_iterable(found)) == [f"t{5 - number}" for number in range(6)]
    assert all(len(page) <= limit for page in found)


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_tasks_of_one_age_are_all_listed_once(
    store: Store, url: str, prefix: str, command: Command, limit: int
) -> None:
    names = [f"t{number}" for number in range(7)]
    for name in names:
        await store.create(new_task(name))
    ages = {name: command(url, "ZSCORE", f"{prefix}:tasks", name) for name in names}
    for name in names[1:6]:
        command(url, "ZADD", f"{prefix}:tasks", "1700000000.123457", name)
    try:
        assert sorted(await ids(store, limit=limit)) == names
        assert sorted(await ids(store, limit=limit, workflow="ingest")) == names
    finally:
        for name, age in ages.items():
            command(url, "ZADD", f"{prefix}:tasks", repr(float(age)), name)


async def test_what_comes_while_a_reader_reads_shifts_nothing(store: Store) -> None:
    for number in range(4):
        await store.create(new_task(f"t{number}"))
    first = await store.list(limit=2)
    await store.create(new_task("late"))
    second = await store.list(limit=2, after=first.next)
    assert [task.task_id for task in second.tasks] == ["t1", "t0"]


async def test_2500_tasks_are_listed_once_each_also_the_needle_among_them(store: Store) -> None:
    names = [f"t{number}" for number in range(2_500)]
    await store.create(new_task("needle", "rare"))
    await asyncio.gather(*(store.create(new_task(name)) for name in names))
    found = await pages(store, limit=1_000)
    assert [len(page) // 100 for page in found] == [10, 9, 5], "each looks at 1,000 at most"
    assert list(itertools.chain.from_iterable(found)) == [*reversed(names), "needle"]
    rare = await pages(store, workflow="rare")
    assert list(itertools.chain.from_iterable(rare)) == ["needle"]
    assert len(rare) == 3, "each looks at 1,000 at most"


async def test_a_limit_beyond_its_bounds_is_the_bound(store: Store) -> None:
    for name in ("a", "b"):
        await store.create(new_task(name))
    assert len((await store.list(limit=0)).tasks) == 1
    assert len((await store.list(limit=10**9)).tasks) == 2


@pytest.mark.parametrize("cursor", CURSORS)
async def test_a_cursor_that_no_page_gave_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(ValueError, match="is none that a page gave"):
        await store.list(after=cursor)
