"""The routes that load balancers and supervisors ask."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dara_fp.api.documents import responses
from dara_fp.api.services import services_of
from dara_fp.api.v1.workflows import PREFIX

__all__ = ["health_routes"]


def health_routes() -> APIRouter:
    """Make the routes about the server itself."""
    router = APIRouter(prefix=PREFIX, tags=["health"])

    async def livez() -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "alive"})

    async def readyz(request: Request) -> Response:
        """Say that the store answers and the worker runs, so that tasks can be accepted."""
        await services_of(request).executor.check()
        return JSONResponse({"status": "ready"})

    router.add_api_route("/livez", livez, response_class=Response)
    router.add_api_route(
        "/readyz", readyz, response_class=Response, responses=responses(200, None, 503)
    )
    return router
