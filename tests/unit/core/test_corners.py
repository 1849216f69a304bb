"""Corners of the engine that no law leads to."""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any

import attrs
import pytest

from dara_fp import (
    Entry,
    Kind,
    MemoryJournal,
    Outcome,
    Scope,
    StepContext,
    StepError,
    Success,
    compensate,
    ensure,
    fail,
    for_each,
    named,
    recover,
    repeat,
    retry,
    start,
    step,
    timeout,
    when,
    workflow,
)
from dara_fp.core.check import fingerprint, structure
from dara_fp.core.errors import NotSerialisable
from dara_fp.core.scope import Path
from dara_fp.core.shape import is_verdict
from dara_fp.core.undo import CANCELLED
from dara_fp.testing import run


@attrs.frozen(kw_only=True)
class Words(StepContext):
    text: str = ""


@step
async def keep(ctx: Words) -> Outcome[Words]:
    """Leave it as it is."""
    return Success(ctx)


@step
async def back(ctx: Words) -> Outcome[Words]:
    await asyncio.sleep(1)
    return Success(ctx)


@step
async def stuck(ctx: Words) -> Outcome[Words]:
    return fail("it is stuck")


@step
async def wait(ctx: Words) -> Outcome[Words]:
    await asyncio.sleep(100)
    return Success(ctx)


async def handle(ctx: Words, error: StepError) -> Outcome[Words]:
    return Success(ctx.evolve(text=error.message))


def always(ctx: Words) -> bool:
    return True


def never(ctx: Words) -> bool:
    return False


def test_what_lies_ahead_is_what_is_recorded_without_a_failure() -> None:
    items = for_each(lambda ctx: [ctx], named("item", keep), lambda ctx, _: ctx)
    whole = start(Words) >> recover(named("a", keep), handle) >> items >> compensate(wait, back)
    assert structure(whole) == ("a/keep", "for_each(item/keep)", "wait")
    assert fingerprint(whole) != fingerprint(start(Words) >> named("a", keep) >> items >> wait)


@pytest.mark.parametrize(
    ("path", "is_one"),
    [("retry(load)", True), ("2/any(a)", True), ("for_each(load)", False), ("load", False)],
)
def test_verdicts_are_known_by_their_paths(path: Path, is_one: bool) -> None:  # noqa: FBT001 - by name
    assert is_verdict(path) is is_one


def test_a_context_may_evolve_in_its_own_way() -> None:
    @attrs.frozen(kw_only=True)
    class Loud(StepContext):
        text: str = ""

        def evolve(self, **changes: object) -> "Loud":
            return Loud(text=str(changes["text"]).upper())

    assert Loud().evolve(text="no") == Loud(text="NO")


def test_a_class_that_only_inherits_evolves_into_itself() -> None:
    class Plain(Words):
        pass

    assert type(Plain().evolve(text="yes")) is Plain


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([1], "key 1 is a int: give a text"),
        (["a", "a"], "key 'a' occurs twice: give each item a key of its own"),
        ([""], "key '' has 0 characters in a path, where / and % count three"),
        (["/" * 67], "has 201 characters in a path"),
        (["\ud800"], "has characters that nobody can read: leave them out"),
    ],
)
async def test_keys_that_cannot_stand_in_a_path_are_a_defect(keys: list[Any], said: str) -> None:
    left = iter(keys)

    def alike(ctx: Words) -> list[Words]:
        return [ctx] * len(keys)

    items = for_each(alike, keep, lambda ctx, _: ctx, key=lambda _: next(left))
    error = (await items(Words())).failure()
    assert error.kind == "defect"
    assert said in error.message


def test_a_pipeline_and_a_workflow_show_themselves() -> None:
    whole = start(Words) >> keep
    for each in (whole, workflow("keep", whole)):
        shown: Mapping[str, str] = each._repr_mimebundle_(include=None)  # pyright: ignore[reportPrivateUsage] # as IPython does
        assert shown["text/html"].count("<svg") == 1
        assert shown["text/plain"] == repr(each)
    assert "Leave it as it is." in whole.outline()
    assert "keep" in whole.mermaid()
    assert whole.svg() in whole.html()


async def test_contexts_that_nobody_can_compare_cannot_be_merged() -> None:
    @step
    async def count(ctx: int) -> Outcome[int]:
        return Success(ctx + 1)

    error = (await (count & count)(1)).failure()
    assert (error.kind, error.step) == ("defect", "all(count)")


async def test_a_future_is_no_answer() -> None:
    def asks(ctx: Words) -> Any:
        return asyncio.get_running_loop().create_future()

    error = (await when(asks, keep)(Words())).failure()
    assert (error.kind, error.step) == ("defect", "asks")


async def test_an_undo_that_fails_after_a_cancellation_is_told() -> None:
    running = asyncio.ensure_future((compensate(keep, stuck) >> wait)(Words()))
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError) as raised:
        await running
    assert "stuck: it is stuck" in raised.value.__notes__[0]


def test_whoever_ends_all_tasks_ends_the_run_once_it_is_undone() -> None:
    undone: list[str] = []

    @step
    async def note(ctx: Words) -> Outcome[Words]:
        undone.append("note")
        return Success(ctx)

    async def main() -> None:
        whole = compensate(keep, note) >> compensate(keep, back) >> stuck
        running = asyncio.ensure_future(whole(Words()))
        await asyncio.sleep(0.5)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    run(main())
    assert undone == ["note"]


async def test_a_limit_is_no_cancellation_whatever_asyncio_makes_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @step
    async def hangs(ctx: Words) -> Outcome[Words]:
        await asyncio.sleep(60)
        return Success(ctx)

    leave = asyncio.Timeout.__aexit__

    async def let_through(limit: asyncio.Timeout, *raised: Any) -> None:
        """Let a cancellation of its own out, as in a task that was cancelled on Python 3.11.2."""
        with suppress(TimeoutError):
            await leave(limit, *raised)

    monkeypatch.setattr(asyncio.Timeout, "__aexit__", let_through)
    error = (await timeout(0.01)(hangs)(Words(text=""))).failure()
    assert error.kind is Kind.TIMEOUT


async def test_going_through_a_loop_of_checks_ends() -> None:
    journal = MemoryJournal({"keep": Entry(), "run(keep)": Entry(error=CANCELLED)})
    whole = compensate(keep, named("undo", keep)) >> repeat(ensure(always, "no"), never)
    with pytest.raises(asyncio.CancelledError):
        await whole(Words(), scope=Scope(journal=journal))
    assert list(journal.entries) == ["keep", "run(keep)", "undo/keep"]


async def test_the_timeout_of_a_journal_is_not_that_of_the_pipeline() -> None:
    class Slow(MemoryJournal):
        def record(self, path: Path, entry: Entry) -> Awaitable[None]:
            raise TimeoutError("the store does not answer")

    with pytest.raises(TimeoutError, match="the store does not answer"):
        await timeout(60)(retry(1)(keep))(Words(), scope=Scope(journal=Slow()))


def test_what_is_not_the_default_is_written() -> None:
    def parts(ctx: Words) -> list[Words]:
        return [ctx]

    def name_of(part: Words) -> str:
        return part.text

    items = for_each(parts, keep, lambda ctx, _: ctx, limit=2, key=name_of)
    assert repr(items) == "for_each(parts, keep, ..., limit=2, key=name_of)"


def test_a_step_that_is_done_is_recorded_though_the_run_is_cancelled_meanwhile() -> None:
    class Slow(MemoryJournal):
        async def record(self, path: Path, entry: Entry) -> None:
            await asyncio.sleep(1)
            self.entries[path] = entry

    journal = Slow()

    async def main() -> None:
        running = asyncio.ensure_future((keep >> wait)(Words(), scope=Scope(journal=journal)))
        await asyncio.sleep(0.5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    run(main())
    assert list(journal.entries) == ["keep"]


def test_a_value_that_is_refused_while_the_run_is_cancelled_is_a_defect() -> None:
    class Narrow(MemoryJournal):
        async def record(self, path: Path, entry: Entry) -> None:
            await asyncio.sleep(1)
            if entry.error is None:
                raise NotSerialisable("too large")
            self.entries[path] = entry

    journal = Narrow()

    async def main() -> None:
        running = asyncio.ensure_future((keep >> wait)(Words(), scope=Scope(journal=journal)))
        await asyncio.sleep(0.5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    run(main())
    error = journal.entries["keep"].error
    assert error is not None
    assert "too large" in error.message
