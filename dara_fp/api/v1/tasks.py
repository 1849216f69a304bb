"""The route that says how far a task is."""

import re

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dara_fp.api.documents import responses
from dara_fp.api.problems import Rejected
from dara_fp.api.services import services_of
from dara_fp.api.v1.workflows import PREFIX

__all__ = ["task_routes"]

_TASK_ID = re.compile(r"[\w.:-]{1,200}", re.ASCII)
_POLL_SECONDS = "1"
_PARAMETER = {
    "name": "task_id",
    "in": "path",
    "required": True,
    "description": "What the start of the task answered.",
    "schema": {"type": "string", "maxLength": 200},
}


def task_routes() -> APIRouter:
    """Make the routes about tasks."""
    router = APIRouter(prefix=PREFIX, tags=["tasks"])

    async def status(request: Request) -> Response:
        """Say how far a task is: its state, each step with its timing, the context, the error."""
        task_id: str = request.path_params["task_id"]
        executor = services_of(request).executor
        found = await executor.status(task_id) if _TASK_ID.fullmatch(task_id) else None
        if found is None:
            detail = (
                f"No task {task_id!r:.220}: it was never accepted here, or its time to be kept "
                f"is over. POST to {PREFIX}/{{workflow}} to start one."
            )
            raise Rejected(404, "UNKNOWN_TASK", detail)
        headers = {"Cache-Control": "no-store"}
        if not found.state.final:
            headers["Retry-After"] = _POLL_SECONDS
        return Response(msgspec.json.encode(found), 200, headers, "application/json")

    router.add_api_route(
        "/status/{task_id}",
        status,
        summary="Ask how far a task is",
        response_class=Response,
        responses=responses(200, "TaskStatus", 404, 503),
        # Said by hand: FastAPI would add a 422 of its own, which is never answered.
        openapi_extra={"parameters": [_PARAMETER]},
    )
    return router
