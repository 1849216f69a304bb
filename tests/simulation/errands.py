"""What simulated tasks do: steps that mark, fail, book, start Databricks runs, and tell of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, TypeVar

import attrs

from dara_fp import (
    Outcome,
    Pipeline,
    Position,
    StepContext,
    StepError,
    Success,
    compensate,
    fail,
    made,
    on_cancel,
    recover,
    step,
)
from tests.simulation.chance import Chance
from tests.simulation.workspace import Trouble, Workspace

__all__ = ["Desk", "Errand", "Leaf", "Notes", "booking", "failing", "job", "marking", "rescued"]

T = TypeVar("T")

Made: TypeAlias = tuple[tuple[str, int], ...]

_TRIES = 40
_FAILS = 0.4


def _both(
    before: tuple[str, ...], left: tuple[str, ...], right: tuple[str, ...]
) -> tuple[str, ...]:
    return tuple(sorted({*before, *left, *right}))


def _all(before: Made, left: Made, right: Made) -> Made:
    return tuple(sorted({*before, *left, *right}))


@attrs.frozen(kw_only=True)
class Errand(StepContext):
    """What a simulated task is about.

    Attributes:
        seed: Decides which steps fail, and how long they take.
        item: Which item of a `for_each` it is.
        marks: Paths of the steps that succeeded.
        things: What was made, by path: numbers of Databricks runs, attempts of bookings.
        answer: What the signal said.
    """

    seed: int
    item: int = 0
    marks: tuple[str, ...] = made((), merge=_both)
    things: Made = made((), merge=_all)
    answer: str | None = made()

    def marked(self, path: str) -> "Errand":
        """Give it with *path* among the marks."""
        return self.evolve(marks=_both((), (path,), self.marks))

    def holding(self, path: str, number: int) -> "Errand":
        """Give it with the thing *number*, made at *path*."""
        return self.evolve(things=_all((), ((path, number),), self.things))

    def thing(self, path: str) -> int | None:
        """Give what was last made at *path*, or None."""
        return dict(self.things).get(path)


class Notes(Protocol):
    """Who wants to know what steps do."""

    def began(self, at: Position) -> None:
        """Note that the step at *at* begins."""
        ...

    def done(self, at: Position, key: str) -> None:
        """Note that the step at *at* has booked, or given back, *key*."""
        ...


@attrs.frozen
class Desk:
    """The environment of the steps.

    Attributes:
        workspace: Where the work is done.
        notes: Who is told.
    """

    workspace: Workspace
    notes: Notes


Leaf: TypeAlias = Pipeline[Errand, Desk]


def marking(name: str) -> Leaf:
    """Give a step called *name* that takes its time and leaves its mark."""

    async def mark(ctx: Errand, env: Desk, at: Position) -> Outcome[Errand]:
        env.notes.began(at)
        await asyncio.sleep(_drawn(ctx, at).between(0, 2))
        return Success(ctx.marked(at.path))

    return _named(name, mark)


def failing(name: str) -> Leaf:
    """Give a step called *name* that fails at some of its places and in some attempts."""

    async def falter(ctx: Errand, env: Desk, at: Position) -> Outcome[Errand]:
        env.notes.began(at)
        drawn = _drawn(ctx, at)
        await asyncio.sleep(drawn.between(0, 1))
        return fail("it was to be") if drawn.happens(_FAILS) else Success(ctx.marked(at.path))

    return _named(name, falter)


def job(number: int) -> Leaf:
    """Give what starts a Databricks run, waits for it, and cancels it where it is cut."""
    submitting = f"submit_{number}"

    async def submit(ctx: Errand, env: Desk, at: Position) -> Outcome[Errand]:
        env.notes.began(at)
        what = f"{at.scope.task_id} {at.path} {at.attempt}"
        run = await _told(lambda: env.workspace.run_now(at.token, what))
        return fail("the workspace is away") if run is None else Success(ctx.holding(at.path, run))

    async def attend(ctx: Errand, env: Desk, at: Position) -> Outcome[Errand]:
        env.notes.began(at)
        await _ended(env.workspace, dict(ctx.things)[_beside(at, submitting)])
        return Success(ctx.marked(at.path))

    async def quit_run(ctx: Errand, env: Desk, at: Position) -> Outcome[Errand]:
        env.notes.began(at)
        run = ctx.thing(_beside(at, submitting))
        if run is not None:
            await _told(lambda: env.workspace.cancel_run(run))
        return Success(ctx)

    waited = _named(submitting, submit) >> _named(f"await_{number}", attend)
    return on_cancel(waited, _named(f"quit_{number}", quit_run))


def booking(number: int) -> Leaf:
    """Give what books something, and gives it back if what comes later fails."""
    name = f"book_{number}"

    async def book(ctx: Errand, env: Desk, at: Position) -> Outcome[Errand]:
        env.notes.began(at)
        key = f"{at.scope.task_id} {at.path} {at.attempt}"
        await _told(lambda: env.workspace.book(key))
        env.notes.done(at, key)
        return Success(ctx.holding(at.path, at.attempt))

    async def give_back(ctx: Errand, env: Desk, at: Position) -> Outcome[Errand]:
        env.notes.began(at)
        path = _beside(at, name)
        key = f"{at.scope.task_id} {path} {ctx.thing(path)}"
        await _told(lambda: env.workspace.give_back(key))
        env.notes.done(at, key)
        return Success(ctx)

    return compensate(_named(name, book), _named(f"back_{number}", give_back))


def rescued(body: Leaf, name: str) -> Leaf:
    """Give *body* with a handler called *name* for its failures."""

    async def rescue(ctx: Errand, error: StepError, env: Desk, at: Position) -> Outcome[Errand]:
        env.notes.began(at)
        return Success(ctx.marked(f"{at.path} after {error.step}"))

    rescue.__name__ = name
    return recover(body, rescue)


def _named(
    name: str, function: Callable[[Errand, Desk, Position], Awaitable[Outcome[Errand]]]
) -> Leaf:
    function.__name__ = name
    return step(function)


def _drawn(ctx: Errand, at: Position) -> Chance:
    return Chance(ctx.seed, f"{at.path}/{at.attempt}")


def _beside(at: Position, name: str) -> str:
    """Give the path of the step called *name* beside the one at *at*."""
    before, slash, _ = at.path.rpartition("/")
    return before + slash + name


async def _ended(workspace: Workspace, run: int) -> None:
    """Wait for the end of *run* as polling does."""
    while not await _told(lambda: workspace.is_over(run)):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(1)


async def _told(call: Callable[[], Awaitable[T]]) -> T | None:
    """Give what *call* gives once the workspace answers; None if it does not for long."""
    for _ in range(_TRIES):
        try:
            return await call()
        except Trouble:
            await asyncio.sleep(1)
    return None
