"""Errors that cross HTTP: RFC 9457 problem documents."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

import attrs
import msgspec
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from dara_fp.api.streams import MOST_STREAMS, TooManyStreams
from dara_fp.core.codec import InvalidFields
from dara_fp.databricks.errors import DatabricksError
from dara_fp.runtime.errors import (
    NotResumable,
    QueueFull,
    SignalRefused,
    UnknownSignal,
    UnknownTask,
    UnknownWorkflow,
)
from dara_fp.store.errors import StoreUnavailable

__all__ = [
    "MEDIA_TYPE",
    "NotConfirmed",
    "Problem",
    "ProblemDocument",
    "Rejected",
    "add_problem_handlers",
    "problem_answer",
]

MEDIA_TYPE = "application/problem+json"
_MOST_PROBLEMS = 100
_LONGEST_NAME = 200
_STREAM_PAUSE = 5.0

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
        problems: Each field that is wrong, 100 at most.
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
        found = islice((problems or {}).items(), _MOST_PROBLEMS)
        listed = tuple(Problem(name=name[:_LONGEST_NAME], message=said) for name, said in found)
        self.document = ProblemDocument(
            title=HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            error_code=error_code,
            problems=listed,
            known=known,
        )


class NotConfirmed(StoreUnavailable):
    """The store went away while a task was handed to it, so the task may be there or not."""

    def __init__(self, status_url: str, unavailable: StoreUnavailable) -> None:
        """Tell that *status_url* will know, once the store that is *unavailable* is back."""
        super().__init__(str(unavailable), retry_after=unavailable.retry_after)
        self.status_url = status_url


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error answer of *app* a problem document."""
    for kind, describe in _DESCRIPTIONS.items():
        app.add_exception_handler(kind, _handler(describe))


def _rejected(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    return error.document, {}


def _unknown_workflow(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    rejected = Rejected(404, "UNKNOWN_WORKFLOW", str(error), known=error.known)
    return rejected.document, {}


def _unknown_task(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    return Rejected(404, "UNKNOWN_TASK", _sentence(error)).document, {}


def _unknown_signal(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    return Rejected(404, "UNKNOWN_SIGNAL", _sentence(error), known=error.known).document, {}


def _not_resumable(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    return Rejected(409, "NOT_RESUMABLE", _sentence(error)).document, {}


def _signal_refused(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    return Rejected(409, "SIGNAL_REFUSED", _sentence(error)).document, {}


def _invalid_fields(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    detail = f"The body does not fit: see {', '.join(error.problems)}"
    rejected = Rejected(422, "INVALID_FIELDS", f"{detail:.2000}", problems=error.problems)
    return rejected.document, {}


def _queue_full(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    detail = (
        f"{error.limit} tasks wait to be run, which is the limit, so this one was not accepted: "
        "send it again a little later"
    )
    document = attrs.evolve(Rejected(429, "QUEUE_FULL", detail).document, retryable=True)
    return document, _retry_after(error.retry_after)


def _too_many_streams(_error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    detail = (
        f"This server has {MOST_STREAMS:,} streams open, which is the limit, or is about to stop: "
        "read the events page by page, without Accept: text/event-stream, or try again later"
    )
    document = attrs.evolve(Rejected(503, "TOO_MANY_STREAMS", detail).document, retryable=True)
    return document, _retry_after(_STREAM_PAUSE)


def _sentence(error: Exception) -> str:
    """Give what *error* says, beginning with a capital, as all details do."""
    said = str(error)
    return said[:1].upper() + said[1:]


def _retry_after(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, round(seconds)))}


def _store_unavailable(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    detail = "The task store does not answer. Send the request again a little later."
    return _unavailable(error, detail)


def _not_confirmed(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    detail = (
        "The task store does not answer, so the task may have been accepted or not. Once it "
        f"answers, ask {error.status_url}: if that is 404, send the request again."
    )
    return _unavailable(error, detail)


def _unavailable(error: StoreUnavailable, detail: str) -> tuple[ProblemDocument, dict[str, str]]:
    logger.error("the store is unavailable: %s", error)
    document = attrs.evolve(Rejected(503, "STORE_UNAVAILABLE", detail).document, retryable=True)
    return document, _retry_after(error.retry_after)


def _disconnected(_error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    logger.info("the client went away before its request was complete")
    detail = "The request ended in the middle: send it again"
    return Rejected(400, "INCOMPLETE_REQUEST", detail).document, {}


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
    headers = dict(error.headers or {})
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = (
            "There is nothing at this address: /docs shows the routes, /openapi.json lists them"
        )
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"This address does not take the method: use {headers.get('Allow', 'another')}"
    code = HTTPStatus(error.status_code).name
    return Rejected(error.status_code, code, detail).document, headers


def _unexpected(error: Any) -> tuple[ProblemDocument, dict[str, str]]:
    logger.error("unexpected error", exc_info=error)
    detail = "The server failed on this request; its log has the reason under the request id."
    return Rejected(500, "INTERNAL_ERROR", detail).document, {}


Description = Callable[[Any], tuple[ProblemDocument, dict[str, str]]]

_DESCRIPTIONS: Mapping[type[Exception], Description] = {
    Rejected: _rejected,
    UnknownWorkflow: _unknown_workflow,
    UnknownTask: _unknown_task,
    UnknownSignal: _unknown_signal,
    NotResumable: _not_resumable,
    SignalRefused: _signal_refused,
    InvalidFields: _invalid_fields,
    QueueFull: _queue_full,
    TooManyStreams: _too_many_streams,
    NotConfirmed: _not_confirmed,
    StoreUnavailable: _store_unavailable,
    ClientDisconnect: _disconnected,
    DatabricksError: _databricks,
    HTTPException: _http,
    Exception: _unexpected,
}


def _handler(describe: Description) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handle(request: Request, error: Exception) -> Response:
        document, headers = describe(error)
        return problem_answer(document, getattr(request.state, "request_id", None), headers)

    return handle


def problem_answer(
    document: ProblemDocument, request_id: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """Give the answer that holds *document*, about the request *request_id*."""
    # Said here, too, since Starlette answers unexpected errors outside of all other middleware.
    named = {"X-Request-Id": request_id} if request_id else {}
    body = msgspec.json.encode(attrs.evolve(document, request_id=request_id))
    return Response(body, document.status, {**(headers or {}), **named}, MEDIA_TYPE)
