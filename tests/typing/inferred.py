"""What both type checkers must infer; checked by the lint command, never run."""

from typing import Protocol, assert_type

import attrs
from returns.result import Result

from dara_fp import (
    Backoff,
    Evolves,
    Failure,
    Outcome,
    Pipeline,
    Position,
    StepContext,
    StepError,
    Success,
    Workflow,
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
    unwrap,
    wait_for,
    when,
    workflow,
    zoom,
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


@step
def plain(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx.evolve(run_id=1))


@step
def plain_with_env(ctx: Ingest, env: Env) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.client))


@step
def plain_with_position(ctx: HasPath, env: HasClient, at: Position) -> Outcome[HasPath]:
    at.report_soon(ctx.path)
    return Success(ctx.evolve(path=env.client))


@step
def plain_result(ctx: Ingest) -> Result[Ingest, StepError]:
    return Success(ctx)


def bare_plain(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)


def bare_plain_with_env(ctx: Ingest, env: Env) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.client))


def bare_plain_with_position(ctx: Ingest, env: Env, at: Position) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.client + at.token))


@attrs.frozen(kw_only=True)
class Page(StepContext):
    number: int
    text: str | None = made()


class HasNumber(Evolves, Protocol):
    @property
    def number(self) -> int: ...


@step
async def read_page(ctx: Page, env: Env) -> Outcome[Page]:
    return Success(ctx.evolve(text=env.client))


@step
async def trim_page(ctx: Page) -> Outcome[Page]:
    return Success(ctx)


def is_new(ctx: Ingest) -> bool:
    return ctx.run_id is None


def kind_of(ctx: HasPath) -> str:
    return ctx.path[-3:]


def kind_of_page(ctx: HasNumber) -> bool:
    return ctx.number == 1


@step
async def count_up(ctx: HasNumber) -> Outcome[HasNumber]:
    return Success(ctx.evolve(number=ctx.number + 1))


def pages(ctx: Ingest) -> list[Page]:
    return [Page(number=number) for number in range(len(ctx.path))]


def with_pages(ctx: Ingest, read: tuple[Page, ...]) -> Ingest:
    return ctx.evolve(run_id=len(read))


def first_page(ctx: Ingest) -> Page:
    return Page(number=len(ctx.path))


def with_page(ctx: Ingest, page: Page) -> Ingest:
    return ctx.evolve(run_id=page.number)


async def note(ctx: Ingest, error: StepError) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=error.message))


async def note_with_env(ctx: Ingest, error: StepError, env: Env) -> Outcome[Ingest]:
    return Success(ctx.evolve(path=env.client))


def show(ctx: HasPath) -> None:
    assert ctx.path


async def send(ctx: Ingest, env: Env) -> int:
    return len(ctx.path + env.client)


@retry(3)
@step
async def tried(ctx: Ingest, env: Env) -> Outcome[Ingest]:
    return Success(ctx)


@step
@timeout(5)
async def limited(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)


@retry(3, Backoff(initial=2))
async def tried_bare(ctx: Ingest, env: Env, at: Position) -> Outcome[Ingest]:
    return Success(ctx)


def composed() -> None:
    anchored = start(Ingest, Env)
    assert_type(two & one, Pipeline[Ingest, Env])
    assert_type(one & two, Pipeline[Ingest, Env])
    assert_type(one | two, Pipeline[Ingest, Env])
    assert_type(one | bare_with_env, Pipeline[Ingest, Env])
    assert_type(anchored >> (one & two | limited), Pipeline[Ingest, Env])
    assert_type(two | one, Pipeline[Ingest, Env])
    assert_type(anchored >> (two & three | one), Pipeline[Ingest, Env])
    assert_type(bare & one, Pipeline[Ingest, object])
    assert_type(bare | one, Pipeline[Ingest, object])
    assert_type(two & bare_with_env, Pipeline[Ingest, Env])
    assert_type(two | bare_with_position, Pipeline[Ingest, Env])

    assert_type(retry(3)(two), Pipeline[Ingest, Env])
    assert_type(retry(3)(bare), Pipeline[Ingest, object])
    assert_type(timeout(5)(retry(3)(three)), Pipeline[HasPath, HasClient])
    assert_type(tried, Pipeline[Ingest, Env])
    assert_type(limited, Pipeline[Ingest, object])
    assert_type(tried_bare, Pipeline[Ingest, Env])

    assert_type(when(is_new, two), Pipeline[Ingest, Env])
    assert_type(when(lambda ctx: ctx.run_id is None, two), Pipeline[Ingest, Env])
    assert_type(when(is_new, three), Pipeline[Ingest, HasClient])
    assert_type(when(kind_of_page, read_page), Pipeline[Page, Env])
    assert_type(ensure(is_new, "has run already"), Pipeline[Ingest, object])
    assert_type(ensure(is_new, lambda ctx: ctx.path, kind="conflict"), Pipeline[Ingest, object])
    assert_type(tap(show), Pipeline[HasPath, object])
    assert_type(tap(send), Pipeline[Ingest, Env])
    assert_type(named("again", two), Pipeline[Ingest, Env])
    assert_type(branch(kind_of, {"pdf": two, "txt": two}), Pipeline[Ingest, Env])
    mixed = branch(kind_of, {"pdf": two, "txt": anchored >> one, "xml": anchored >> three})
    assert_type(mixed, Pipeline[Ingest, Env])
    # mypy joins the values of a dict before it looks at what is wanted, so cases of different
    # environments are anchored.
    assert_type(recover(two, note), Pipeline[Ingest, Env])
    assert_type(recover(two, note_with_env), Pipeline[Ingest, Env])
    assert_type(compensate(two, two), Pipeline[Ingest, Env])
    assert_type(anchored >> compensate(two, one), Pipeline[Ingest, Env])
    assert_type(repeat(two, is_new), Pipeline[Ingest, Env])
    assert_type(repeat(two, lambda ctx: ctx.run_id == 1), Pipeline[Ingest, Env])
    assert_type(for_each(pages, read_page, with_pages), Pipeline[Ingest, Env])
    reading = for_each(pages, read_page >> trim_page, with_pages, key=lambda page: page.text or "")
    assert_type(anchored >> reading, Pipeline[Ingest, Env])
    assert_type(for_each(pages, count_up, with_pages), Pipeline[Ingest, object])
    assert_type(zoom(first_page, read_page, with_page), Pipeline[Ingest, Env])
    assert_type(zoom(first_page, start(Page) >> count_up, with_page), Pipeline[Ingest, object])


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


def inferred_of_plain_steps() -> None:
    assert_type(plain, Pipeline[Ingest, object])
    assert_type(plain_with_env, Pipeline[Ingest, Env])
    assert_type(plain_with_position, Pipeline[HasPath, HasClient])
    assert_type(plain_result, Pipeline[Ingest, object])
    anchored = start(Ingest, Env)
    bare_ones = anchored >> bare_plain >> bare_plain_with_env >> bare_plain_with_position
    assert_type(bare_ones, Pipeline[Ingest, Env])
    assert_type(bare_plain >> one, Pipeline[Ingest, object])
    assert_type(anchored & bare_plain_with_env | bare_plain, Pipeline[Ingest, Env])
    assert_type(retry(3)(bare_plain_with_env), Pipeline[Ingest, Env])


def inferred_of_waits() -> None:
    anchored = start(Ingest, Env)
    waits = anchored >> wait_for("approval", into="run_id", timeout=60) >> pause(60) >> two
    assert_type(waits, Pipeline[Ingest, Env])
    assert_type(two >> pause(60), Pipeline[Ingest, Env])
    assert_type(pause(60), Pipeline[object, object])
    assert_type(on_cancel(two, two), Pipeline[Ingest, Env])
    assert_type(on_cancel(two >> pause(60), two), Pipeline[Ingest, Env])
    assert_type(anchored >> on_cancel(two, one), Pipeline[Ingest, Env])
    assert_type(workflow("x", waits, schedule="@daily", concurrency=3), Workflow[Ingest, Env])
