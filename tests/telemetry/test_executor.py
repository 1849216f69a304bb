"""A real executor tells what its tasks do."""

import json
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import REGISTRY

from dara_fp import (
    Outcome,
    StepContext,
    Store,
    Success,
    WorkflowExecutor,
    made,
    start,
    step,
    wait_for,
    workflow,
)
from dara_fp.store.records import State
from dara_fp.telemetry.logs import JsonLines, TaskFields
from tests.telemetry.observed import JobRun

users = logging.getLogger("tests.telemetry.steps")


@attrs.frozen(kw_only=True)
class Order(StepContext):
    item: str
    run: JobRun | None = made()
    approved: bool | None = made()


@step
async def submit(ctx: Order) -> Outcome[Order]:
    users.info("submitted")
    return Success(ctx.evolve(run=JobRun(run_id=4711, job_id=7)))


@step
def ship(ctx: Order) -> Outcome[Order]:
    users.info("shipped")
    return Success(ctx)


approve = wait_for("approval", into="approved")
order = workflow("told-order", start(Order) >> submit >> approve >> ship)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    # Not tmp_path: the path of a unix socket must be short.
    with tempfile.TemporaryDirectory(prefix="dara-") as folder:
        async with Store.open(data_dir=Path(folder)) as opened:
            yield opened


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return kept


async def parked(executor: WorkflowExecutor, task_id: str) -> None:
    async for status in executor.watch(task_id):
        if status.state is State.WAITING:
            return


async def approved(executor: WorkflowExecutor, owner: str | None = None) -> str:
    """Run an order that parks, is approved and goes on."""
    task_id = await executor.start("told-order", Order(item="book"), owner=owner)
    await parked(executor, task_id)
    assert await executor.signal(task_id, "approval", b"true")
    status = await executor.wait(task_id)
    assert status.state is State.SUCCEEDED
    return task_id


def named(exporter: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    found = (span for span in exporter.get_finished_spans() if span.name == name)
    return sorted(found, key=lambda span: span.start_time or 0)


async def test_a_task_is_traced_from_its_request_over_a_wait_to_its_end(
    store: Store, exporter: InMemorySpanExporter
) -> None:
    tracer = trace.get_tracer_provider().get_tracer("test")
    async with WorkflowExecutor([order], store) as executor, executor.working():
        with tracer.start_as_current_span("request") as request:
            here = request.get_span_context()
            await approved(executor, "ada@example.com")
    deliveries = named(exporter, "told-order")
    told = [dict(span.attributes or {}) for span in deliveries]
    assert [facts["dara.outcome"] for facts in told] == ["waiting", "succeeded"]
    assert [facts["dara.owner"] for facts in told] == ["ada@example.com"] * 2
    assert {span.parent.span_id for span in deliveries if span.parent} == {here.span_id}
    (submitted,), (shipped,) = named(exporter, "submit"), named(exporter, "ship")
    assert dict(submitted.attributes or {})["databricks.run_id"] == 4711
    of_deliveries = [span.get_span_context() for span in deliveries]
    parents = [submitted.parent, shipped.parent]
    assert [p and p.span_id for p in parents] == [c and c.span_id for c in of_deliveries]
    assert len(named(exporter, "wait(approval)")) == 2


async def test_what_the_steps_of_a_task_log_names_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(TaskFields, "wanted", False)
    monkeypatch.setenv("DARA_LOG", "json")
    caplog.handler.addFilter(fields := TaskFields())
    try:
        with caplog.at_level("INFO"):
            async with WorkflowExecutor([order], store) as executor, executor.working():
                task_id = await approved(executor, "ada@example.com")
    finally:
        caplog.handler.removeFilter(fields)
    lines = [
        json.loads(JsonLines().format(each)) for each in caplog.records if each.name == users.name
    ]
    assert [(line["message"], line["step"]) for line in lines] == [
        ("submitted", "submit"),
        ("shipped", "ship"),
    ]
    about = {"task_id": task_id, "owner": "ada@example.com", "attempt": 1}
    assert all(about.items() <= line.items() for line in lines)


async def test_the_tasks_of_an_executor_are_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARA_METRICS", "1")
    async with WorkflowExecutor([order], store) as executor, executor.working():
        await approved(executor)

    def value(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"workflow": "told-order", **labels})

    assert value("dara_tasks_accepted_total") == 1
    assert value("dara_deliveries_total") == 2
    assert value("dara_running_tasks") == 0
    assert value("dara_tasks_total", state="succeeded") == 1
    for each in ("submit", "wait(approval)", "ship"):
        assert value("dara_step_seconds_count", step=each) == 1
