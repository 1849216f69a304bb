"""The route of a task's log: pages of events, or a stream of them."""

from datetime import UTC, datetime
from typing import Any

import attrs
import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dara_fp.api.addresses import PREFIX
from dara_fp.api.documents import responses
from dara_fp.api.identity import task_of
from dara_fp.api.parameters import (
    AFTER,
    LAST_EVENT_ID,
    TASK_ID,
    limit_parameter,
    whole_number,
)
from dara_fp.api.services import services_of
from dara_fp.api.streams import Frame
from dara_fp.runtime.executor import WorkflowExecutor
from dara_fp.store.records import Event

__all__ = ["EventList", "TaskEvent", "event_routes", "frame_of"]

_STREAM = "text/event-stream"
_USUAL_PAGE = 100
_LARGEST_PAGE = 1000
_FINAL = frozenset({"task.succeeded", "task.failed", "task.cancelled"})


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class TaskEvent:
    """One line of a task's log.

    Attributes:
        number: 1 for the first; rises by one an event.
        kind: `task.` and a state, `task.cancelling`, `task.signal`, `step.succeeded`,
            `step.failed` or `step.report`.
        path: The step or the signal it is about; null for the task itself.
        at: When it was written.
        data: More of it: an error, what a step reported, the attempt.
    """

    number: int
    kind: str
    path: str | None
    at: datetime
    data: dict[str, Any]


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class EventList:
    """Some of the events, in order.

    Attributes:
        events: None of them if nothing happened since.
        next: What to give as `after` to get those that follow.
    """

    events: tuple[TaskEvent, ...]
    next: int


def event_routes() -> APIRouter:
    """Make the route of a task's log."""
    router = APIRouter(prefix=PREFIX, tags=["tasks"])
    described = responses(200, "EventList", 403, 404, 422, 503)
    described[200]["content"][_STREAM] = {"schema": {"type": "string"}}
    described[204] = {"description": "As a stream: the task has ended, and nothing follows."}
    router.add_api_route(
        "/tasks/{task_id}/events",
        _events,
        summary="Read a task's log",
        response_class=Response,
        responses=described,
        openapi_extra={
            "parameters": [
                TASK_ID,
                AFTER,
                limit_parameter(_USUAL_PAGE, _LARGEST_PAGE),
                LAST_EVENT_ID,
            ]
        },
    )
    return router


def frame_of(event: Event) -> Frame:
    """Write *event* as a server-sent one."""
    body = msgspec.json.encode(_public(event)).decode()
    text = f"id: {event.number}\nevent: {event.kind}\ndata: {body}\n\n"
    return Frame(event.number, text.encode(), event.kind in _FINAL)


async def _events(request: Request) -> Response:
    """Give the events of a task after a number.

    With `Accept: text/event-stream` they come as they happen, until the task has ended. A stream
    ends after 110 seconds: open another one with `Last-Event-ID`, as browsers do by themselves.
    """
    task = await task_of(request)
    query = request.query_params
    after = whole_number(query.get("after"), "after", 0)
    executor = services_of(request).executor
    if _wants_stream(request):
        last = whole_number(request.headers.get("last-event-id"), "Last-Event-ID", after)
        return await _stream(request, task.task_id, last, ended=task.state.final)
    limit = whole_number(query.get("limit"), "limit", _USUAL_PAGE, least=1, most=_LARGEST_PAGE)
    found = await executor.events(task.task_id, after, limit)
    page = EventList(events=tuple(map(_public, found)), next=found[-1].number if found else after)
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(page), 200, headers, "application/json")


async def _stream(request: Request, task_id: str, last: int, *, ended: bool) -> Response:
    services = services_of(request)
    after = await _known(services.executor, task_id, last)
    # A browser that is answered 204 does not open the stream again.
    if ended and not await services.executor.events(task_id, after, 1):
        return Response(status_code=204)
    services.hub.admit()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(services.hub.stream(task_id, after), 200, headers, _STREAM)


async def _known(executor: WorkflowExecutor, task_id: str, last: int) -> int:
    """Give *last* if the task's log came that far, else 0: then it was the number of another."""
    return last if last and await executor.events(task_id, last - 1, 1) else 0


def _wants_stream(request: Request) -> bool:
    accepted = ",".join(request.headers.getlist("accept")).split(",")
    return any(each.partition(";")[0].strip().lower() == _STREAM for each in accepted)


def _public(event: Event) -> TaskEvent:
    data = msgspec.json.decode(event.data, type=dict[str, Any])
    # The stack of a defect belongs to the log of the server.
    data.pop("traceback", None)
    at = datetime.fromtimestamp(event.at, UTC)
    return TaskEvent(number=event.number, kind=event.kind, path=event.path, at=at, data=data)
