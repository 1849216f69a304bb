"""A name for each request, taken from the caller or drawn, and given back in the answer."""

import re
import uuid

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["RequestIds"]

_HEADER = b"x-request-id"
_ALLOWED = re.compile(rb"[\w.:-]{1,128}")


class RequestIds:
    """ASGI middleware that sets `request.state.request_id` and the `X-Request-Id` header."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap *app*."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


def _given(scope: Scope) -> str | None:
    found = next((value for name, value in scope["headers"] if name == _HEADER), b"")
    return found.decode("ascii") if _ALLOWED.fullmatch(found) else None
