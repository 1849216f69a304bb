"""What both type checkers must infer; checked by the lint command, never run."""

from typing import Protocol, assert_type

import attrs
from returns.result import Result

from dara_fp import (
    Evolves,
    Failure,
    Outcome,
    Pipeline,
    Position,
    StepContext,
    StepError,
    Success,
    Workflow,
    made,
    start,
    step,
    unwrap,
    workflow,
)


@attrs.frozen(kw_only=True)
class Ingest(StepContext):
    path: str
    run_id: int | None = made()


class HasPath(Evolves, Protocol):
    @property
    def path(self) -> str: ...


class HasClient(Protocol):
    @property
    def client(self) -> str: ...


@attrs.frozen
class Env:
    client: str
    other: int


@step
async def one(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx.evolve(run_id=1))


@step
async def two(ctx: Ingest, env: Env) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.client))


@step
async def three(ctx: HasPath, env: HasClient, at: Position) -> Outcome[HasPath]:
    await at.report(ctx.path)
    return Success(ctx.evolve(path=env.client))


@step
async def as_result(ctx: Ingest) -> Result[Ingest, StepError]:
    return Success(ctx)


async def bare(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)


async def bare_with_env(ctx: Ingest, env: Env) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.client))


async def bare_with_position(ctx: Ingest, env: Env, at: Position) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.client + at.token))


async def inferred(ctx: Ingest, env: Env) -> None:
    assert_type(one, Pipeline[Ingest, object])
    assert_type(two, Pipeline[Ingest, Env])
    assert_type(three, Pipeline[HasPath, HasClient])
    assert_type(as_result, Pipeline[Ingest, object])

    anchored = start(Ingest, Env)
    assert_type(anchored, Pipeline[Ingest, Env])
    assert_type(start(Ingest), Pipeline[Ingest, object])

    whole = anchored >> one >> two >> three >> as_result
    assert_type(whole, Pipeline[Ingest, Env])
    assert_type(start(Ingest) >> one >> bare, Pipeline[Ingest, object])
    assert_type(anchored >> bare >> bare_with_env >> bare_with_position, Pipeline[Ingest, Env])
    assert_type(bare >> one, Pipeline[Ingest, object])
    assert_type(bare_with_env >> two, Pipeline[Ingest, Env])
    assert_type(bare_with_position >> two, Pipeline[Ingest, Env])

    assert_type(await whole(ctx, env), Outcome[Ingest])
    assert_type(await one(ctx), Outcome[Ingest])
    assert_type(await three(ctx, env), Outcome[HasPath])
    assert_type(unwrap(await whole(ctx, env)), Ingest)
    assert_type(ctx.evolve(path="x"), Ingest)

    named = workflow("ingest", whole)
    assert_type(named, Workflow[Ingest, Env])
    assert_type(await named(ctx, env), Outcome[Ingest])

    match await whole(ctx, env):
        case Success(value):
            assert_type(value, Ingest)
        case Failure(error):
            assert_type(error, StepError)
