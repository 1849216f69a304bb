"""The routes that list workflows and start them, one typed route each."""

import uuid
from collections.abc import Mapping
from typing import Any

import attrs
import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dara_fp.api.bodies import read_form, read_json, upload_fields
from dara_fp.api.documents import request_bodies, responses
from dara_fp.api.problems import NotConfirmed
from dara_fp.api.schemas import body_schemas
from dara_fp.api.services import Services, services_of
from dara_fp.api.uploads import Uploader
from dara_fp.core.check import fingerprint, structure
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.task import UnknownWorkflow
from dara_fp.store.errors import StoreUnavailable

__all__ = ["PREFIX", "workflow_routes"]

PREFIX = "/api/v1/workflow"
_POLL_SECONDS = "1"
_LONGEST_NAME = 200


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
        fingerprint: Changes whenever the structure does.
        mermaid: Its drawing.
    """

    name: str
    description: str
    url: str
    input: Mapping[str, Any]
    files: tuple[str, ...]
    steps: tuple[str, ...]
    fingerprint: str
    mermaid: str


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class WorkflowList:
    """All workflows that can be started here."""

    workflows: tuple[WorkflowSummary, ...]


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
    bodies = request_bodies(workflows)
    for name, each in workflows.items():
        _add_start_route(router, each, bodies[name])

    async def unknown(request: Request) -> Response:
        raise UnknownWorkflow(request.path_params["name"][:_LONGEST_NAME], workflows)

    router.add_api_route("/{name}", unknown, methods=["POST"], include_in_schema=False)
    return router


def _add_start_route(router: APIRouter, workflow: Workflow[Any, Any], body: dict[str, Any]) -> None:
    async def start(request: Request) -> Response:
        services = services_of(request)
        return _accepted(await _start(services, workflow, request))

    upstream = (502,) if upload_fields(workflow.context) else ()
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
        responses=responses(202, "Accepted", 413, 415, 422, *upstream, 503),
        openapi_extra={"requestBody": body},
    )


async def _start(services: Services, workflow: Workflow[Any, Any], request: Request) -> str:
    task_id = uuid.uuid4().hex
    if upload_fields(workflow.context):
        uploader = services.uploader(task_id)
        context = await _with_files(workflow, request, uploader)
    else:
        context = await read_json(request, workflow)
    try:
        return await services.executor.start(workflow.name, context, task_id=task_id)
    except StoreUnavailable as error:
        # The files stay: the task may have been accepted, and then it needs them.
        raise NotConfirmed(_status_url(task_id), error) from error


async def _with_files(workflow: Workflow[Any, Any], request: Request, uploader: Uploader) -> object:
    complete = False
    try:
        context = await read_form(request, workflow, uploader)
        complete = True
    finally:
        if not complete:
            await uploader.remove()
    return context


def _status_url(task_id: str) -> str:
    return f"{PREFIX}/status/{task_id}"


def _accepted(task_id: str) -> Response:
    url = _status_url(task_id)
    body = msgspec.json.encode(Accepted(task_id=task_id, status_url=url))
    headers = {"Location": url, "Retry-After": _POLL_SECONDS}
    return Response(body, 202, headers, "application/json")


def _summary(workflow: Workflow[Any, Any]) -> WorkflowSummary:
    found = body_schemas((workflow,), "#/$defs/{name}")
    schema, components = found.each[0], found.components
    return WorkflowSummary(
        name=workflow.name,
        description=workflow.description,
        url=f"{PREFIX}/{workflow.name}",
        input={**schema, "$defs": components} if components else schema,
        files=tuple(upload_fields(workflow.context)),
        steps=structure(workflow.pipeline),
        fingerprint=fingerprint(workflow.pipeline),
        mermaid=workflow.pipeline.mermaid(),
    )
