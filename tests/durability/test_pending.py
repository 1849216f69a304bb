"""The queue before the connection: in order, bounded, and free of what nobody waits for."""

import asyncio
import time

import pytest

from dara_fp.store import pending
from dara_fp.store.pending import Command, Pending


def command(packed: bytes, *, durable: bool = False, newest: str | None = None) -> Command:
    answer = asyncio.get_running_loop().create_future()
    return Command(packed=packed, answer=answer, durable=durable, newest=newest)


async def test_what_could_not_be_done_is_sent_again_first_and_in_order() -> None:
    queue = Pending()
    for packed in (b"1", b"2", b"3", b"4"):
        queue.add(command(packed))
    assert queue.take() == [b"1", b"2", b"3", b"4"]
    queue.add(command(b"5"))
    queue.go_around()  # 1 was refused for the moment
    assert queue.land().packed == b"2"
    queue.put_back()  # and the connection broke before the answer to 3
    assert queue.take() == [b"1", b"3", b"4", b"5"]


async def test_a_full_queue_has_no_room_until_something_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pending, "MAX_BYTES", 10)
    queue = Pending()
    queue.add(command(b"123456789"))
    assert queue.room.is_set()
    queue.add(command(b"1"))
    assert not queue.room.is_set()
    queue.take()
    assert not queue.room.is_set(), "what flies still takes memory"
    queue.land()
    queue.rest()
    assert queue.room.is_set()


async def test_many_small_commands_fill_the_queue_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "MAX_COMMANDS", 2)
    queue = Pending()
    queue.add(command(b"1"))
    queue.add(command(b"2"))
    assert not queue.room.is_set()


async def test_a_large_backlog_flies_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "BATCH_BYTES", 4)
    queue = Pending()
    for packed in (b"123", b"456", b"789"):
        queue.add(command(packed))
    assert queue.take() == [b"123", b"456"]
    assert queue.work.is_set()


async def test_what_its_caller_gave_up_is_not_sent_but_what_is_durable_is() -> None:
    queue = Pending()
    given_up, kept = command(b"1"), command(b"2", durable=True)
    for one in (given_up, kept):
        queue.add(one)
        one.answer.cancel()
    queue.drop_abandoned()
    assert list(queue) == [kept]
    assert queue.take() == [b"2"]


async def test_only_the_newest_of_a_key_waits_and_the_older_is_answered() -> None:
    queue = Pending()
    older, newer = command(b"old", newest="run"), command(b"new", newest="run")
    caller = older.answer
    queue.add(older)
    queue.add(newer)
    assert caller.result() is None
    assert queue.take() == [b"new"]


async def test_a_newer_one_takes_the_place_and_the_room_of_the_older(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pending, "MAX_BYTES", 20)
    queue = Pending()
    newest = command(b"old", newest="run")
    for one in (command(b"1"), newest, command(b"2")):
        queue.add(one)
    for _ in range(100):
        newest = command(b"new!", newest="run")
        queue.add(newest)
    assert queue.room.is_set()
    assert queue.take() == [b"1", b"new!", b"2"]
    queue.land()
    queue.land().settle(b"OK")
    assert newest.answer.result() == b"OK"


async def test_a_newer_one_costs_the_same_however_many_wait() -> None:
    async def seconds(waiting: int) -> float:
        queue = Pending()
        for _ in range(waiting):
            queue.add(command(b"1"))
        begun = time.process_time()
        for _ in range(2_000):
            queue.add(command(b"new", newest="run"))
        return time.process_time() - begun

    few = min([await seconds(10) for _ in range(3)])
    assert min([await seconds(19_000) for _ in range(3)]) < 5 * few


async def test_an_older_one_that_comes_back_gives_way_to_the_newer() -> None:
    queue = Pending()
    older, newer = command(b"old", newest="run"), command(b"new", newest="run")
    queue.add(older)
    queue.take()
    queue.add(newer)
    assert not older.answer.done()
    queue.put_back()
    assert older.answer.result() is None
    assert queue.take() == [b"new"]


async def test_an_empty_queue_is_idle_and_has_no_work() -> None:
    queue = Pending()
    assert queue.idle.is_set()
    queue.add(command(b"1"))
    queue.take()
    assert not queue.work.is_set()
    assert not queue.idle.is_set()
    queue.land().settle(b"OK")
    queue.rest()
    assert queue.idle.is_set()
