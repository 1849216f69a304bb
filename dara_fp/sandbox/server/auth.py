"""Who may call, and which workspace answers: tokens, and the gate that asks for them."""

import hashlib
import math
import secrets
import time
import uuid
from pathlib import Path
from typing import Protocol

import msgspec
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.server.errors import error_response, unauthenticated

__all__ = ["ACCOUNT_ID", "USER", "WORKSPACE_ID", "Gate", "Tokens", "base_url", "digest"]

WORKSPACE_ID = "1700000000000001"
"""The first workspace of a sandbox; the others count on from it."""

ACCOUNT_ID = "00000000-0000-4000-8000-00000000da7a"
USER = "developer@sandbox.local"

GUARDED = ("/api", "/ajax-api", "/serving-endpoints", "/_sandbox")


class _Issued(msgspec.Struct, frozen=True):
    """A token that outlives the sandbox; *end* is its expiry, in seconds since 1970."""

    digest: bytes
    end: float


class Tokens:
    """The tokens of one workspace, by digest, so that a lookup's time tells nothing of a token."""

    def __init__(self, token: str) -> None:
        self._expiry: dict[bytes, float] = {digest(token): math.inf}
        self._kept: Path | None = None

    @classmethod
    def known(cls, token_digest: bytes, kept: Path) -> "Tokens":
        """Give the tokens of a workspace whose first one has *token_digest*; the others are *kept*.

        Only digests and expiries are in that file, and only of tokens that end by themselves: those
        of runs are worth nothing after a restart, which ends the runs.
        """
        tokens = cls("")
        tokens._expiry = {each.digest: each.end for each in _load(kept)}
        tokens._expiry[token_digest] = math.inf
        tokens._kept = kept
        return tokens

    def issue(self, life: float) -> str:
        """Give a new token that is good for *life* seconds (infinity: until revoked)."""
        now = time.time()
        self._expiry = {known: end for known, end in self._expiry.items() if end > now}
        token = "dapi" + secrets.token_hex(24)
        self._expiry[digest(token)] = now + life
        if math.isfinite(life):
            self._keep()
        return token

    def revoke(self, token: str) -> None:
        """Make *token* worthless; an unknown one is no error."""
        if math.isfinite(self._expiry.pop(digest(token), math.inf)):
            self._keep()

    def accepts(self, token: str) -> bool:
        """Tell whether *token* is in force."""
        return self._expiry.get(digest(token), 0.0) > time.time()

    def _keep(self) -> None:
        if self._kept is not None:
            ending = [_Issued(*each) for each in self._expiry.items() if math.isfinite(each[1])]
            write_atomically(self._kept, msgspec.json.encode(ending))


class Doors(Protocol):
    """The workspaces behind a gate, each an application."""

    def by_token(self, token: str) -> ASGIApp | None:
        """Give the workspace that *token* is of."""
        ...

    def by_id(self, workspace_id: str) -> ASGIApp:
        """Give the workspace *workspace_id*; the first one when there is none of that name."""
        ...


class Gate:
    """The outermost layer: every answer gets an `x-request-id`, every token its own workspace.

    What needs no token is answered by the workspace that the query `o` names, as addresses of a
    workspace have it, else by the first.
    """

    def __init__(self, doors: Doors, life: ASGIApp) -> None:
        self.doors = doors
        self.life = life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; what is no request goes to *life*."""
        if scope["type"] != "http":
            await self.life(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        app = self._door(scope, request_id)
        await app(scope, receive, _stamped(send, request_id))

    def _door(self, scope: Scope, request_id: str) -> ASGIApp:
        if not scope["path"].startswith(GUARDED):
            return self.doors.by_id(QueryParams(scope["query_string"]).get("o", ""))
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            said = "Credential was not sent or was of an unsupported type for this API."
            return error_response(unauthenticated(said, request_id))
        app = self.doors.by_token(token.strip())
        return app or error_response(unauthenticated("Invalid access token.", request_id))


def base_url(request: Request) -> str:
    """Give the address under which the client reached the sandbox, without a final slash."""
    return str(request.base_url).rstrip("/")


def digest(secret: str) -> bytes:
    """Give what is kept of *secret* and compared in its place."""
    return hashlib.sha256(secret.encode()).digest()


def _load(kept: Path) -> list[_Issued]:
    return msgspec.json.decode(kept.read_bytes(), type=list[_Issued]) if kept.exists() else []


def _stamped(send: Send, request_id: str) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["x-request-id"] = request_id
        await send(message)

    return stamped
