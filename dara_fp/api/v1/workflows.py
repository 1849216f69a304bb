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
from dara_fp.api.documents import request_body, responses
from dara_fp.api.services import Services, services_of
from dara_fp.api.uploads import Uploader
from dara_fp.core.check import fingerprint, structure
from dara_fp.core.codec import codec_of
from dara_fp.core.draw import mermaid
from dara_fp.core.workflow import Workflow
from dara_fp.runtime.executor import UnknownWorkflow

__all__ = ["PREFIX", "workflow_routes"]

PREFIX = "/api/v1/workflow"
_POLL_SECONDS = "1"


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
    for each in workflows.values():
        _add_start_route(router, each)

    async def unknown(name: str) -> Response:
        raise UnknownWorkflow(name, workflows)

    router.add_api_route("/{name}", unknown, methods=["POST"], include_in_schema=False)
    return router


def _add_start_route(router: APIRouter, workflow: Workflow[Any, Any]) -> None:
    async def start(request: Request) -> Response:
        services = services_of(request)
        return _accepted(await _start(services, workflow, request))

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
        responses=responses(202, "Accepted", 413, 415, 422, 503),
        openapi_extra={"requestBody": request_body(workflow)},
    )


async def _start(services: Services, workflow: Workflow[Any, Any], request: Request) -> str:
    if not upload_fields(workflow.context):
        context = await read_json(request, workflow)
        return await services.executor.start(workflow.name, context)
    task_id = uuid.uuid4().hex
    uploader = services.uploader(task_id)
    return await _start_with_files(services, workflow, request, uploader, task_id)


async def _start_with_files(
    services: Services,
    workflow: Workflow[Any, Any],
    request: Request,
    uploader: Uploader,
    task_id: str,
) -> str:
    accepted = False
    try:
        context = await read_form(request, workflow, uploader)
        await services.executor.start(workflow.name, context, task_id=task_id)
        accepted = True
    finally:
        if not accepted:
            await uploader.remove()
    return task_id


def _accepted(task_id: str) -> Response:
    url = f"{PREFIX}/status/{task_id}"
    body = msgspec.json.encode(Accepted(task_id=task_id, status_url=url))
    headers = {"Location": url, "Retry-After": _POLL_SECONDS}
    return Response(body, 202, headers, "application/json")


def _summary(workflow: Workflow[Any, Any]) -> WorkflowSummary:
    schema, components = codec_of(workflow.context).schema("#/$defs/{name}")
    return WorkflowSummary(
        name=workflow.name,
        description=workflow.description,
        url=f"{PREFIX}/{workflow.name}",
        input={**schema, "$defs": components} if components else schema,
        files=tuple(upload_fields(workflow.context)),
        steps=structure(workflow.pipeline),
        fingerprint=fingerprint(workflow.pipeline),
        mermaid=mermaid(workflow.pipeline),
    )
