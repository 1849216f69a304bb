"""A connection may break between an effect and its answer: a second copy changes nothing more."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import attrs
import pytest
from redis import Redis

from dara_fp.store.claimed import Claimed
from dara_fp.store.functions import Reply
from dara_fp.store.records import State
from dara_fp.store.store import Store
from dara_fp.store.writer import Writer
from tests.durability.books import Books, read_books
from tests.durability.tasks import FOREVER, NO, fail, history_of, new_task, own, take, waiting_for

Act: TypeAlias = Callable[[Store, Claimed], Awaitable[object]]


@attrs.define
class Copies:
    """What was sent last, and the reply to it."""

    writer: Writer | None = None
    packed: bytes = b""
    reply: Reply = None

    async def send_again(self) -> Reply:
        assert self.writer is not None
        return await self.writer.ask(self.packed)


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Iterator[Copies]:
    """Keep the last command that was sent."""
    last, ask = Copies(), Writer.ask

    async def keep(writer: Writer, packed: bytes, *limits: Any, **more: Any) -> Reply:
        last.writer, last.packed = writer, packed
        last.reply = await ask(writer, packed, *limits, **more)
        return last.reply

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "ask", keep)
        yield last


@pytest.fixture
def everything(url: str, prefix: str) -> Iterator[Callable[[], Books]]:
    with Redis.from_url(url, legacy_responses=False) as client:  # pyright: ignore[reportUnknownMemberType] # redis-py's **kwargs
        yield lambda: read_books(client, prefix)


def words(reply: Reply) -> Reply:
    """Give *reply* without the tickets, which are put once."""
    if isinstance(reply, int):
        return None  # nothing but tickets
    if isinstance(reply, bytes):
        return reply.rstrip(b"0123456789 ")
    if isinstance(reply, list) and len(reply) > 1 and isinstance(reply[1], int):
        return [reply[0], *reply[2:]]
    return reply


OWNED: dict[str, Act] = {
    "record": lambda _, mine: mine.record("upload", b'{"a":1}', None, 1.0),
    "record of a failure": lambda _, mine: mine.record("upload", b"{}", NO, 1.0),
    "report": lambda _, mine: mine.report("upload", "half", 0.5),
    "begin": lambda _, mine: mine.begin({"upload": 1.0}),
    "finish succeeded": lambda _, mine: mine.finish(State.SUCCEEDED),
    "finish failed": lambda _, mine: mine.finish(State.FAILED, NO),
    "finish cancelled": lambda _, mine: mine.finish(State.CANCELLED, NO),
    "park": lambda _, mine: mine.park([waiting_for("go", until=4e9)]),
    "park that is over": lambda _, mine: mine.park([waiting_for("go", until=1.0)]),
    "hand_back": lambda _, mine: mine.hand_back(),
    "cancel": lambda store, _: store.cancel("t"),
    "resume of what runs": lambda store, _: store.resume("t", 1, ()),
    "create": lambda store, _: store.create(new_task("new")),
    "create of what exists": lambda store, _: store.create(new_task("t", "other")),
    "create beyond the bound": lambda store, _: store.create(new_task("new"), bound=1),
    "take": lambda store, _: take(store, "w2"),
    "take with nothing ready": lambda store, _: store.take("w2", {"none": 0}, fresh=False),
    "recount": lambda store, _: store.recount(),
    "retire": lambda store, _: store.retire("w1"),
}


@pytest.mark.parametrize("act", OWNED.values(), ids=OWNED)
async def test_a_second_copy_is_answered_alike_and_changes_nothing(
    store: Store, copies: Copies, everything: Callable[[], Books], act: Act
) -> None:
    mine = await own(store)
    await store.create(new_task("next"))
    await act(store, mine)
    first = copies.reply
    before = everything(), await store_of(store, copies)
    again = await copies.send_again()
    assert words(again) == words(first)
    assert (everything(), await store_of(store, copies)) == before


async def store_of(store: Store, copies: Copies) -> object:
    """Give journal and events of the task, without touching what was sent last."""
    sent = attrs.evolve(copies)
    seen = await store.read("t"), await store.events("t")
    copies.writer, copies.packed, copies.reply = sent.writer, sent.packed, sent.reply
    return seen


async def test_a_second_copy_of_a_look_misses_nobody_and_wakes_nothing_twice(
    store: Store, copies: Copies
) -> None:
    await own(store)
    found = await store.look("w1", FOREVER, ("t",))
    assert found.tickets == 1
    again = await copies.send_again()
    assert isinstance(again, list)
    assert again[0] == 0
    assert [event.kind for event in await store.events("t")] == [
        *("task.queued", "task.running", "task.queued")
    ]


async def test_a_second_copy_of_a_signal_says_that_it_is_known(
    store: Store, copies: Copies, everything: Callable[[], Books]
) -> None:
    mine = await own(store)
    await mine.park([waiting_for("go")])
    await store.signal("t", "go", b"1")
    before = everything()
    assert await copies.send_again() == b"known"
    assert everything() == before


async def test_a_second_copy_of_a_resumption_begins_no_second_attempt(
    store: Store, copies: Copies, everything: Callable[[], Books]
) -> None:
    await fail(store)
    await store.resume("t", 1, ["s:run"])
    before = everything()
    assert await copies.send_again() == b"queued 0"
    assert everything() == before
    assert (await history_of(store)).task.attempt == 2


async def test_a_second_copy_of_a_cancellation_at_once_says_the_same(
    store: Store, copies: Copies, everything: Callable[[], Books]
) -> None:
    await store.create(new_task("t"))
    await store.cancel("t")
    before = everything()
    assert await copies.send_again() == b"cancelled 0"
    assert everything() == before


async def test_a_second_copy_of_taking_gives_the_same_task_with_all_it_has(
    store: Store, copies: Copies
) -> None:
    await store.create(new_task("one"))
    await store.create(new_task("two"))
    await take(store)
    first = copies.reply
    again = await copies.send_again()
    assert isinstance(first, list)
    assert isinstance(again, list)
    assert again[0] == first[0] == b"one"
    assert again[2:] == first[2:]


async def test_a_copy_of_taking_that_comes_after_the_task_was_lost_takes_anew(
    store: Store, copies: Copies
) -> None:
    mine = await own(store)
    sent = copies.packed
    await store.retire("w1")
    copies.packed = sent
    again = await copies.send_again()
    assert isinstance(again, list)
    assert again[0] == b"t"
    epoch = (await history_of(store)).task.epoch
    assert epoch > mine.history.task.epoch + 1, "as an owner of its own"
    claimed = (await store.look("w1", FOREVER)).claimed
    assert claimed == ("t",), "so that the worker, which never heard of it, gives it back"
