"""Reading requests into typed values and writing JSON answers, with bounded bodies."""

import base64
import binascii
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dara_fp.sandbox.server.errors import ApiError, invalid, too_large

__all__ = [
    "BODY_LIMIT",
    "Json",
    "convert",
    "cursor",
    "empty",
    "json_response",
    "page_offset",
    "page_start",
    "parse",
    "read_body",
    "read_bytes",
    "read_query",
]

T = TypeVar("T")
Json = dict[str, object]

BODY_LIMIT = 32 * 2**20
"""Largest JSON body taken, in bytes: an upsert of 1,000 rows with 1,024 floats is about 20 MB."""

OFFSET_DIGITS = 18


async def read_bytes(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """Read the body of *request*, refusing more than *limit* bytes without keeping them."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large(f"The request body exceeds {limit} bytes: send it in smaller parts.")
        chunks.append(chunk)
    return b"".join(chunks)


async def read_body(request: Request, kind: type[T]) -> T:
    """Read the JSON body of *request* as a *kind*; no body at all counts as an empty object."""
    return parse(await read_bytes(request) or b"{}", kind, "request body")


def read_query(request: Request, kind: type[T]) -> T:
    """Read the query parameters of *request* as a *kind*."""
    return convert(dict(request.query_params), kind, "query parameters")


def convert(given: object, kind: type[T], what: str) -> T:
    """Give the plain value *given* as a *kind*; an error names *what* it was and the field.

    Raises:
        ApiError: 400; a field is missing or does not fit.
    """
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(f"Invalid {what}: {error}") from None


def parse(raw: bytes | str, kind: type[T], what: str) -> T:
    """Parse *raw* JSON as a *kind*; an error names *what* it was and the field.

    Raises:
        ApiError: 400, `MALFORMED_REQUEST` for no JSON, `INVALID_PARAMETER_VALUE` for a wrong field.
    """
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(f"Invalid {what}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"Could not parse {what} as JSON: {error}"
        raise ApiError(status=400, error_code="MALFORMED_REQUEST", message=message) from None


def json_response(body: object, headers: dict[str, str] | None = None) -> Response:
    """Give 200 with *body* as JSON."""
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


def empty() -> Response:
    """Give 200 with an empty object, the answer of calls that return nothing."""
    return JSONResponse({})


def cursor(position: str) -> str:
    """Hide *position* in an opaque page token."""
    return base64.urlsafe_b64encode(position.encode()).decode()


def page_start(page_token: str) -> str:
    """Give the position a page token hides; an empty token is the beginning."""
    try:
        return base64.b64decode(page_token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise invalid(f"Invalid page_token {page_token[:40]!r}: use one from an answer.") from None


def page_offset(page_token: str, offset: int) -> int:
    """Give the number of entries before the page: from *page_token*, else *offset*."""
    if not page_token:
        return offset
    start = page_start(page_token)
    if len(start) > OFFSET_DIGITS or not start.isascii() or not start.isdigit():
        raise invalid(f"Invalid page_token {page_token[:40]!r}: use one from an answer.")
    return int(start)
