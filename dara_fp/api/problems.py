"""Errors that cross HTTP: RFC 9457 problem documents."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

import attrs
import msgspec
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dara_fp.databricks.errors import DatabricksError
from dara_fp.runtime.executor import UnknownWorkflow
from dara_fp.store.errors import StoreUnavailable

__all__ = ["MEDIA_TYPE", "Problem", "ProblemDocument", "Rejected", "add_problem_handlers"]

MEDIA_TYPE = "application/problem+json"

logger = logging.getLogger(__name__)


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class Problem:
    """One field or part that is wrong.

    Attributes:
        name: The field, part or parameter.
        message: What is wrong with it, and what to send instead.
    """

    name: str
    message: str


@attrs.frozen(kw_only=True, slots=False)  # msgspec writes slots in no order
class ProblemDocument:
    """What every error answer holds.

    Attributes:
        title: The HTTP status in words.
        status: The HTTP status.
        detail: What was wrong, with which value, and what to do next.
        error_code: One word for programs, such as `INVALID_FIELDS`.
        request_id: Names the request in the log of the server.
        retryable: Whether the same request may succeed later.
        problems: Each field that is wrong.
        known: The names there are, where one was asked for that is not there.
        upstream: HTTP status, error code and request id of the service that refused.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    error_code: str
    request_id: str | None = None
    retryable: bool = False
    problems: tuple[Problem, ...] = ()
    known: tuple[str, ...] = ()
    upstream: Mapping[str, str | int | None] | None = None


class Rejected(Exception):
    """A request that cannot be served, for a reason its sender can mend."""

    def __init__(
        self,
        status: int,
        error_code: str,
        detail: str,
        *,
        problems: Mapping[str, str] | None = None,
        known: tuple[str, ...] = (),
    ) -> None:
        """Answer *status* with *detail*; *problems* says what is wrong by field."""
        super().__init__(detail)
        listed = tuple(Problem(name=n, message=m) for n, m in (problems or {}).items())
        self.document = ProblemDocument(
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            error_code=error_code,
            problems=listed,
            known=known,
        )


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error answer of *app* a problem document."""
    for kind, describe in _DESCRIPTIONS.items():
        app.add_exception_handler(kind, _handler(describe))


def _rejected(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    return error.document, {}


def _unknown_workflow(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    rejected = Rejected(404, "UNKNOWN_WORKFLOW", str(error), known=error.known)
    return rejected.document, {}


def _store_unavailable(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    logger.error("the store is unavailable: %s", error)
    detail = "The task store does not answer. Nothing was accepted; send the request again."
    document = attrs.evolve(Rejected(503, "STORE_UNAVAILABLE", detail).document, retryable=True)
    return document, {"Retry-After": str(max(1, round(error.retry_after)))}


def _databricks(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    upstream = {
        "status": error.status,
        "error_code": error.error_code,
        "request_id": error.request_id,
    }
    detail = f"The Databricks workspace refused: {error.message}"
    document = Rejected(502, "WORKSPACE_REFUSED", detail).document
    return attrs.evolve(document, upstream=upstream, retryable=error.retryable), {}


def _http(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    code = HTTPStatus(error.status_code).name
    detail = str(error.detail)
    return Rejected(error.status_code, code, detail).document, dict(error.headers or {})


def _unexpected(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    logger.error("unexpected error", exc_info=error)
    detail = "The server failed on this request; its log has the reason under the request id."
    return Rejected(500, "INTERNAL_ERROR", detail).document, {}


Description = Callable[[Any], tuple[ProblemDocument, dict[str, str]]]

_DESCRIPTIONS: Mapping[type[Exception], Description] = {
    Rejected: _rejected,
    UnknownWorkflow: _unknown_workflow,
    StoreUnavailable: _store_unavailable,
    DatabricksError: _databricks,
    HTTPException: _http,
    Exception: _unexpected,
}


def _handler(describe: Description) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        document, headers = describe(error)
        request_id = getattr(request.state, "request_id", None)
        body = msgspec.json.encode(attrs.evolve(document, request_id=request_id))
        return Response(body, document.status, headers, MEDIA_TYPE)

    return handle
