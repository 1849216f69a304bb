"""A task is a span a delivery, and a step a span within it."""

import asyncio

import attrs
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from dara_fp import (
    Entry,
    Kind,
    Outcome,
    StepError,
    Success,
    fail,
    for_each,
    retry,
    start,
    step,
)
from dara_fp.telemetry.spans import Spans, spans
from tests.telemetry.observed import Ingest, JobRun, carry_out, ingest, running
from tests.telemetry.seen import by_name, facts, lasted, parent_id, span_id


async def test_each_step_is_a_span_within_the_span_of_its_task(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    await ingest(observer)
    found = by_name(exporter)
    assert set(found) == {"ingest", "run_job", "count_lines"}
    task = found["ingest"]
    assert (task.kind, task.parent) == (SpanKind.CONSUMER, None)
    assert {parent_id(found[name]) for name in ("run_job", "count_lines")} == {span_id(task)}


async def test_a_task_span_says_which_task_attempt_epoch_and_owner_it_is_of(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    await ingest(observer)
    assert facts(by_name(exporter)["ingest"]) == {
        "dara.task_id": "t-1",
        "dara.workflow": "ingest",
        "dara.attempt": 1,
        "dara.epoch": 2,
        "dara.owner": "ada@example.com",
        "dara.outcome": "succeeded",
    }


async def test_a_step_span_carries_the_id_of_its_databricks_run(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    await ingest(observer)
    found = by_name(exporter)
    about = {"dara.task_id": "t-1", "dara.workflow": "ingest"}
    assert facts(found["run_job"]) == {**about, "dara.path": "run_job", "databricks.run_id": 4711}
    assert facts(found["count_lines"]) == {**about, "dara.path": "count_lines"}


async def test_a_step_span_lasts_as_long_as_its_entry_says_whatever_the_journals_clock(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    task = running()
    observer.task_started(task)
    observer.step_reached(task, "load")
    await asyncio.sleep(0.02)
    observer.step_recorded(task, "load", Entry(started_at=1_000.5, finished_at=1_000.51))
    load = by_name(exporter)["load"]
    assert lasted(load) == pytest.approx(0.01, abs=1e-6)


@pytest.mark.parametrize("finished_at", [100.0, 90_000.0])
async def test_a_step_span_ends_no_earlier_than_it_began_and_no_later_than_now(
    observer: Spans, exporter: InMemorySpanExporter, finished_at: float
) -> None:
    task = running()
    observer.task_started(task)
    observer.step_reached(task, "wait(approval)")
    entry = Entry(started_at=200.0, finished_at=finished_at)
    observer.step_recorded(task, "wait(approval)", entry)
    waited = by_name(exporter)["wait(approval)"]
    assert 0 <= lasted(waited) < 60


async def test_a_step_that_nobody_saw_begin_has_the_times_of_its_entry(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    task = running()
    observer.task_started(task)
    observer.step_recorded(task, "load", Entry(started_at=1_000.5, finished_at=1_002.25))
    load = by_name(exporter)["load"]
    assert (load.start_time, load.end_time) == (1_000_500_000_000, 1_002_250_000_000)


async def test_a_failure_marks_the_step_and_the_task_with_its_kind_and_message(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    await ingest(observer, "empty.txt")
    found = by_name(exporter)
    for failed in (found["count_lines"], found["ingest"]):
        assert failed.status.status_code is StatusCode.ERROR
        said = "rejected: empty.txt has no lines: send at least one"
        assert failed.status.description == said
        assert facts(failed)["error.type"] == "rejected"
    assert found["run_job"].status.status_code is StatusCode.UNSET
    assert facts(found["ingest"])["dara.outcome"] == "failed"


async def test_a_cancelled_task_is_no_error(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    task = running()
    observer.task_started(task)
    error = StepError(kind=Kind.CANCELLED, message="the run was cancelled")
    observer.task_ended(task, "cancelled", error, 1.0)
    cancelled = by_name(exporter)["ingest"]
    assert cancelled.status.status_code is StatusCode.UNSET
    assert facts(cancelled)["dara.outcome"] == "cancelled"


async def test_items_and_tries_share_the_name_of_their_step_and_differ_in_its_path(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    tries: list[str] = []

    @step
    async def embed(ctx: Ingest) -> Outcome[Ingest]:
        tries.append(ctx.path)
        if len(tries) == 1:
            return fail("the endpoint is busy: try later", retryable=True)
        return Success(ctx)

    def parts(ctx: Ingest) -> tuple[Ingest, ...]:
        return (Ingest(path=ctx.path + "1"), Ingest(path=ctx.path + "2"))

    def joined(ctx: Ingest, parts: tuple[Ingest, ...]) -> Ingest:
        return ctx.evolve(lines=len(parts))

    each = for_each(parts, retry(2)(embed), joined, limit=1)
    await carry_out(observer, start(Ingest) >> each, Ingest(path="a"))
    finished = exporter.get_finished_spans()
    paths = [facts(span).get("dara.path") for span in finished if span.name == "[]/embed"]
    assert paths == ["[0]/embed", "[0]/2/embed", "[1]/embed"]
    task = next(span for span in finished if span.name == "ingest")
    assert [(event.name, dict(event.attributes or {})) for event in task.events] == [
        ("verdict", {"dara.path": "[0]/retry(embed)", "dara.verdict": "caught"})
    ]


async def test_no_value_of_a_context_comes_into_a_span(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    await ingest(observer, "secret.txt")
    written = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert "secret" not in written
    assert "t-1" in written


async def test_a_run_id_is_a_number_of_a_record(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    class Trap:
        @property
        def run_id(self) -> int:
            raise AssertionError("nobody asked for it")

    @attrs.frozen
    class Text:
        run_id: str

    task = running()
    observer.task_started(task)
    changes = {"a": Trap(), "b": Text(run_id="x"), "c": JobRun(run_id=5, job_id=6), "d": 7}
    observer.step_recorded(task, "run", Entry(changes, started_at=1.0, finished_at=2.0))
    assert facts(by_name(exporter)["run"])["databricks.run_id"] == 5


async def test_the_whole_context_that_is_recorded_at_the_end_is_no_step(
    observer: Spans, exporter: InMemorySpanExporter
) -> None:
    task = running()
    observer.task_started(task)
    observer.step_recorded(task, "context()", Entry(changes={"lines": 3}))
    assert exporter.get_finished_spans() == ()


def test_without_a_tracer_provider_there_are_no_spans() -> None:
    assert spans() is None
