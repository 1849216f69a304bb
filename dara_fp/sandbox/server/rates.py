"""Rate limits as a workspace has them: so many calls of a kind a second, and 429 beyond."""

import math
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dara_fp.sandbox.server.errors import ApiError, error_response
from dara_fp.sandbox.server.faults import OWN
from dara_fp.sandbox.server.wire import Json, json_response, read_body

__all__ = ["DOCUMENTED", "Limit", "Rates"]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many calls of a kind a workspace takes.

    Attributes:
        pattern: Method and path, as those of faults.
        per_second: Calls a second; as many may come at once after a quiet second.
        retry_after: Whether the 429 says when to come again.
    """

    pattern: Annotated[str, msgspec.Meta(pattern=r"^\S+ /", max_length=1000)]
    per_second: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
    retry_after: bool = True


DOCUMENTED = (
    Limit("POST /api/2.[012]/jobs/run-now", 20),
    Limit("GET /api/2.[012]/jobs/runs/get", 100),
    Limit("POST /api/2.[012]/jobs/runs/submit", 35, retry_after=False),
    Limit("POST /serving-endpoints/databricks-gte-large-en/invocations", 150),
    Limit("POST /serving-endpoints/databricks-bge-large-en/invocations", 600),
)
"""The limits of a workspace that its documentation names, as read in 2026.

Some answers of a real workspace have no `Retry-After`, so those to `runs/submit` have none here.
"""


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    limits: list[Limit]


@attrs.define(kw_only=True)
class _Bucket:
    """What is left of *limit*: it fills up again with time, to one second's worth."""

    limit: Limit
    left: float
    seen: float
    refused: int = 0

    def wait(self, now: float) -> float:
        """Take one call; give the seconds until there is room for it, 0 when there is now."""
        rate = self.limit.per_second
        most = max(rate, 1.0)
        self.left = min(most, self.left + (now - self.seen) * rate)
        self.seen = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        self.refused += 1
        return (1 - self.left) / rate


class Rates:
    """The limits of one workspace. A restart begins with *limits* again."""

    def __init__(
        self, limits: Sequence[Limit], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._buckets = self._filled(limits)

    def routes(self) -> list[Route]:
        """Give the routes that show the limits and set others."""
        return [
            Route(f"{OWN}/limits", self.show, methods=["GET"]),
            Route(f"{OWN}/limits", self.set, methods=["PUT"]),
        ]

    def around(self, app: ASGIApp) -> ASGIApp:
        """Give *app* with these limits before it."""

        async def limited(scope: Scope, receive: Receive, send: Send) -> None:
            # What sets the limits has none: else nobody could ever set others.
            own = scope["path"].startswith(f"{OWN}/")
            refusal = None if own else self.refusal(f"{scope['method']} {scope['path']}")
            await (error_response(refusal) if refusal else app)(scope, receive, send)

        return limited

    def refusal(self, call: str) -> ApiError | None:
        """Count *call*, and give the error when it is one too many."""
        for bucket in self._buckets:
            if fnmatchcase(call, bucket.limit.pattern):
                seconds = bucket.wait(self._clock())
                return _too_many(bucket.limit, seconds) if seconds else None
        return None

    async def show(self, _request: Request) -> Response:
        """Answer the limits, and how many calls each refused."""
        shown: list[Json] = [
            {**msgspec.to_builtins(bucket.limit), "refused": bucket.refused}
            for bucket in self._buckets
        ]
        return json_response({"limits": shown})

    async def set(self, request: Request) -> Response:
        """Put other limits in the place of all; none at all lets every call pass."""
        self._buckets = self._filled((await read_body(request, _Wanted)).limits)
        return await self.show(request)

    def _filled(self, limits: Sequence[Limit]) -> list[_Bucket]:
        now = self._clock()
        return [_Bucket(limit=limit, left=max(limit.per_second, 1.0), seen=now) for limit in limits]


def _too_many(limit: Limit, seconds: float) -> ApiError:
    told = {"retry-after": str(math.ceil(seconds))} if limit.retry_after else {}
    return ApiError(
        status=429,
        error_code="REQUEST_LIMIT_EXCEEDED",
        message=(
            f"Current request exceeds the rate limit of {limit.per_second:g} a second for "
            f"{limit.pattern!r}: send it again later."
        ),
        headers=told,
    )
