"""The routes that list workflows and start them, one typed route each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dara_fp.api.addresses import PREFIX, status_url
from dara_fp.api.bodies import upload_fields
from dara_fp.api.documents import request_bodies, responses
from dara_fp.api.idempotency import KEY_PARAMETER
from dara_fp.api.schemas import Schemas, body_schemas, reachable, signal_schemas
from dara_fp.api.services import services_of
from dara_fp.api.starting import Started, start_task
from dara_fp.api.v1.tasks import POLL_SECONDS
from dara_fp.core.check import fingerprint, structure
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.errors import UnknownWorkflow

__all__ = ["Accepted", "ScheduleList", "WorkflowList", "workflow_routes"]

_LONGEST_NAME = 200
_DEFS = "#/$defs/{name}"


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class WorkflowSummary:
    """A workflow that can be started here.

    Attributes:
        name: Its name.
        description: What it is for.
        url: Where to POST to start it.
        input: JSON Schema of the body.
        files: Fields that are sent as file parts; if there are any, the body is a form.
        steps: Its steps, in order.
        signals: What it waits for: the JSON Schema of each signal's body, by its name.
        schedule: When it starts by itself, as a cron line in UTC.
        concurrency: How many of its tasks run at the same time at most.
        fingerprint: Changes whenever the structure does.
        mermaid: Its drawing.
    """

    name: str
    description: str
    url: str
    input: Mapping[str, Any]
    files: tuple[str, ...]
    steps: tuple[str, ...]
    signals: Mapping[str, Any]
    schedule: str | None
    concurrency: int | None
    fingerprint: str
    mermaid: str


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class WorkflowList:
    """All workflows that can be started here."""

    workflows: tuple[WorkflowSummary, ...]


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class ScheduledStart:
    """A workflow that starts by itself.

    Attributes:
        workflow: Its name.
        cron: When, as a cron line in UTC.
        next: The next time.
    """

    workflow: str
    cron: str
    next: datetime


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class ScheduleList:
    """All workflows that start by themselves."""

    schedules: tuple[ScheduledStart, ...]


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class Accepted:
    """A task was recorded and will be run.

    Attributes:
        task_id: Names the task.
        status_url: Where to ask how far it is.
    """

    task_id: str
    status_url: str


def workflow_routes(workflows: Mapping[str, Workflow[Any, Any]]) -> APIRouter:
    """Make the routes of *workflows*."""
    router = APIRouter(prefix=PREFIX, tags=["workflows"])
    listing = msgspec.json.encode(
        WorkflowList(workflows=tuple(_summary(each) for each in workflows.values()))
    )

    async def list_workflows() -> Response:
        """List the workflows that can be started, with their input and their drawing."""
        return Response(listing, media_type="application/json")

    router.add_api_route(
        "", list_workflows, responses=responses(200, "WorkflowList"), response_class=Response
    )
    router.add_api_route(
        "/schedules",
        _schedules,
        summary="List schedules",
        responses=responses(200, "ScheduleList"),
        response_class=Response,
    )
    bodies = request_bodies(workflows)
    for name, each in workflows.items():
        _add_start_route(router, each, bodies[name])

    async def unknown(request: Request) -> Response:
        raise UnknownWorkflow(request.path_params["name"][:_LONGEST_NAME], workflows)

    router.add_api_route("/{name}", unknown, methods=["POST"], include_in_schema=False)
    return router


async def _schedules(request: Request) -> Response:
    """List the workflows that start by themselves, and when they do next."""
    found = services_of(request).executor.schedules()
    listed = ScheduleList(
        schedules=tuple(
            ScheduledStart(workflow=each.workflow, cron=each.cron, next=each.next) for each in found
        )
    )
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(listed), 200, headers, "application/json")


def _add_start_route(router: APIRouter, workflow: Workflow[Any, Any], body: dict[str, Any]) -> None:
    async def start(request: Request) -> Response:
        return _accepted(await start_task(request, workflow))

    upstream = (502,) if upload_fields(workflow.context) else ()
    answers = responses(202, "Accepted", 400, 403, 413, 415, 422, 429, *upstream, 503)
    answers[202]["headers"] = {
        "Location": {"description": "The status.", "schema": {"type": "string"}},
        "Idempotent-Replayed": {
            "description": "`true` if an earlier request with the same key started the task.",
            "schema": {"type": "string"},
        },
    }
    router.add_api_route(
        f"/{workflow.name}",
        start,
        methods=["POST"],
        status_code=202,
        response_class=Response,
        name=f"start {workflow.name}",
        summary=f"Start {workflow.name}",
        description=workflow.description,
        operation_id=f"start_{workflow.name.replace('-', '_')}",
        responses=answers,
        openapi_extra={"requestBody": body, "parameters": [KEY_PARAMETER]},
    )


def _accepted(started: Started) -> Response:
    url = status_url(started.task_id)
    body = msgspec.json.encode(Accepted(task_id=started.task_id, status_url=url))
    headers = {"Location": url, "Retry-After": POLL_SECONDS}
    if started.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(body, 202, headers, "application/json")


def _summary(workflow: Workflow[Any, Any]) -> WorkflowSummary:
    return WorkflowSummary(
        name=workflow.name,
        description=workflow.description,
        url=f"{PREFIX}/{workflow.name}",
        input=_whole(body_schemas((workflow,), _DEFS)),
        files=tuple(upload_fields(workflow.context)),
        steps=structure(workflow.pipeline),
        signals=_signals(workflow),
        schedule=workflow.schedule,
        concurrency=workflow.concurrency,
        fingerprint=fingerprint(workflow.pipeline),
        mermaid=workflow.pipeline.mermaid(),
    )


def _signals(workflow: Workflow[Any, Any]) -> dict[str, Any]:
    """Give a schema that stands alone for each signal."""
    found = signal_schemas((workflow,), _DEFS)
    return {
        name: _whole(
            attrs.evolve(
                found,
                each=(schema,),
                components=reachable(schema, found.components, _DEFS.format(name="")),
            )
        )
        for name, schema in found.each[0].items()
    }


def _whole(found: Schemas) -> dict[str, Any]:
    """Give the only schema that was *found*, with what it refers to."""
    schema = found.each[0]
    return {**schema, "$defs": found.components} if found.components else schema
