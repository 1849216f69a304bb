"""Sagas drawn by hypothesis, whose contexts tell which effects should stand in the world.

Each deed adds its path to the trail of the context and to the world, and its undo takes it back
from the world only. So the laws can hold the world against the context, at any moment.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import reduce
from typing import TypeAlias

import attrs
from hypothesis import strategies as st

from dara_fp import (
    Backoff,
    Outcome,
    Pipeline,
    Position,
    StepContext,
    StepError,
    Success,
    compensate,
    fail,
    for_each,
    made,
    named,
    on_cancel,
    pause,
    recover,
    repeat,
    retry,
    start,
    step,
    timeout,
    when,
    zoom,
)
from dara_fp.testing import Note, Recorder
from dara_fp.testing.leaves import titled

__all__ = [
    "ANYWHERE",
    "IN_A_ROW",
    "WAIT",
    "Saga",
    "World",
    "act",
    "deed",
    "gathered",
    "held",
    "is_again_there",
    "last_of",
    "lease",
    "quit_task",
    "sagas",
    "standing",
]

Trail: TypeAlias = tuple[str, ...]


def joined(before: Trail, left: Trail, right: Trail) -> Trail:
    return left + right[len(before) :]


def either(_before: str, left: str, right: str) -> str:
    return left or right


@attrs.frozen(kw_only=True)
class World(StepContext):
    """What has been done on the way to here: the paths of the deeds, and of the last lease."""

    trail: Trail = made((), merge=joined)
    held: str = made("", merge=either)


Saga: TypeAlias = Pipeline[World, Recorder]
Handler: TypeAlias = Callable[[World, StepError, Recorder, Position], Awaitable[Outcome[World]]]

WAIT = Backoff(initial=1, jitter=0)


def act(name: str, seconds: float = 0, ending: str = "succeed") -> Saga:
    """Make a step that does nothing to the world, and looks at it once its time is over."""

    async def look(ctx: World, env: Recorder, at: Position) -> Outcome[World]:
        await _pass(seconds)
        env.note("look", ctx.trail)
        return _ended(ctx, ending, at)

    return step(titled(look, name))


def deed(
    name: str,
    seconds: float = 0,
    back: float = 0,
    body: Saga | None = None,
    undo: str = "succeed",
    *,
    parks: bool = False,
) -> Saga:
    """Make a step with an undo, both of which take their time; after *body*, if there is one.

    The undo *parks* before it does anything, or does not.
    """

    async def do(ctx: World, env: Recorder, at: Position) -> Outcome[World]:
        await _pass(seconds)
        trail = (*ctx.trail, at.path)
        env.note("do", trail)
        return Success(ctx.evolve(trail=trail))

    async def take_back(ctx: World, env: Recorder, at: Position) -> Outcome[World]:
        await _pass(back)
        env.note("undo", ctx.trail)
        if undo == "quit":
            await quit_task()
        return _ended(ctx.evolve(trail=("dropped",)), undo, at)

    done = step(titled(do, name))
    undoing = step(titled(take_back, f"un{name}"))
    if parks:
        undoing = start(World, Recorder) >> named(f"{name}_is_kept", pause(1)) >> undoing
    return compensate(body >> done if body is not None else done, undoing)


def lease(name: str, seconds: int, rest: int) -> Saga:
    """Make steps that hold something for *seconds* and a *rest*, and release it, even if cut."""

    async def hold(ctx: World, env: Recorder, at: Position) -> Outcome[World]:
        env.note("hold", at.path)
        return Success(ctx.evolve(held=at.path))

    async def release(ctx: World, env: Recorder) -> Outcome[World]:
        env.note("release", ctx.held)
        return Success(ctx)

    async def clean_up(ctx: World, env: Recorder, at: Position) -> Outcome[World]:
        if ctx.held == at.path.removesuffix("_cleaned"):
            env.note("release", ctx.held)
        return Success(ctx)

    body = step(titled(hold, name)) >> act(f"{name}_used", seconds)
    waited = body >> named(f"{name}_rested", pause(rest)) if rest else body
    return on_cancel(
        waited >> step(titled(release, f"{name}_released")),
        step(titled(clean_up, f"{name}_cleaned")),
    )


def held(notes: Iterable[Note]) -> set[object]:
    """Give what is held after *notes*, and was not released."""
    holds: set[object] = set()
    for note in notes:
        if note.name == "hold":
            holds.add(note.what)
        if note.name == "release":
            holds.discard(note.what)
    return holds


def handled(name: str, ending: str = "succeed") -> Handler:
    """Make a handler of `recover` that looks at the world."""

    async def handle(ctx: World, _error: StepError, env: Recorder, at: Position) -> Outcome[World]:
        env.note("look", ctx.trail)
        return _ended(ctx, ending, at)

    return titled(handle, name)


async def quit_task() -> None:
    """Cancel the running task, as another library's cancel scope may."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def _pass(seconds: float) -> None:
    if seconds:
        await asyncio.sleep(seconds)


def _ended(ctx: World, ending: str, at: Position) -> Outcome[World]:
    if ending == "break":
        raise LookupError(f"{at.path} is broken")
    if ending == "fail" or (ending == "flake" and not is_again(at.path)):
        return fail(f"{at.path} does not do it")
    return Success(ctx)


def is_again(path: str) -> bool:
    """Tell whether *path* is one of a second try or more."""
    return any(segment[:1].isdecimal() for segment in path.split("/")[:-1])


def last_of(note: Note) -> str:
    """Give the last path of the trail that *note* is about."""
    trail: Trail = note.what  # type: ignore[assignment] # all of them note one
    return trail[-1]


def standing(notes: Iterable[Note]) -> Trail:
    """Give what *notes* did to the world and did not take back, in the order it was done.

    Raises:
        ValueError: Something was taken back that does not stand.
    """
    stands: list[str] = []
    for note in notes:
        if note.name == "do":
            stands.append(last_of(note))
        if note.name == "undo":
            stands.remove(last_of(note))
    return tuple(stands)


@attrs.frozen
class Sketch:
    """One saga that is being drawn."""

    draw: st.DrawFn
    forms: Sequence[str]
    endings: Sequence[str]
    times: st.SearchStrategy[int]
    names: list[str] = attrs.field(factory=list)

    def name(self, what: str) -> str:
        self.names.append(what)
        return f"{what}_{len(self.names)}"

    def chain(self, depth: int) -> Saga:
        """Draw one to three nodes in a row, none of which is deeper than *depth*."""
        whole: Saga = start(World, Recorder)
        for _ in range(self.draw(st.integers(1, 3))):
            forms = self.forms if depth and len(self.names) < _SIZE else ("deed", "act")
            whole = whole >> _BUILDERS[self.draw(st.sampled_from(forms))](self, depth - 1)
        return whole

    def lanes(self, depth: int) -> list[Saga]:
        return [
            named(self.name("lane"), self.chain(depth)) for _ in range(self.draw(st.integers(2, 3)))
        ]


_SIZE = 8


def _act(sketch: Sketch, _depth: int) -> Saga:
    ending = sketch.draw(st.sampled_from(sketch.endings))
    return act(sketch.name(ending), sketch.draw(sketch.times), ending)


def _deed(sketch: Sketch, _depth: int) -> Saga:
    return deed(sketch.name("do"), sketch.draw(sketch.times), sketch.draw(sketch.times))


def _rest(sketch: Sketch, _depth: int) -> Saga:
    whole: Saga = start(World, Recorder)
    return whole >> named(sketch.name("rest"), pause(sketch.draw(st.integers(1, 3))))


def _parking(sketch: Sketch, _depth: int) -> Saga:
    return deed(sketch.name("do"), sketch.draw(sketch.times), parks=True)


def _lease(sketch: Sketch, _depth: int) -> Saga:
    return lease(sketch.name("lease"), sketch.draw(sketch.times), sketch.draw(st.integers(0, 2)))


def _whole(sketch: Sketch, depth: int) -> Saga:
    body = sketch.chain(depth)
    return deed(sketch.name("do"), sketch.draw(sketch.times), body=body)


def _any(sketch: Sketch, depth: int) -> Saga:
    return reduce(lambda whole, lane: whole | lane, sketch.lanes(depth))


def _all(sketch: Sketch, depth: int) -> Saga:
    return reduce(lambda whole, lane: whole & lane, sketch.lanes(depth))


def _recover(sketch: Sketch, depth: int) -> Saga:
    ending = sketch.draw(st.sampled_from(sketch.endings))

    return recover(sketch.chain(depth), handled(sketch.name("handle"), ending))


def _retry(sketch: Sketch, depth: int) -> Saga:
    return retry(sketch.draw(st.integers(1, 2)), WAIT)(sketch.chain(depth))


def _repeat(sketch: Sketch, depth: int) -> Saga:
    body = sketch.chain(depth) >> _deed(sketch, depth)
    return repeat(body, until=is_again_there, backoff=WAIT)


def is_again_there(ctx: World) -> bool:
    return is_again(ctx.trail[-1])


def _timeout(sketch: Sketch, depth: int) -> Saga:
    return timeout(sketch.draw(st.sampled_from((2.5, 5.5, 10.0**6))))(sketch.chain(depth))


def _named(sketch: Sketch, depth: int) -> Saga:
    return named(sketch.name("part"), sketch.chain(depth))


def _when(sketch: Sketch, depth: int) -> Saga:
    holds = sketch.draw(st.booleans())
    return when(lambda _: holds, sketch.chain(depth))


def _zoom(sketch: Sketch, depth: int) -> Saga:
    return zoom(lambda ctx: ctx, sketch.chain(depth), lambda _, part: part)


def _for_each(sketch: Sketch, depth: int) -> Saga:
    limit = sketch.draw(st.sampled_from((1, 2, 10)))
    return for_each(lambda ctx: (ctx,) * 3, sketch.chain(depth), gathered, limit=limit)


def gathered(ctx: World, items: tuple[World, ...]) -> World:
    trail = ctx.trail
    for item in items:
        trail = joined(ctx.trail, trail, item.trail)
    return ctx.evolve(trail=trail)


_BUILDERS: dict[str, Callable[[Sketch, int], Saga]] = {
    "act": _act,
    "deed": _deed,
    "parking": _parking,
    "rest": _rest,
    "lease": _lease,
    "whole": _whole,
    "any": _any,
    "recover": _recover,
    "retry": _retry,
    "repeat": _repeat,
    "timeout": _timeout,
    "named": _named,
    "when": _when,
    "zoom": _zoom,
    "all": _all,
    "for_each": _for_each,
}

ANYWHERE = ("deed", *_BUILDERS)
IN_A_ROW = tuple(form for form in ANYWHERE if form not in {"all", "for_each"})
ENDINGS = ("succeed", "flake", "fail", "break")
SECONDS = st.integers(0, 3)


@st.composite
def sagas(
    draw: st.DrawFn,
    forms: Sequence[str] = ANYWHERE,
    endings: Sequence[str] = ENDINGS,
    times: st.SearchStrategy[int] = SECONDS,
) -> Saga:
    """Draw sagas of *forms*, whose steps end in one of *endings* after some of *times*."""
    return Sketch(draw, forms, endings, times).chain(3)
