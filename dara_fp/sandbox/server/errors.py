"""What the sandbox refuses, in the words and the shape of a workspace.

Exception
└── ApiError    one refusal: HTTP status, error code, message, details
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

import attrs
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

__all__ = [
    "HANDLERS",
    "ApiError",
    "already_exists",
    "error_response",
    "invalid",
    "missing",
    "not_found",
    "too_large",
    "unauthenticated",
    "unsupported",
]

logger = logging.getLogger("dara_fp.sandbox")


@attrs.define(kw_only=True, eq=False)
class ApiError(Exception):
    """A refusal on its way to the client.

    Attributes:
        status: HTTP status.
        error_code: The workspace's code; the number 401 where the real gateway sends a number.
        message: What was wrong, with which value, and what to do next.
        details: `google.rpc` details, as the SDK reads them.
        headers: Further headers of the answer.
    """

    status: int
    error_code: str | int
    message: str
    details: Sequence[dict[str, object]] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])

    def __str__(self) -> str:
        return f"{self.error_code}: {self.message}"


def error_response(error: ApiError) -> JSONResponse:
    """Give the JSON answer that carries *error*."""
    body: dict[str, object] = {"error_code": error.error_code, "message": error.message}
    if error.details:
        body["details"] = list(error.details)
    return JSONResponse(body, status_code=error.status, headers=error.headers)


def invalid(message: str) -> ApiError:
    """Give the 400 for a parameter that does not fit, or names a job or run that is not there."""
    return ApiError(status=400, error_code="INVALID_PARAMETER_VALUE", message=message)


def missing(message: str) -> ApiError:
    """Give the 404 for a resource that does not exist."""
    return ApiError(status=404, error_code="RESOURCE_DOES_NOT_EXIST", message=message)


def not_found(message: str) -> ApiError:
    """Give the 404 of the Files API, which has its own code."""
    return ApiError(status=404, error_code="NOT_FOUND", message=message)


def already_exists(message: str, error_code: str = "RESOURCE_ALREADY_EXISTS") -> ApiError:
    """Give the 409 for a name that is taken."""
    return ApiError(status=409, error_code=error_code, message=message)


def too_large(message: str) -> ApiError:
    """Give the 413 for a body beyond its limit."""
    return ApiError(status=413, error_code="MAX_REQUEST_SIZE_EXCEEDED", message=message)


def unauthenticated(message: str, request_id: str) -> ApiError:
    """Give the 401 of the gateway, whose code is the number."""
    return ApiError(status=401, error_code=401, message=f"{message} [ReqId: {request_id}]")


def unsupported(message: str) -> ApiError:
    """Give the 501 for what the sandbox does not have."""
    return ApiError(status=501, error_code="NOT_IMPLEMENTED", message=message)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class only
    return error_response(error)


async def _not_there(request: Request, _error: Exception) -> Response:
    return error_response(not_found(f"No such page: {request.method} {request.url.path[:200]!r}."))


async def _broken(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    said = "The sandbox failed on this request: its log has the reason."
    return error_response(ApiError(status=500, error_code="INTERNAL_ERROR", message=said))


async def _gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=499)


HANDLERS: dict[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    ApiError: _refused,
    ClientDisconnect: _gone,
    404: _not_there,
    405: _not_there,
    500: _broken,
}
"""What is answered when a route raises."""
