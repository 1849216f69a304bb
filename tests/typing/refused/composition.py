"""What both type checkers must refuse: each line marked so, and no other.

The test beside this folder runs the checkers over it and compares lines.
"""

from typing import Protocol

import attrs

from dara_fp import Evolves, Outcome, StepContext, Success, made, start, step, workflow


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


def not_async(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)


async def four(ctx: Ingest, env: Env, at: object, more: int) -> Outcome[Ingest]:
    return Success(ctx)


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
    anchored >> not_async  # refused: is not async
    anchored >> four  # refused: too many parameters
    step(gives_int)  # refused: does not return an outcome
    step(not_async)  # refused: is not async

    await on_ingest(other)  # refused: wrong context
    await (anchored >> on_ingest)(other, env)  # refused: wrong context
    await with_env(ingest)  # refused: forgotten environment
    await (anchored >> on_ingest)(ingest)  # refused: forgotten environment
    await with_env(ingest, "env")  # refused: wrong environment
    await workflow("x", anchored >> on_ingest)(ingest)  # refused: forgotten environment
    Ingest(run_id=3)  # refused: missing field of the context
    ingest.path = "y"  # refused: frozen
