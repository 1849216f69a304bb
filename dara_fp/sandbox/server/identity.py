"""Who a workspace says it is, who asks, and the token service of OAuth."""

import base64
import binascii
from typing import Protocol
from urllib.parse import parse_qs

import attrs
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dara_fp.sandbox.server.auth import ACCOUNT_ID, USER, Tokens, base_url
from dara_fp.sandbox.server.wire import Json, json_response, read_bytes

__all__ = ["FORM_LIMIT", "OAUTH_LIFE", "Clients", "Identity"]

OAUTH_LIFE = 3600
FLAGS_LIFE = 900
_FLAGS = "/api/2.0/connector-service/feature-flags"
FORM_LIMIT = 16 * 1024


class Clients(Protocol):
    """The service principals of all workspaces."""

    @property
    def alone(self) -> bool:
        """Whether there is one workspace only."""
        ...

    def tokens_of(self, client_id: str, client_secret: str) -> Tokens | None:
        """Give the tokens of the workspace that knows this service principal."""
        ...


@attrs.frozen(kw_only=True)
class Identity:
    """The routes of discovery, of the token service and of the current user."""

    workspace_id: str
    clients: Clients

    def routes(self) -> list[Route]:
        """Give the routes."""
        discovery = "/oidc/.well-known/oauth-authorization-server"
        return [
            Route("/.well-known/databricks-config", self.config, methods=["GET"]),
            Route(discovery, _authorization_server, methods=["GET"]),
            Route("/oidc/v1/token", self.token, methods=["POST"]),
            Route("/api/2.0/preview/scim/v2/Me", self.me, methods=["GET"]),
            Route(f"{_FLAGS}/{{client}}/{{version}}", _flags, methods=["GET"]),
        ]

    async def config(self, request: Request) -> Response:
        """Answer what clients ask a host before anything else.

        A host of several workspaces cannot name one to who has not shown a token: clients then
        learn it from the header of their first answer.
        """
        told: Json = {
            "oidc_endpoint": f"{base_url(request)}/oidc",
            "account_id": ACCOUNT_ID,
            "cloud": "AWS",
        }
        alone: Json = {"workspace_id": self.workspace_id} if self.clients.alone else {}
        return json_response(told | alone)

    async def token(self, request: Request) -> Response:
        """Answer `POST /oidc/v1/token` (client credentials)."""
        form = parse_qs((await read_bytes(request, FORM_LIMIT)).decode("utf-8", "replace"))
        grant = form.get("grant_type", [""])[0]
        if grant != "client_credentials":
            said = f"grant_type must be client_credentials, not {grant[:40]!r}"
            return _oauth_error(400, "unsupported_grant_type", said)
        tokens = self.clients.tokens_of(*_credentials(request, form))
        if tokens is None:
            said = "Client authentication failed: check client_id and client_secret"
            return _oauth_error(401, "invalid_client", said)
        body = {
            "access_token": tokens.issue(OAUTH_LIFE),
            "token_type": "Bearer",
            "expires_in": OAUTH_LIFE,
            "scope": form.get("scope", ["all-apis"])[0],
        }
        return json_response(body, {"cache-control": "no-store"})

    async def me(self, _request: Request) -> Response:
        """Answer who asks: all of a sandbox are one developer."""
        user = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "1",
            "userName": USER,
            "displayName": "Sandbox developer",
            "active": True,
            "emails": [{"type": "work", "value": USER, "primary": True}],
            "groups": [{"display": "users", "type": "direct", "value": "1"}],
        }
        return json_response(user, {"X-Databricks-Org-Id": self.workspace_id})


async def _authorization_server(request: Request) -> Response:
    issuer = f"{base_url(request)}/oidc"
    return json_response(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/v1/authorize",
            "token_endpoint": f"{issuer}/v1/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": ["all-apis"],
        }
    )


async def _flags(_request: Request) -> Response:
    # The SQL connector asks before its first statement; without a flag it does what it always did.
    return json_response({"flags": [], "ttl_seconds": FLAGS_LIFE})


def _credentials(request: Request, form: dict[str, list[str]]) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    client_id, _, client_secret = decoded.partition(":")
    # RFC 6749 would have both halves form-encoded; the official clients send them as they are.
    return client_id, client_secret


def _oauth_error(status: int, code: str, description: str) -> Response:
    return JSONResponse({"error": code, "error_description": description}, status_code=status)
