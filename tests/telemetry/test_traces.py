"""Deliveries of a task, and what is traced in them, belong to one trace."""

import asyncio

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dara_fp import Entry, Outcome, Success, start, step, when
from dara_fp.telemetry.spans import Spans
from tests.telemetry.observed import Ingest, Parked, carry_out, ingest, running
from tests.telemetry.seen import by_name, facts, parent_id, span_id

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_what_a_step_traces_is_shown_in_the_step(
    observer: Spans, exporter: InMemorySpanExporter, tracer: trace.Tracer
) -> None:
    def call() -> None:
        with tracer.start_as_current_span("threaded"):
            pass

    async def inside(_: Ingest) -> None:
        with tracer.start_as_current_span("called"):
            pass
        await asyncio.to_thread(call)

    await ingest(observer, inside=inside)
    found = by_name(exporter)
    run_job = span_id(found["run_job"])
    assert [parent_id(found[name]) for name in ("called", "threaded")] == [run_job, run_job]


async def test_what_is_traced_between_steps_is_shown_in_the_task(
    observer: Spans, exporter: InMemorySpanExporter, tracer: trace.Tracer
) -> None:
    def traced(_: Ingest) -> bool:
        with tracer.start_as_current_span("asked"):
            return True

    await carry_out(observer, start(Ingest) >> touch >> when(traced, again), Ingest(path="a"))
    finished = exporter.get_finished_spans()
    asked, task = (next(s for s in finished if s.name == name) for name in ("asked", "ingest"))
    assert parent_id(asked) == span_id(task)


async def test_a_task_continues_the_trace_it_was_accepted_in(
    observer: Spans, exporter: InMemorySpanExporter, tracer: trace.Tracer
) -> None:
    assert observer.trace() is None
    with tracer.start_as_current_span("request") as request:
        stored = observer.trace()
    await carry_out(observer, start(Ingest), Ingest(path="a"), task=running(trace=stored))
    task = by_name(exporter)["ingest"]
    assert parent_id(task) == request.get_span_context().span_id
    assert task.context is not None
    assert task.context.trace_id == request.get_span_context().trace_id


@pytest.mark.parametrize("stored", [None, "", "nonsense", "00-" + "0" * 32 + "-1-01"])
async def test_a_task_of_no_readable_trace_begins_one_and_links_to_what_delivered_it(
    observer: Spans, exporter: InMemorySpanExporter, tracer: trace.Tracer, stored: str | None
) -> None:
    with tracer.start_as_current_span("queue") as queue:
        await carry_out(observer, start(Ingest), Ingest(path="a"), task=running(trace=stored))
    task = by_name(exporter)["ingest"]
    assert task.parent is None
    assert [link.context for link in task.links] == [queue.get_span_context()]


async def test_a_trace_that_is_not_sampled_stays_unseen(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    task = running(trace=TRACE[:-2] + "00")
    await carry_out(observer, start(Ingest) >> touch, Ingest(path="a"), task=task)
    assert exporter.get_finished_spans() == ()


async def test_what_was_current_before_a_task_is_current_after_it(
    observer: Spans, tracer: trace.Tracer
) -> None:
    with tracer.start_as_current_span("queue"):
        before = context.get_current()
        await ingest(observer)
        assert context.get_current() == before


async def test_a_task_that_parks_ends_its_span_and_has_another_when_it_goes_on(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    arrived: list[bool] = []

    @step
    async def wait(ctx: Ingest) -> Outcome[Ingest]:
        if not arrived:
            raise Parked
        return Success(ctx)

    waits = start(Ingest) >> touch >> wait
    task = running(trace=TRACE)
    journal = await carry_out(observer, waits, Ingest(path="a"), task=task)
    assert facts(by_name(exporter)["ingest"])["dara.outcome"] == "waiting"
    assert facts(by_name(exporter)["wait"])["dara.recorded"] is False

    exporter.clear()
    arrived.append(True)
    again = running(trace=TRACE, epoch=3)
    await carry_out(observer, waits, Ingest(path="a"), task=again, known=journal)
    assert set(by_name(exporter)) == {"ingest", "wait"}
    assert facts(by_name(exporter)["ingest"])["dara.epoch"] == 3


async def test_a_dropped_task_ends_its_span(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    task = running(owner=None)
    observer.task_started(task)
    observer.task_dropped(task)
    observer.step_recorded(task, "late", Entry(started_at=1.0, finished_at=2.0))
    observer.task_ended(task, "failed", None, 1.0)
    dropped = facts(by_name(exporter)["ingest"])
    assert dropped["dara.outcome"] == "dropped"
    assert "dara.owner" not in dropped


@step
async def touch(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)


@step
async def again(ctx: Ingest) -> Outcome[Ingest]:
    return Success(ctx)
