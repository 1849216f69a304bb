"""What was read of a workspace and what it was answered, for reads that are asked to be stale."""

import hashlib
from typing import Final, cast

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dara_fp.sandbox.server.errors import error_response, missing
from dara_fp.sandbox.server.wire import Json, json_response

__all__ = ["Read", "Reads", "replay"]

_SEEN_LIMIT: Final = 100_000
"""How many addresses are known to have been read, without their answers."""

_BYTES_LIMIT: Final = 64 * 2**20
"""How much of answers is kept in all; those that were read first are forgotten."""

_PAGING: Final = frozenset({"has_more", "next_page_token", "prev_page_token", "total_count"})
_REFUSED: Final = 400
_BUSY: Final = frozenset({401, 429})
_BROKEN: Final = 500


class Read:
    """One read on its way: its key is what it asked for, as far as the application looked at it.

    Args:
        scope: The call.
        receive: Where its body comes from.
        keep: Whether the answer is kept, and not only how it began.
    """

    def __init__(self, scope: Scope, receive: Receive, *, keep: bool) -> None:
        self.status = 0
        self.messages: list[Message] = []
        self._keep = keep
        self._whole = False
        self._receive = receive
        # A part of a file is another answer than the file.
        asked_part = Headers(scope=scope).get("range", "")
        asked = (scope["method"], scope["path"], scope["query_string"].decode("latin-1"))
        self._digest = hashlib.sha256(msgspec.json.encode([*asked, asked_part]))

    @property
    def key(self) -> bytes:
        """What tells this read from others, once it is answered."""
        return self._digest.digest()

    @property
    def is_kept(self) -> bool:
        """Whether the whole answer is here, and is about what was asked."""
        about = self.status < _BROKEN and self.status not in _BUSY
        return self._keep and self._whole and about

    @property
    def size(self) -> int:
        """Bytes of the answer that are kept."""
        return sum(len(message.get("body", b"")) for message in self.messages)

    async def send_from(self, app: ASGIApp, scope: Scope, send: Send, reads: "Reads") -> None:
        """Let *app* answer to *send*; *reads* knows of it before the caller has all of it."""

        async def heard(message: Message) -> None:
            self._note(message)
            if self._whole:
                reads.note(self)
            await send(message)

        await app(scope, self._heard_body, heard)

    async def collect(self, app: ASGIApp, scope: Scope) -> None:
        """Let *app* answer, and keep the answer to oneself."""

        async def heard(message: Message) -> None:
            self._note(message)

        await app(scope, self._heard_body, heard)

    async def _heard_body(self) -> Message:
        message = await self._receive()
        self._digest.update(message.get("body", b""))
        return message

    def _note(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        begins = message["type"] == "http.response.start"
        self._whole = not (begins or message.get("more_body", False))
        if self._keep:
            self.messages.append(message)


class Reads:
    """Which addresses of a workspace were read, and the last answers of those that may be stale."""

    def __init__(self) -> None:
        self._seen: dict[bytes, None] = {}
        self._last: dict[bytes, list[Message]] = {}
        self._sizes: dict[bytes, int] = {}

    def note(self, read: Read) -> None:
        """Remember that *read* was answered, and its answer if it was kept."""
        if read.status < _REFUSED:
            self._seen.pop(read.key, None)
            self._seen[read.key] = None
            if len(self._seen) > _SEEN_LIMIT:
                del self._seen[next(iter(self._seen))]
        self._forget(read.key)
        if read.is_kept:
            self._last[read.key] = read.messages
            self._sizes[read.key] = read.size
        while sum(self._sizes.values()) > _BYTES_LIMIT:
            self._forget(next(iter(self._last)))

    def before(self, read: Read, path: str) -> ASGIApp:
        """Give what the read of *path* before *read*, which is answered by now, was answered.

        Where that was not kept, it is as if nothing had changed since; and an address that nobody
        has read is not there yet, or is a list without entries.
        """
        if (before := self._last.get(read.key)) is not None:
            return replay(before)
        if read.key in self._seen or read.status >= _REFUSED:
            return replay(read.messages)
        return _empty_page(read.messages) or _not_there(path)

    def _forget(self, key: bytes) -> None:
        self._last.pop(key, None)
        self._sizes.pop(key, None)


def replay(messages: list[Message]) -> ASGIApp:
    """Give an application that answers *messages*."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


def _not_there(path: str) -> Response:
    said = f"{path[:200]!r} does not exist (the sandbox was asked for stale reads)."
    return error_response(missing(said))


def _empty_page(messages: list[Message]) -> Response | None:
    """Give the list of *messages* without its entries; None when it is no list."""
    body = b"".join(message.get("body", b"") for message in messages)
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(found, dict):
        return None
    page = cast("Json", found)
    if not all(name in _PAGING or isinstance(value, list) for name, value in page.items()):
        return None
    kept: Json = {name: [] for name, value in page.items() if isinstance(value, list)}
    ends: Json = {"has_more": False} if "has_more" in page else {}
    return json_response(kept | ends)
