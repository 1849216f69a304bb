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
class _Begun:
    """The span of a step that was reached, and when that was, in nanoseconds."""

    span: Span
    at: int

    def end(self, seconds: float) -> int:
        """Give when it ended, if it took *seconds*.

        By the clock of this process, which need not be the journal's; and what began in an
        earlier delivery, such as a wait, ended no later than now.
        """
        return max(self.at, min(time.time_ns(), self.at + _nanoseconds(seconds)))


@attrs.frozen(eq=False)
class _Delivery:
    """The spans of a task that runs.

    Attributes:
        span: Its own.
        outside: What was current before it.
        inside: What is current between its steps.
        steps: Those of steps that have begun, by path.
    """

    span: Span
    outside: Context
    inside: Context
    steps: dict[Path, _Begun] = attrs.field(factory=dict[Path, _Begun])


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
            begun = self._begin(delivery, task, path, time.time_ns())
            delivery.steps[path] = begun
            context.attach(trace.set_span_in_context(begun.span, delivery.inside))

    def step_recorded(self, task: Running, path: Path, entry: Entry) -> None:
        """End the span of a step, or make it where nobody saw it begin."""
        delivery = self._deliveries.get(task)
        if delivery is None or not entry.started_at:
            return
        context.attach(delivery.inside)
        if entry.verdict is not None:
            about = {"dara.path": path, "dara.verdict": entry.verdict}
            delivery.span.add_event("verdict", about)
            return
        known = delivery.steps.pop(path, None)
        begun = known or self._begin(delivery, task, path, _nanoseconds(entry.started_at))
        run_id = _run_id(entry)
        if run_id is not None:
            begun.span.set_attribute("databricks.run_id", run_id)
        _blame(begun.span, entry.error)
        begun.span.end(begun.end(entry.finished_at - entry.started_at))

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
        # A cancellation is what somebody asked for, and no error.
        self._end(task, state, None if state == "cancelled" else error)

    def _begin(self, delivery: _Delivery, task: Running, path: Path, at: int) -> _Begun:
        facts = {"dara.task_id": task.task_id, "dara.workflow": task.workflow, "dara.path": path}
        name, inside = step_name(path), delivery.inside
        return _Begun(self._tracer.start_span(name, inside, attributes=facts, start_time=at), at)

    def _end(self, task: Running, outcome: str, error: StepError | None) -> None:
        delivery = self._deliveries.pop(task, None)
        if delivery is None:
            return
        for begun in delivery.steps.values():
            # Cut, or not even run since the task is undone: what was called there needs a parent.
            begun.span.set_attribute("dara.recorded", value=False)
            begun.span.end()
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
