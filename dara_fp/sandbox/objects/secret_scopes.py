"""The Secrets API: scopes and what is in them, readable by jobs and by whoever has the token."""

import base64
from pathlib import Path
from typing import Annotated

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.jobs.runs import now
from dara_fp.sandbox.server.errors import ApiError, invalid, missing
from dara_fp.sandbox.server.wire import empty, json_response, read_body, read_query

__all__ = ["SecretScopes"]

_API = "/api/2.0/secrets"

Name = Annotated[str, msgspec.Meta(pattern=r"^[\w.@-]{1,128}$")]


class _Scope(msgspec.Struct):
    scope: Name


class _Key(msgspec.Struct):
    scope: Name
    key: Name


class _Put(msgspec.Struct):
    scope: Name
    key: Name
    string_value: str | None = None
    bytes_value: str | None = None


class _Secret(msgspec.Struct, frozen=True):
    value: str
    last_updated_timestamp: int


_Kept = dict[str, dict[str, _Secret]]


@attrs.define(kw_only=True)
class SecretScopes:
    """The routes of secrets, which are kept in the file *kept*, as plain as all of a sandbox is."""

    kept: Path
    _scopes: _Kept = attrs.field(factory=_Kept, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.kept.exists():
            self._scopes = msgspec.json.decode(self.kept.read_bytes(), type=_Kept)

    def routes(self) -> list[Route]:
        """Give the routes."""
        return [
            Route(f"{_API}/scopes/create", self.create_scope, methods=["POST"]),
            Route(f"{_API}/scopes/delete", self.delete_scope, methods=["POST"]),
            Route(f"{_API}/scopes/list", self.list_scopes, methods=["GET"]),
            Route(f"{_API}/put", self.put, methods=["POST"]),
            Route(f"{_API}/get", self.get, methods=["GET"]),
            Route(f"{_API}/list", self.list, methods=["GET"]),
            Route(f"{_API}/delete", self.delete, methods=["POST"]),
        ]

    async def create_scope(self, request: Request) -> Response:
        """Make a scope."""
        scope = (await read_body(request, _Scope)).scope
        if scope in self._scopes:
            said = f"Scope {scope} already exists!"
            raise ApiError(status=400, error_code="RESOURCE_ALREADY_EXISTS", message=said)
        self._scopes[scope] = {}
        return self._saved()

    async def delete_scope(self, request: Request) -> Response:
        """Delete a scope with all its secrets."""
        asked = await read_body(request, _Scope)
        self._scope(asked.scope)
        del self._scopes[asked.scope]
        return self._saved()

    async def list_scopes(self, _request: Request) -> Response:
        """Answer the scopes."""
        scopes = [{"name": name, "backend_type": "DATABRICKS"} for name in sorted(self._scopes)]
        return json_response({"scopes": scopes} if scopes else {})

    async def put(self, request: Request) -> Response:
        """Keep a secret, text or base64, in place of one of that key."""
        asked = await read_body(request, _Put)
        if (asked.string_value is None) == (asked.bytes_value is None):
            raise invalid("Give exactly one of string_value and bytes_value.")
        scope = self._scope(asked.scope)
        value = asked.bytes_value
        if asked.string_value is not None:
            value = base64.b64encode(asked.string_value.encode()).decode()
        scope[asked.key] = _Secret(value or "", now())
        return self._saved()

    async def get(self, request: Request) -> Response:
        """Answer a secret in base64."""
        asked = read_query(request, _Key)
        return json_response({"key": asked.key, "value": self._secret(asked).value})

    async def list(self, request: Request) -> Response:
        """Answer the keys of a scope, not what they hold."""
        scope = self._scope(read_query(request, _Scope).scope)
        secrets = [
            {"key": key, "last_updated_timestamp": scope[key].last_updated_timestamp}
            for key in sorted(scope)
        ]
        return json_response({"secrets": secrets} if secrets else {})

    async def delete(self, request: Request) -> Response:
        """Delete a secret."""
        asked = await read_body(request, _Key)
        self._secret(asked)
        del self._scopes[asked.scope][asked.key]
        return self._saved()

    def _scope(self, name: str) -> dict[str, _Secret]:
        if name not in self._scopes:
            raise missing(f"Scope {name} does not exist!")
        return self._scopes[name]

    def _secret(self, asked: _Key) -> _Secret:
        scope = self._scope(asked.scope)
        if asked.key not in scope:
            raise missing(f"Secret does not exist with scope: {asked.scope} and key: {asked.key}")
        return scope[asked.key]

    def _saved(self) -> Response:
        write_atomically(self.kept, msgspec.json.encode(self._scopes))
        return empty()
