"""Workflows of other nodes than steps, run by the executor on a real store."""

import asyncio

import attrs
import msgspec

from dara_fp import (
    Backoff,
    Outcome,
    StepContext,
    Store,
    Success,
    WorkflowExecutor,
    compensate,
    ensure,
    fail,
    for_each,
    made,
    named,
    retry,
    start,
    step,
    workflow,
    zoom,
)
from dara_fp.runtime.queue import Leases
from dara_fp.store.records import State


@attrs.frozen(kw_only=True)
class Page(StepContext):
    number: int
    words: int | None = made()


@attrs.frozen(kw_only=True)
class Book(StepContext):
    pages: int
    words: int | None = made()
    cover: int | None = made()


@attrs.frozen
class Desk:
    notes: list[str] = attrs.field(factory=list[str])
    gate: asyncio.Event = attrs.field(factory=asyncio.Event)
    reached: asyncio.Event = attrs.field(factory=asyncio.Event)


@step
async def count_words(ctx: Page, env: Desk) -> Outcome[Page]:
    env.notes.append(f"page {ctx.number}")
    return Success(ctx.evolve(words=100 * ctx.number))


@retry(2, Backoff(initial=0))
@step
async def bind(ctx: Book, env: Desk) -> Outcome[Book]:
    env.notes.append("bind")
    return fail("the glue is wet") if env.notes.count("bind") < 3 else Success(ctx)


@step
async def wait_at_gate(ctx: Book, env: Desk) -> Outcome[Book]:
    env.notes.append("wait")
    env.reached.set()
    await env.gate.wait()
    return Success(ctx)


@step
async def reserve(ctx: Book, env: Desk) -> Outcome[Book]:
    env.notes.append("reserve")
    return Success(ctx)


@step
async def release(ctx: Book, env: Desk) -> Outcome[Book]:
    env.notes.append("release")
    return Success(ctx)


def pages(ctx: Book) -> list[Page]:
    return [Page(number=number) for number in range(1, ctx.pages + 1)]


def with_pages(ctx: Book, read: tuple[Page, ...]) -> Book:
    return ctx.evolve(words=sum(page.words or 0 for page in read))


def cover(ctx: Book) -> Page:
    return Page(number=0, words=ctx.cover)


def with_cover(ctx: Book, page: Page) -> Book:
    return ctx.evolve(cover=page.words)


async def test_items_parts_and_tries_end_in_the_context_of_the_task(store: Store) -> None:
    desk = Desk()
    counted = for_each(pages, count_words, with_pages)
    covered = zoom(cover, named("cover", count_words), with_cover)
    book = workflow("book", start(Book, Desk) >> counted >> covered >> bind)
    async with WorkflowExecutor([book], store, desk) as executor, executor.working():
        task_id = await executor.start("book", Book(pages=3))
        status = await executor.wait(task_id)
    assert status.state is State.SUCCEEDED
    assert msgspec.json.decode(status.context["words"]) == 600
    assert msgspec.json.decode(status.context["cover"]) == 0
    pages_read = ["page 0", "page 1", "page 2", "page 3"]
    assert sorted(desk.notes) == ["bind", "bind", "bind", *pages_read]


async def test_what_was_tried_in_vain_is_not_in_the_context(store: Store) -> None:
    @step
    async def guess(ctx: Book, env: Desk) -> Outcome[Book]:
        return Success(ctx.evolve(words=99, cover=99))

    @step
    async def refuse(ctx: Book, env: Desk) -> Outcome[Book]:
        return fail("that was a guess")

    @step
    async def measure(ctx: Book, env: Desk) -> Outcome[Book]:
        return Success(ctx.evolve(words=7))

    book = workflow("book", start(Book, Desk) >> (guess >> refuse | measure))
    async with WorkflowExecutor([book], store, Desk()) as executor, executor.working():
        status = await executor.wait(await executor.start("book", Book(pages=3)))
    assert (status.state, status.progress) == (State.SUCCEEDED, 1.0)
    assert [each.path for each in status.steps] == ["guess", "refuse", "measure"]
    assert msgspec.json.decode(status.context["words"]) == 7
    assert msgspec.json.decode(status.context["cover"]) is None


async def test_a_workflow_of_checks_has_a_status(store: Store) -> None:
    def has_pages(ctx: Book) -> bool:
        return ctx.pages > 0

    book = workflow("book", start(Book, Desk) >> ensure(has_pages, "the book is empty"))
    async with WorkflowExecutor([book], store, Desk()) as executor, executor.working():
        status = await executor.wait(await executor.start("book", Book(pages=3)))
    assert (status.state, status.progress, status.steps) == (State.SUCCEEDED, 1.0, ())


async def test_a_worker_that_is_stopped_undoes_nothing(store: Store) -> None:
    desk = Desk()
    book = workflow(
        "book",
        start(Book, Desk)
        >> for_each(pages, count_words, with_pages)
        >> compensate(reserve, release)
        >> wait_at_gate,
    )
    leases = Leases(redelivery=1, grace=0.2)
    async with WorkflowExecutor([book], store, desk, leases=leases) as executor:
        async with executor.working():
            task_id = await executor.start("book", Book(pages=3))
            await asyncio.wait_for(desk.reached.wait(), 10)
        desk.gate.set()
        async with executor.working():
            status = await executor.wait(task_id)
    assert status.state is State.SUCCEEDED
    assert msgspec.json.decode(status.context["words"]) == 600
    assert desk.notes == ["page 1", "page 2", "page 3", "reserve", "wait", "wait"]
