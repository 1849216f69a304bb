"""Creating a task: once by its id, as given, and not beyond the bound of the queue."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import NewTask, State
from dara_fp.store.store import Store
from tests.durability.tasks import fail, history_of, kinds_of, new_task, own, take, waiting_for

Command = Callable[..., Any]


async def test_a_new_task_is_queued_and_read_back_as_given(store: Store) -> None:
    creation = await store.create(new_task("t"))
    assert (creation.outcome, creation.tickets) == ("created", 1)
    history = await history_of(store)
    task = history.task
    assert (task.state, task.attempt, task.epoch, task.deliveries) == (State.QUEUED, 1, 0, 0)
    assert (task.workflow, task.owner) == ("ingest", "ada@example.com")
    assert (task.context, task.structure) == (b'{"path":"/Volumes/a"}', ("upload", "run", "sync"))
    assert abs(task.created_at - time.time()) < 5
    assert (task.started_at, task.claimed_at, task.finished_at, task.error) == (None,) * 4
    assert (task.cancelling, task.request, task.trace) == (False, None, None)
    assert (history.steps, history.reports, history.begun) == ((), (), {})
    assert (history.waits, history.signals) == ((), {})
    assert await store.ready() == 1


async def test_a_task_without_owner_has_none_and_what_else_is_given_is_kept(store: Store) -> None:
    traced = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    given = {"workflow": "w", "context": b"{}", "structure": ()}
    await store.create(NewTask(task_id="t", request="digest", trace=traced, **given))  # type: ignore[arg-type]  # of several types
    task = (await history_of(store)).task
    assert (task.owner, task.request, task.trace) == (None, "digest", traced)


async def test_an_id_is_given_once_and_the_first_task_stays(store: Store) -> None:
    await store.create(new_task("t", request="digest"))
    second = await store.create(new_task("t", workflow="other"))
    assert (second.outcome, second.tickets) == ("exists", 0)
    assert (second.workflow, second.request) == ("ingest", "digest")
    assert (await history_of(store)).task.workflow == "ingest"
    assert await kinds_of(store) == ["task.queued"]


async def test_a_task_that_was_created_without_a_request_says_so(store: Store) -> None:
    await store.create(new_task("t"))
    assert (await store.create(new_task("t"))).request is None


async def test_the_id_of_a_task_that_ended_is_not_given_again(store: Store) -> None:
    await fail(store)
    assert (await store.create(new_task("t"))).outcome == "exists"
    assert (await history_of(store)).task.state is State.FAILED


async def test_of_fifty_that_create_one_id_one_wins(store: Store) -> None:
    made = await asyncio.gather(*(store.create(new_task("t")) for _ in range(50)))
    assert sorted(one.outcome for one in made) == ["created"] + ["exists"] * 49


async def test_no_more_tasks_are_queued_than_the_bound_allows(store: Store) -> None:
    outcomes = [
        (await store.create(new_task(name), bound=2)).outcome for name in ("one", "two", "three")
    ]
    assert outcomes == ["created", "created", "full"]
    assert await store.read("three") is None


async def test_a_full_queue_still_knows_the_tasks_it_has(store: Store) -> None:
    await store.create(new_task("t"), bound=1)
    assert (await store.create(new_task("t"), bound=1)).outcome == "exists"


async def test_what_runs_or_waits_is_not_counted_as_queued(store: Store) -> None:
    waiting = await own(store, "waiting")
    await waiting.park([waiting_for("go")])
    await own(store, "running")
    assert (await store.create(new_task("one"), bound=1)).outcome == "created"
    assert (await store.create(new_task("two"), bound=1)).outcome == "full"
    await take(store)
    assert (await store.create(new_task("two"), bound=1)).outcome == "created"


async def test_only_as_many_tickets_are_put_as_thirty_two(store: Store) -> None:
    made = [await store.create(new_task(f"t{number}")) for number in range(40)]
    assert [one.tickets for one in made] == [1] * 32 + [0] * 8
    assert await store.ready() == 40


async def test_an_error_of_one_command_does_not_touch_the_others(
    store: Store, url: str, prefix: str, command: Command
) -> None:
    command(url, "SET", f"{prefix}:{{broken}}:task", "no hash")
    outcomes = await asyncio.gather(
        *(store.create(new_task(name)) for name in ("before", "broken", "after")),
        return_exceptions=True,
    )
    command(url, "DEL", f"{prefix}:{{broken}}:task")
    assert isinstance(outcomes[1], StoreUnavailable)
    assert "WRONGTYPE" in str(outcomes[1])
    assert await store.read("before")
    assert await store.read("after")


@pytest.mark.parametrize("task_id", ["", "a}b", "a b", "x" * 201, "ä", "a\n"])
async def test_what_is_no_task_id_is_unknown_and_cannot_be_created(
    store: Store, task_id: str
) -> None:
    with pytest.raises(ValueError, match="task id"):
        await store.create(new_task(task_id))
    assert await store.read(task_id) is None
    assert await store.events(task_id) == ()
    assert (await store.signal(task_id, "go", b"1")).outcome == "unknown"
    assert await store.cancel(task_id) == (None, 0)
    assert await store.resume(task_id, 1, ()) == (None, 0)
