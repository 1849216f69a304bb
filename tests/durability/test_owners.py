"""How many tasks of an owner run: the rest stands aside, and always comes back."""

from dara_fp.store.records import State
from dara_fp.store.store import Store
from tests.durability.tasks import lose, new_task, state_of, take, waiting_for

BOTH = {"v": 0, "w": 0}


async def queue(store: Store, *tasks: tuple[str, str | None], workflow: str = "ingest") -> None:
    for name, owner in tasks:
        await store.create(new_task(name, workflow, owner))


async def taken(store: Store, limit: int = 1) -> str | None:
    """Take a task with so many of an owner allowed, and give its id."""
    claimed = await take(store, owner_concurrency=limit)
    return claimed.history.task.task_id if claimed else None


async def test_of_an_owner_as_many_run_as_allowed_while_others_go_on(store: Store) -> None:
    await queue(store, ("a1", "ada"), ("a2", "ada"), ("a3", "ada"), ("b1", "bob"))
    assert [await taken(store, 2) for _ in range(4)] == ["a1", "a2", "b1", None]


async def test_tasks_without_an_owner_know_no_such_limit(store: Store) -> None:
    await queue(store, ("a", None), ("b", None))
    assert [await taken(store) for _ in range(2)] == ["a", "b"]


async def test_what_stands_aside_is_queued_but_not_ready(store: Store) -> None:
    await queue(store, ("a1", "ada"), ("a2", "ada"))
    assert [await taken(store) for _ in range(2)] == ["a1", None]
    assert await store.ready() == 0
    assert (await store.create(new_task("x"), bound=1)).outcome == "full"


async def test_when_a_task_ends_the_oldest_that_stood_aside_is_ready(store: Store) -> None:
    await queue(store, ("a1", "ada"), ("a2", "ada"), ("a3", "ada"))
    first = await take(store, owner_concurrency=1)
    assert first is not None
    assert [await taken(store), await taken(store)] == [None, None], "all tickets are used up"
    assert await first.finish(State.SUCCEEDED) == 1
    assert await store.ready() == 1
    assert [await taken(store) for _ in range(2)] == ["a2", None]


async def test_parking_handing_back_and_losing_make_room_too(store: Store) -> None:
    await queue(store, ("a1", "ada"), ("a2", "ada"), ("a3", "ada"))
    first = await take(store, owner_concurrency=1)
    assert first is not None
    assert await taken(store) is None
    await first.park([waiting_for("go")])
    second = await take(store, owner_concurrency=1)
    assert second is not None
    assert second.history.task.task_id == "a2"
    await second.hand_back()
    assert await store.ready() == 2
    assert [await taken(store) for _ in range(2)] == ["a2", None]
    await lose(store, "a2")
    assert await store.ready() == 1


async def test_what_stands_aside_and_is_cancelled_is_over(store: Store) -> None:
    await queue(store, ("a1", "ada"), ("a2", "ada"))
    assert [await taken(store) for _ in range(2)] == ["a1", None]
    assert await store.cancel("a2") == (State.CANCELLED, 0)


async def test_if_the_next_is_cancelled_the_one_after_it_does_not_stand_aside_forever(
    store: Store,
) -> None:
    await queue(store, ("a1", "ada"), ("a2", "ada"), ("a3", "ada"))
    first = await take(store, owner_concurrency=1)
    assert first is not None
    assert await taken(store) is None
    await first.finish(State.SUCCEEDED)
    await store.cancel("a2")
    assert await taken(store) == "a3"


async def test_if_the_next_is_poisoned_the_one_after_it_does_not_stand_aside_forever(
    store: Store,
) -> None:
    await queue(store, ("a1", "ada"), ("a2", "ada"), ("a3", "ada"))
    first = await take(store, owner_concurrency=2)
    assert first is not None
    assert await taken(store, 2) == "a2"
    await store.look("w1", 60, ("a2",))
    assert await taken(store, 1) is None
    await first.finish(State.SUCCEEDED)
    last = await take(store, owner_concurrency=1, delivery_limit=1)
    assert await state_of(store, "a2") is State.FAILED
    assert last is not None
    assert last.history.task.task_id == "a3"


async def test_the_next_of_a_workflow_that_cannot_run_holds_up_no_other(store: Store) -> None:
    await queue(store, ("v1", "ada"), workflow="v")
    await queue(store, ("w1", "ada"), workflow="w")
    await queue(store, ("v2", "ada"), workflow="v")
    first = await take(store, "w1", BOTH, owner_concurrency=1)
    assert first is not None
    assert await take(store, "w1", BOTH, owner_concurrency=1) is None
    await first.finish(State.SUCCEEDED)
    only_v = await take(store, "w2", {"v": 0}, owner_concurrency=1)
    assert only_v is not None
    assert only_v.history.task.task_id == "v2"
