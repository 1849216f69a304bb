"""The routes that say how far a task is, and which tasks there are."""

from datetime import UTC, datetime

import attrs
import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dara_fp.api.addresses import PREFIX, status_url
from dara_fp.api.documents import responses
from dara_fp.api.identity import owner_of, status_of
from dara_fp.api.parameters import (
    CURSOR,
    OWNER,
    STATE,
    TASK_ID,
    WORKFLOW,
    cursor_of,
    limit_parameter,
    opaque,
    refuse_cursor,
    state_of,
    text_of,
    whole_number,
)
from dara_fp.api.services import services_of
from dara_fp.core.errors import StepError
from dara_fp.store.records import Page, State, TaskSummary

__all__ = ["POLL_SECONDS", "TaskLine", "TaskList", "task_routes"]

POLL_SECONDS = "1"
_USUAL_PAGE = 50
_LARGEST_PAGE = 200
_NOT_KEPT = {"Cache-Control": "no-store"}


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class TaskLine:
    """One task of a list.

    Attributes:
        task_id: Names the task.
        workflow: The workflow's name.
        state: `queued`, `running`, `waiting`, `succeeded`, `failed` or `cancelled`.
        owner: Who started it, where that is known.
        attempt: 1, or more if it was resumed.
        created_at: When it was accepted.
        started_at: When a worker first took it.
        finished_at: When it ended.
        error: Why it failed.
        status_url: Where to ask how far it is.
    """

    task_id: str
    workflow: str
    state: State
    owner: str | None
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: StepError | None
    status_url: str


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class TaskList:
    """Some of the tasks, newest first.

    Attributes:
        tasks: May be fewer than asked for, or none, although there are more.
        next: The cursor of the next page; null on the last one.
    """

    tasks: tuple[TaskLine, ...]
    next: str | None


def task_routes() -> APIRouter:
    """Make the routes that show tasks."""
    router = APIRouter(prefix=PREFIX, tags=["tasks"])
    # Parameters are said by hand: FastAPI would add a 422 of its own, which is never answered.
    router.add_api_route(
        "/status/{task_id}",
        _status,
        summary="Ask how far a task is",
        response_class=Response,
        responses=responses(200, "TaskStatus", 403, 404, 503),
        openapi_extra={"parameters": [TASK_ID]},
    )
    limit = limit_parameter(_USUAL_PAGE, _LARGEST_PAGE)
    router.add_api_route(
        "/tasks",
        _tasks,
        summary="List tasks",
        response_class=Response,
        responses=responses(200, "TaskList", 403, 422, 503),
        openapi_extra={"parameters": [WORKFLOW, STATE, OWNER, limit, CURSOR]},
    )
    return router


async def _status(request: Request) -> Response:
    """Say how far a task is: its state, each step with its timing, the context, the error."""
    found = await status_of(request)
    headers = {} if found.state.final else {"Retry-After": POLL_SECONDS}
    return Response(msgspec.json.encode(found), 200, {**_NOT_KEPT, **headers}, "application/json")


async def _tasks(request: Request) -> Response:
    """List tasks, newest first; in a Databricks App, each user's own."""
    user, wanted = owner_of(request), text_of(request, OWNER)
    limit = request.query_params.get("limit")
    page = Page(tasks=(), next=None)
    if user is None or wanted in {None, user}:
        try:
            page = await services_of(request).executor.tasks(
                workflow=text_of(request, WORKFLOW),
                state=state_of(request),
                owner=user or wanted,
                after=cursor_of(request),
                limit=whole_number(limit, "limit", _USUAL_PAGE, least=1, most=_LARGEST_PAGE),
            )
        except ValueError:
            refuse_cursor()
    found = TaskList(tasks=tuple(map(_line, page.tasks)), next=opaque(page.next))
    return Response(msgspec.json.encode(found), 200, _NOT_KEPT, "application/json")


def _line(task: TaskSummary) -> TaskLine:
    return TaskLine(
        task_id=task.task_id,
        workflow=task.workflow,
        state=task.state,
        owner=task.owner,
        attempt=task.attempt,
        created_at=datetime.fromtimestamp(task.created_at, UTC),
        started_at=_moment(task.started_at),
        finished_at=_moment(task.finished_at),
        # The stack belongs to the log.
        error=attrs.evolve(task.error, traceback=None) if task.error else None,
        status_url=status_url(task.task_id),
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
