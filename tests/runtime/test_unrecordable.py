"""What cannot be recorded fails its task at once and says why; it is not tried again and again."""

import itertools
from collections.abc import Sequence

import attrs

from dara_fp import (
    Kind,
    Outcome,
    Pipeline,
    StepContext,
    Store,
    Success,
    Workflow,
    for_each,
    made,
    pause,
    start,
    step,
    workflow,
)
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.records import State
from tests.runtime.stage import at_work, ended


@attrs.frozen(kw_only=True)
class Many(StepContext):
    """So many items, named by one letter that is repeated."""

    items: int = 1
    letters: int = 1
    done: int = made(0)


@attrs.frozen(kw_only=True)
class One(StepContext):
    letters: int


@step
async def touch(ctx: One) -> Outcome[One]:
    _TOUCHED.append(ctx.letters)
    return Success(ctx)


_TOUCHED: list[int] = []


def split(ctx: Many) -> Sequence[One]:
    return tuple(itertools.repeat(One(letters=ctx.letters), ctx.items))


def join(ctx: Many, parts: Sequence[One]) -> Many:
    return ctx.evolve(done=len(parts))


def named(one: One) -> str:
    return "k" * one.letters


def alone(ctx: One) -> Sequence[One]:
    return (ctx,)


def same(ctx: One, parts: Sequence[One]) -> One:
    return parts[0] if parts else ctx


def deeper(levels: int) -> Pipeline[Many, object]:
    """Give `touch` below so many items, each with a key of its own."""
    body: Pipeline[One, object] = touch
    for _ in range(levels - 1):
        body = for_each(alone, body, same, key=named)
    return for_each(split, body, join, key=named)


LONG = workflow("long", start(Many) >> for_each(split, touch, join, key=named))
NESTED = workflow("nested", start(Many) >> deeper(6))
WAITING = workflow("waiting", start(Many) >> for_each(split, pause(3600), join, limit=2_000))


async def status_of(store: Store, definition: Workflow[Many, object], given: Many) -> TaskStatus:
    async with at_work(store, None, definition) as executor:
        return await ended(executor, await executor.start(definition.name, given))


async def test_a_step_whose_path_is_too_long_is_not_run(store: Store) -> None:
    _TOUCHED.clear()
    assert (await status_of(store, LONG, Many(letters=180))).state is State.SUCCEEDED
    nested = await status_of(store, NESTED, Many(letters=180))
    assert nested.state is State.FAILED
    assert nested.error is not None
    assert nested.error.kind is Kind.DEFECT
    assert "give shorter names, or keys" in nested.error.message
    assert _TOUCHED == [180]


async def test_a_task_that_waits_for_too_much_at_once_fails_and_says_so(store: Store) -> None:
    status = await status_of(store, WAITING, Many(items=1_600))
    assert status.state is State.FAILED
    assert status.error is not None
    assert "1600 things at once" in status.error.message
