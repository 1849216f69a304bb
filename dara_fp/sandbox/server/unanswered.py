"""The list of calls the sandbox was asked for and does not have."""

import logging
from collections import Counter

from starlette.requests import Request
from starlette.responses import Response

from dara_fp.sandbox.server.errors import ApiError, unsupported
from dara_fp.sandbox.server.wire import Json, json_response

__all__ = ["Unanswered"]

logger = logging.getLogger("dara_fp.sandbox")

ENTRY_LIMIT = 1_000
PATH_LIMIT = 300


class Unanswered:
    """Counts refused calls by method and path, at most *ENTRY_LIMIT* different ones."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def refuse(self, method: str, path: str, what: str = "") -> ApiError:
        """Note the call of *method* on *path* and give its 501; *what* names a missing feature."""
        call = (method, path[:PATH_LIMIT])
        if call in self._counts or len(self._counts) < ENTRY_LIMIT:
            self._counts[call] += 1
        said = f"{method} {call[1]!r}" + (f" ({what})" if what else "")
        logger.warning("not implemented in the sandbox: %s", said)
        return unsupported(
            f"The sandbox does not implement {said}; GET /_sandbox/unanswered lists these."
        )

    def entries(self) -> list[Json]:
        """Give what was refused so far, the most frequent first."""
        return [
            {"method": method, "path": path, "count": count}
            for (method, path), count in self._counts.most_common()
        ]

    async def show(self, _request: Request) -> Response:
        """Answer `GET /_sandbox/unanswered`."""
        return json_response({"calls": self.entries()})

    async def unknown(self, request: Request) -> Response:
        """Answer any call no route knows."""
        raise self.refuse(request.method, request.url.path)
