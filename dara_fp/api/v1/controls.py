"""The routes that cancel a task, resume it, and give it what it waits for."""

from collections.abc import Mapping
from typing import Any

import attrs
import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dara_fp.api.addresses import PREFIX, status_url
from dara_fp.api.bodies import json_body
from dara_fp.api.documents import responses, signal_body
from dara_fp.api.identity import task_of
from dara_fp.api.parameters import SIGNAL, START, TASK_ID, refuse_parameter, text_of
from dara_fp.api.problems import Rejected
from dara_fp.api.services import services_of
from dara_fp.api.v1.tasks import POLL_SECONDS
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.errors import NotResumable
from dara_fp.store.records import State

__all__ = ["Controlled", "Signalled", "control_routes"]


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class Controlled:
    """What was asked of a task was written down.

    Attributes:
        task_id: Names the task.
        state: Its state then; a task that has ended is left as it is.
        status_url: Where to ask how far it is.
    """

    task_id: str
    state: State
    status_url: str


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class Signalled:
    """A signal lies in the store.

    Attributes:
        task_id: Names the task.
        signal: The signal's name.
        taken: Whether it was new; false if the same one was there already.
        status_url: Where to ask how far the task is.
    """

    task_id: str
    signal: str
    taken: bool
    status_url: str


class _From(msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from"}):
    start: str | None = None


_RESUME_BODY: Mapping[str, Any] = {
    "description": "May be left out; `from` may stand in the query instead.",
    "required": False,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"from": {k: START["schema"][k] for k in ("type", "maxLength")}},
                "additionalProperties": False,
            }
        }
    },
}


def control_routes(workflows: Mapping[str, Workflow[Any, Any]]) -> APIRouter:
    """Make the routes that control tasks of *workflows*."""
    router = APIRouter(prefix=PREFIX, tags=["tasks"])
    router.add_api_route(
        "/tasks/{task_id}/cancel",
        _cancel,
        methods=["POST"],
        status_code=202,
        summary="Cancel a task",
        response_class=Response,
        responses=responses(202, "Controlled", 403, 404, 503),
        openapi_extra={"parameters": [TASK_ID]},
    )
    router.add_api_route(
        "/tasks/{task_id}/resume",
        _resume,
        methods=["POST"],
        status_code=202,
        summary="Resume a failed task",
        response_class=Response,
        responses=responses(202, "Controlled", 403, 404, 409, 413, 415, 422, 503),
        openapi_extra={"parameters": [TASK_ID, START], "requestBody": _RESUME_BODY},
    )
    router.add_api_route(
        "/tasks/{task_id}/signal/{name}",
        _signal,
        methods=["POST"],
        status_code=202,
        summary="Give a task what it waits for",
        response_class=Response,
        responses=responses(202, "Signalled", 403, 404, 409, 413, 415, 422, 503),
        openapi_extra={"parameters": [TASK_ID, SIGNAL], "requestBody": signal_body(workflows)},
    )
    return router


async def _cancel(request: Request) -> Response:
    """Ask a task to end: it stops within a second, takes back what it did, ends `cancelled`."""
    task_id = await _task_id(request)
    state = await services_of(request).executor.cancel(task_id)
    return _controlled(task_id, state)


async def _resume(request: Request) -> Response:
    """Go on with a failed task from the step that failed, or from an earlier one; a new attempt."""
    task_id = await _task_id(request)
    start = await _start_of(request)
    try:
        state = await services_of(request).executor.resume(task_id, start=start)
    except NotResumable:
        raise
    except ValueError as error:
        refuse_parameter("from", f"does not fit: {error}")
    return _controlled(task_id, state)


async def _signal(request: Request) -> Response:
    """Give a task what it waits for, or will wait for: kept once, so it may be sent again."""
    task_id = await _task_id(request)
    name: str = request.path_params["name"]
    body = await json_body(request) or b"null"
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(422, "INVALID_JSON", f"The body is not JSON: {error}") from error
    taken = await services_of(request).executor.signal(task_id, name, body)
    url = status_url(task_id)
    return _answer(Signalled(task_id=task_id, signal=name, taken=taken, status_url=url), url)


async def _task_id(request: Request) -> str:
    """Give the id of the task that the path names, once its sender may control it."""
    return (await task_of(request)).task_id


async def _start_of(request: Request) -> str | None:
    body = await json_body(request)
    try:
        given = msgspec.json.decode(body or b"{}", type=_From)
    except msgspec.ValidationError as error:
        detail = f'The body may be {{"from": "path of a step"}}, or left out: {error}'
        raise Rejected(422, "INVALID_FIELDS", detail) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(422, "INVALID_JSON", f"The body is not JSON: {error}") from error
    return given.start or text_of(request, START)


def _controlled(task_id: str, state: State) -> Response:
    url = status_url(task_id)
    return _answer(Controlled(task_id=task_id, state=state, status_url=url), url)


def _answer(body: object, url: str) -> Response:
    headers = {"Location": url, "Retry-After": POLL_SECONDS}
    return Response(msgspec.json.encode(body), 202, headers, "application/json")
