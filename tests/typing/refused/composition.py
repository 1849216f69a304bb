"""What both type checkers must refuse: each line marked so, and no other.

The test beside this folder runs the checkers over it and compares lines.
"""

from typing import Protocol

import attrs

from dara_fp import (
    Evolves,
    Outcome,
    StepContext,
    StepError,
    Success,
    branch,
    compensate,
    ensure,
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
    tap,
    timeout,
    wait_for,
    when,
    workflow,
    zoom,
)


@attrs.frozen(kw_only=True)
class Ingest(StepContext):
    path: str
    run_id: int | None = made()


@attrs.frozen(kw_only=True)
class Other(StepContext):
    name: str


class HasIndex(Evolves, Protocol):
    @property
    def index(self) -> str: ...


class HasIntPath(Evolves, Protocol):
    @property
    def path(self) -> int: ...


@attrs.frozen
class Env:
    client: str


class HasSecret(Protocol):
    @property
    def secret(self) -> str: ...


@step
async def on_ingest(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)


@step
async def on_other(ctx: Other) -> Outcome[Other]:
    return Success(ctx)


@step
async def with_env(ctx: Ingest, env: Env) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.client))


@step
async def needs_index(ctx: HasIndex) -> Outcome[HasIndex]:
    return Success(ctx.evolve(index=""))


@step
async def needs_int_path(ctx: HasIntPath) -> Outcome[HasIntPath]:
    return Success(ctx)


@step
async def needs_secret(ctx: Ingest, env: HasSecret) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.secret))


async def bare_other(ctx: Other) -> Outcome[Other]:
    return Success(ctx)


async def gives_int(ctx: Ingest) -> int:
    return len(ctx.path)


def plain_gives_int(ctx: Ingest) -> int:
    return len(ctx.path)


def plain_other(ctx: Other) -> Outcome[Other]:
    return Success(ctx)


def plain_four(ctx: Ingest, env: Env, at: object, more: int) -> Outcome[Ingest]:
    return Success(ctx)


def plain_handler(ctx: Ingest, error: StepError) -> Outcome[Ingest]:
    return Success(ctx)


async def four(ctx: Ingest, env: Env, at: object, more: int) -> Outcome[Ingest]:
    return Success(ctx)


def is_ingest(ctx: Ingest) -> bool:
    return ctx.run_id is None


def is_other(ctx: Other) -> bool:
    return bool(ctx.name)


async def is_async(ctx: Ingest) -> bool:
    return True


def others(ctx: Ingest) -> list[Other]:
    return [Other(name=ctx.path)]


def with_others(ctx: Ingest, found: tuple[Other, ...]) -> Ingest:
    return ctx.evolve(run_id=len(found))


def with_ingests(ctx: Ingest, found: tuple[Ingest, ...]) -> Ingest:
    return ctx


def first_other(ctx: Ingest) -> Other:
    return Other(name=ctx.path)


def with_other(ctx: Ingest, other: Other) -> Ingest:
    return ctx.evolve(path=other.name)


def not_back(ctx: Ingest, other: Other) -> Other:
    return other


async def handles_other(ctx: Other, error: StepError) -> Outcome[Other]:
    return Success(ctx)


async def handles_nothing(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)


def show_other(ctx: Other) -> None:
    assert ctx.name


async def refused() -> None:
    ingest = Ingest(path="x")
    other = Other(name="x")
    env = Env("x")
    anchored = start(Ingest, Env)

    anchored >> needs_index  # refused: missing field
    anchored >> needs_int_path  # refused: a field of another type
    anchored >> needs_secret  # refused: missing capability of the environment
    start(Ingest) >> with_env  # refused: the anchor has no environment
    on_ingest >> with_env  # refused: the left side has no environment
    anchored >> on_other  # refused: mixed contexts
    on_ingest >> on_other  # refused: mixed contexts without an anchor
    anchored >> bare_other  # refused: a bare function of another context
    bare_other >> on_ingest  # refused: a bare function on the left
    anchored >> 3  # refused: a non-step operand
    3 >> anchored  # refused: a non-step operand on the left
    anchored >> gives_int  # refused: does not return an outcome
    anchored >> plain_gives_int  # refused: a plain function that returns no outcome
    anchored >> plain_other  # refused: a plain function of another context
    anchored >> plain_four  # refused: a plain function of too many parameters
    anchored >> four  # refused: too many parameters
    step(gives_int)  # refused: does not return an outcome
    step(plain_gives_int)  # refused: a plain function that returns no outcome

    await on_ingest(other)  # refused: wrong context
    await (anchored >> on_ingest)(other, env)  # refused: wrong context
    await with_env(ingest)  # refused: forgotten environment
    await (anchored >> on_ingest)(ingest)  # refused: forgotten environment
    await with_env(ingest, "env")  # refused: wrong environment
    await workflow("x", anchored >> on_ingest)(ingest)  # refused: forgotten environment
    Ingest(run_id=3)  # refused: missing field of the context
    ingest.path = "y"  # refused: frozen


async def refused_operators() -> None:
    anchored = start(Ingest, Env)

    anchored & needs_index  # refused: missing field in a branch
    anchored | needs_secret  # refused: missing capability in an alternative
    on_ingest & on_other  # refused: mixed contexts
    on_ingest | on_other  # refused: mixed contexts
    bare_other & on_ingest  # refused: a bare function of another context
    bare_other | on_ingest  # refused: a bare function of another context
    anchored & 3  # refused: a non-step operand
    anchored | gives_int  # refused: does not return an outcome

    retry(3)(gives_int)  # refused: does not return an outcome
    retry("3")  # refused: how often is a number
    timeout(5)(plain_gives_int)  # refused: a plain function that returns no outcome
    anchored >> retry(3)(on_other)  # refused: mixed contexts
    anchored >> when(is_other, on_ingest)  # refused: a predicate of another context
    when(is_async, on_ingest)  # refused: an async predicate
    anchored >> when(is_other, on_other)  # refused: mixed contexts
    anchored >> ensure(is_other, "no name")  # refused: mixed contexts
    ensure(is_async, "no name")  # refused: an async predicate
    ensure(is_ingest)  # refused: without a message
    anchored >> tap(show_other)  # refused: mixed contexts
    named(on_ingest, "name")  # refused: the name comes first
    anchored >> branch(is_ingest, {True: on_other})  # refused: a case of another context
    branch(is_ingest, {"yes": on_ingest})  # refused: a value of another type
    anchored >> repeat(on_ingest, is_other)  # refused: a condition of another context
    recover(on_ingest, handles_other)  # refused: a handler of another context
    recover(on_ingest, handles_nothing)  # refused: a handler without the error
    recover(on_ingest, plain_handler)  # refused: a handler that is not async
    anchored >> compensate(on_ingest, on_other)  # refused: an undo of another context
    anchored >> on_cancel(on_ingest, on_other)  # refused: a clean-up of another context
    wait_for("approval")  # refused: no field for it
    wait_for("approval", into=Ingest)  # refused: a field is given by its name
    pause("60")  # refused: how long is a number
    workflow("x", anchored >> on_ingest, schedule=5)  # refused: a schedule is a text
    workflow("x", anchored >> on_ingest, concurrency="2")  # refused: a limit is a number
    for_each(others, on_ingest, with_others)  # refused: items of another context
    for_each(others, on_other, with_ingests)  # refused: joins something else
    for_each(is_ingest, on_other, with_others)  # refused: splits into nothing
    zoom(first_other, on_ingest, with_other)  # refused: a part of another class
    zoom(first_other, on_other, not_back)  # refused: does not put back
