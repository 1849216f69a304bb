"""The routes that load balancers and supervisors ask."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dara_fp.api.addresses import PREFIX
from dara_fp.api.documents import responses
from dara_fp.api.problems import Rejected
from dara_fp.api.services import services_of
from dara_fp.telemetry.metrics import metrics_page

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

    async def metrics() -> Response:
        """Give the page that Prometheus reads, if metrics are switched on (`DARA_METRICS=1`)."""
        page = metrics_page()
        if page is None:
            detail = "Metrics are switched off here: set DARA_METRICS=1 and start the server again"
            raise Rejected(404, "METRICS_OFF", detail)
        content, media_type = page
        return Response(content, media_type=media_type)

    router.add_api_route("/livez", livez, response_class=Response)
    router.add_api_route(
        "/readyz", readyz, response_class=Response, responses=responses(200, None, 503)
    )
    shown = responses(200, None, 404)
    shown[200]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    router.add_api_route("/metrics", metrics, response_class=Response, responses=shown)
    return router
