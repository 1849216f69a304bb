"""Steps that are not async: each runs in a thread of its own."""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from dara_fp import (
    Kind,
    MemoryJournal,
    Outcome,
    Position,
    Scope,
    Success,
    compensate,
    fail,
    retry,
    start,
    step,
    timeout,
    unwrap,
)
from dara_fp.core.step import PlainStep
from dara_fp.testing import Recorder, observe
from tests.unit.core.contexts import Env, Words

WORDS = Words(text="a b")
who = contextvars.ContextVar("who", default="nobody")


@step
def count(ctx: Words) -> Outcome[Words]:
    """Count the words."""
    return Success(ctx.evolve(count=len(ctx.text.split())))


def ask_client(ctx: Words, env: Env) -> Outcome[Words]:
    return Success(ctx.evolve(text=ctx.text + env.client))


def say_where(ctx: Words, env: Env, at: Position) -> Outcome[Words]:
    return Success(ctx.evolve(text=f"{ctx.text} {at.path} {env.client}"))


def test_a_plain_step_is_a_step_like_any_other() -> None:
    whole = start(Words, Env) >> count >> ask_client >> retry(1)(say_where)
    assert str(whole) == "start(Words, Env) >> count >> ask_client >> retry(1)(say_where)"
    seen = observe(whole, WORDS, Env(), journal=MemoryJournal())
    assert seen.context == Words(text="a bc say_where c", count=2)
    assert list(seen.journal.entries) == ["count", "ask_client", "say_where"]
    assert (count >> count).steps[0] == PlainStep("count", count.steps[0].function, 1)  # type: ignore[union-attr] # it is a step


def test_a_plain_step_runs_in_a_daemon_thread_with_the_callers_context_variables() -> None:
    seen: list[object] = []

    def look(ctx: Words) -> Outcome[Words]:
        seen.extend((who.get(), threading.current_thread().daemon, threading.current_thread().name))
        return Success(ctx)

    async def main() -> None:
        who.set("caller")
        unwrap(await step(look)(WORDS))

    asyncio.run(main())
    assert seen[:2] == ["caller", True]
    assert threading.main_thread().name != seen[2]


async def test_plain_steps_beside_each_other_run_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=20)

    def meeting(name: str) -> Callable[[Words], Outcome[Words]]:
        def meet(ctx: Words) -> Outcome[Words]:
            together.wait()
            return Success(ctx)

        meet.__name__ = name
        return meet

    whole = start(Words) & meeting("left") & meeting("middle") & meeting("right")
    assert unwrap(await whole(WORDS)) == WORDS


@pytest.mark.parametrize("bug", [LookupError("lost"), StopIteration(3), SystemExit(1)])
def test_what_a_plain_step_raises_is_a_defect_of_it(bug: BaseException) -> None:
    def breaks(_ctx: Words) -> Outcome[Words]:
        raise bug

    error = observe(step(breaks), WORDS).error
    assert error is not None
    assert (error.kind, error.step) == (Kind.DEFECT, "breaks")
    assert type(bug).__name__ in error.message


def test_a_plain_step_fails_as_an_async_one_does() -> None:
    def refuses(_ctx: Words) -> Outcome[Words]:
        return fail("no")

    error = observe(step(refuses), WORDS).error
    assert error is not None
    assert (error.kind, error.message) == (Kind.FAILED, "no")


def test_a_plain_step_that_gives_a_coroutine_says_how_to_write_it() -> None:
    async def inner(ctx: Words) -> Outcome[Words]:
        return Success(ctx)

    def outer(ctx: Words) -> Any:
        return inner(ctx)

    error = observe(step(outer), WORDS).error
    assert error is not None
    assert "it gave a coroutine: define it with `async def outer(...)`" in error.message


async def test_a_plain_step_that_is_cut_is_abandoned() -> None:
    goes_on, ended = threading.Event(), threading.Event()

    def blocks(ctx: Words) -> Outcome[Words]:
        goes_on.wait(20)
        ended.set()
        return Success(ctx)

    before = time.monotonic()
    error = (await timeout(0.05)(blocks)(WORDS)).failure()
    assert error.kind is Kind.TIMEOUT
    assert time.monotonic() - before < 10
    goes_on.set()
    assert await asyncio.to_thread(ended.wait, 20)


async def test_a_plain_step_reports_from_its_thread() -> None:
    journal, said = MemoryJournal(), threading.Event()

    def works(ctx: Words, _env: object, at: Position) -> Outcome[Words]:
        at.report_soon("half", 0.5)
        said.wait(20)
        return Success(ctx)

    running = asyncio.ensure_future(step(works)(WORDS, None, scope=Scope(journal=journal)))
    while not journal.reports:  # noqa: ASYNC110 - nobody tells of a report
        await asyncio.sleep(0.01)
    said.set()
    unwrap(await running)
    assert journal.reports == [("works", "half", 0.5)]


async def test_an_async_step_may_report_soon_too_and_a_wrong_fraction_is_refused_at_once() -> None:
    journal = MemoryJournal()
    position = Position(path="load", scope=Scope(journal=journal))
    position.report_soon("half", 0.5)
    with pytest.raises(ValueError, match="fraction is 2: give a number between 0 and 1"):
        position.report_soon("much", 2)
    await asyncio.sleep(0.01)
    assert journal.reports == [("load", "half", 0.5)]


class DeafJournal(MemoryJournal):
    """A journal that takes no reports."""

    async def report(self, path: str, message: str, fraction: float | None) -> None:
        raise ConnectionError(path, message, fraction)


async def test_a_report_that_does_not_arrive_hurts_nobody() -> None:
    def works(ctx: Words, _env: object, at: Position) -> Outcome[Words]:
        at.report_soon("half", 0.5)
        return Success(ctx)

    whole = step(works)
    assert unwrap(await whole(WORDS, None, scope=Scope(journal=DeafJournal()))) == WORDS
    await asyncio.sleep(0.01)


class SlowJournal(MemoryJournal):
    """A journal that never has done with a report."""

    async def report(self, path: str, message: str, fraction: float | None) -> None:
        await super().report(path, message, fraction)
        await asyncio.sleep(3600)


def test_a_report_that_is_cut_with_its_loop_hurts_nobody() -> None:
    journal = SlowJournal()

    async def report() -> None:
        Position(path="load", scope=Scope(journal=journal)).report_soon("half", 0.5)
        await asyncio.sleep(0.01)

    asyncio.run(report())
    assert journal.reports == [("load", "half", 0.5)]


def test_a_report_to_a_loop_that_has_ended_is_dropped() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    journal = MemoryJournal()
    Position(path="late", scope=Scope(journal=journal), loop=loop).report_soon("half")
    assert journal.reports == []


def test_an_undo_may_be_plain() -> None:
    def note(ctx: Words, env: Recorder) -> Outcome[Words]:
        loops.append(env)
        return Success(ctx)

    def breaks(_ctx: Words) -> Outcome[Words]:
        return fail("no")

    loops: list[Recorder] = []
    recorder = Recorder()
    whole = start(Words, Recorder) >> compensate(count, step(note)) >> breaks
    assert observe(whole, WORDS, recorder).error is not None
    assert loops == [recorder]
