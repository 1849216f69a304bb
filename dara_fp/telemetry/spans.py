"""Tasks and steps as OpenTelemetry spans."""

import time
from weakref import WeakKeyDictionary

import attrs
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Entry, Path
from dara_fp.core.shape import is_verdict
from dara_fp.telemetry.labels import step_name
from dara_fp.telemetry.running import Running

__all__ = ["Spans", "spans"]

_WIRE = TraceContextTextMapPropagator()
_NOBODY = (trace.ProxyTracerProvider, trace.NoOpTracerProvider)


def spans() -> "Spans | None":
    """Give what makes spans, or None if no tracer provider was set: nobody would see them."""
    provider = trace.get_tracer_provider()
    return None if isinstance(provider, _NOBODY) else Spans(provider.get_tracer("dara_fp"))


@attrs.frozen(eq=False)
class _Delivery:
    """The spans of a task that runs.

    Attributes:
        span: Its own.
        outside: What was current before it.
        inside: What is current between its steps.
        steps: Those of steps that have begun.
    """

    span: Span
    outside: Context
    inside: Context
    steps: dict[Path, Span] = attrs.field(factory=dict[Path, Span])


class Spans:
    """Makes a span for each delivery of a task, and within it one for each step that runs.

    A step's span is the current one while it runs, so that what the step calls is shown in it.
    """

    def __init__(self, tracer: Tracer) -> None:
        """Make spans with *tracer*."""
        self._tracer = tracer
        self._deliveries = WeakKeyDictionary[Running, _Delivery]()

    def trace(self) -> str | None:
        """Give the `traceparent` of the current span, or None if there is none."""
        carrier: dict[str, str] = {}
        _WIRE.inject(carrier)
        return carrier.get("traceparent")

    def task_accepted(self, workflow: str) -> None:
        """Do nothing: whoever accepts a task has a span of its own."""

    def task_started(self, task: Running) -> None:
        """Begin the span of a delivery, in the trace that the task was accepted in."""
        outside = context.get_current()
        here = trace.get_current_span().get_span_context()
        span = self._tracer.start_span(
            task.workflow,
            # Not within what happens to be current here: that is the queue, and it lasts.
            _WIRE.extract({"traceparent": task.trace} if task.trace else {}, Context()),
            SpanKind.CONSUMER,
            _facts(task),
            [Link(here)] if here.is_valid else None,
        )
        delivery = _Delivery(span, outside, trace.set_span_in_context(span, outside))
        self._deliveries[task] = delivery
        context.attach(delivery.inside)

    def step_reached(self, task: Running, path: Path) -> None:
        """Begin the span of a step; what becomes of failures has none."""
        delivery = self._deliveries.get(task)
        if delivery is not None and not is_verdict(path):
            span = self._begin(delivery, task, path, time.time())
            delivery.steps[path] = span
            context.attach(trace.set_span_in_context(span, delivery.inside))

    def step_recorded(self, task: Running, path: Path, entry: Entry) -> None:
        """End the span of a step, or make it where nobody saw it begin."""
        delivery = self._deliveries.get(task)
        if delivery is None or not entry.started_at:
            return
        context.attach(delivery.inside)
        if entry.verdict is not None:
            about = {"dara.path": path, "dara.verdict": entry.verdict}
            delivery.span.add_event("verdict", about, _nanoseconds(entry.finished_at))
            return
        begun = delivery.steps.pop(path, None)
        span = begun or self._begin(delivery, task, path, entry.started_at)
        run_id = _run_id(entry)
        if run_id is not None:
            span.set_attribute("databricks.run_id", run_id)
        _blame(span, entry.error)
        span.end(_nanoseconds(entry.finished_at))

    def task_parked(self, task: Running) -> None:
        """End the delivery's span."""
        self._end(task, "waiting", None)

    def task_dropped(self, task: Running) -> None:
        """End the delivery's span."""
        self._end(task, "dropped", None)

    def task_ended(
        self,
        task: Running,
        state: str,
        error: StepError | None,
        seconds: float,  # noqa: ARG002 - by protocol
    ) -> None:
        """End the delivery's span, which says how the task ended."""
        self._end(task, state, error)

    def _begin(self, delivery: _Delivery, task: Running, path: Path, at: float) -> Span:
        facts = {"dara.task_id": task.task_id, "dara.workflow": task.workflow, "dara.path": path}
        return self._tracer.start_span(
            step_name(path), delivery.inside, attributes=facts, start_time=_nanoseconds(at)
        )

    def _end(self, task: Running, outcome: str, error: StepError | None) -> None:
        delivery = self._deliveries.pop(task, None)
        if delivery is None:
            return
        for span in delivery.steps.values():
            # Cut, or left alone because the run was over: what was called in them has a parent.
            span.set_attribute("dara.recorded", value=False)
            span.end()
        delivery.span.set_attribute("dara.outcome", outcome)
        _blame(delivery.span, error)
        delivery.span.end()
        context.attach(delivery.outside)


def _facts(task: Running) -> dict[str, str | int]:
    owner = {"dara.owner": task.owner} if task.owner is not None else {}
    return {
        "dara.task_id": task.task_id,
        "dara.workflow": task.workflow,
        "dara.attempt": task.attempt,
        "dara.epoch": task.epoch,
        **owner,
    }


def _run_id(entry: Entry) -> int | None:
    """Give the id of the Databricks run that the step told of.

    Records are frozen attrs classes, so looking at one runs nobody's code.
    """
    records = (value for value in entry.changes.values() if attrs.has(type(value)))
    told = (getattr(record, "run_id", None) for record in records)
    return next((run_id for run_id in told if type(run_id) is int), None)


def _blame(span: Span, error: StepError | None) -> None:
    if error is not None:
        span.set_attribute("error.type", error.kind.value)
        span.set_status(Status(StatusCode.ERROR, f"{error.kind.value}: {error.message}"))


def _nanoseconds(at: float) -> int:
    return int(at * 1e9)
