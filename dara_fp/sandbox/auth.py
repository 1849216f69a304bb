"""Who may call: the fixed token, OAuth machine-to-machine tokens, and the tokens of job runs."""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
import uuid
from urllib.parse import parse_qs

import attrs
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dara_fp.sandbox.errors import ApiError, error_response, unauthenticated
from dara_fp.sandbox.wire import json_response, read_bytes

__all__ = ["ACCOUNT_ID", "USER", "WORKSPACE_ID", "Gate", "Tokens", "auth_routes", "base_url"]

WORKSPACE_ID = "1700000000000001"
ACCOUNT_ID = "00000000-0000-4000-8000-00000000da7a"
USER = "developer@sandbox.local"

OAUTH_LIFE = 3600
FORM_LIMIT = 16 * 1024
GUARDED = ("/api", "/serving-endpoints", "/_sandbox")


@attrs.frozen(kw_only=True)
class OAuthClient:
    """One service principal; its secret never shows in a repr."""

    client_id: str
    client_secret: str = attrs.field(repr=False)


class Tokens:
    """The tokens in force, by digest, so that the time of a lookup tells nothing of a token."""

    def __init__(self, token: str) -> None:
        self._expiry: dict[bytes, float] = {_digest(token): float("inf")}

    def issue(self, life: float) -> str:
        """Give a new token that is good for *life* seconds (infinity: until revoked)."""
        now = time.time()
        self._expiry = {known: end for known, end in self._expiry.items() if end > now}
        token = "dapi" + secrets.token_hex(24)
        self._expiry[_digest(token)] = now + life
        return token

    def revoke(self, token: str) -> None:
        """Make *token* worthless; an unknown one is no error."""
        self._expiry.pop(_digest(token), None)

    def accepts(self, token: str) -> bool:
        """Tell whether *token* is in force."""
        return self._expiry.get(_digest(token), 0.0) > time.time()


class Gate:
    """The outermost layer: gives every answer an `x-request-id` and asks for a bearer token."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self.app = app
        self.tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        refusal = self._refusal(scope, request_id)
        app = error_response(refusal) if refusal else self.app
        await app(scope, receive, _stamped(send, request_id))

    def _refusal(self, scope: Scope, request_id: str) -> ApiError | None:
        if not scope["path"].startswith(GUARDED):
            return None
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            said = "Credential was not sent or was of an unsupported type for this API."
            return unauthenticated(said, request_id)
        if not self.tokens.accepts(token.strip()):
            return unauthenticated("Invalid access token.", request_id)
        return None


def _stamped(send: Send, request_id: str) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["x-request-id"] = request_id
        await send(message)

    return stamped


@attrs.frozen(kw_only=True)
class _OAuth:
    """The token service for one client, or for none."""

    tokens: Tokens
    client: OAuthClient | None

    async def token(self, request: Request) -> Response:
        """Answer `POST /oidc/v1/token` (client credentials)."""
        form = parse_qs((await read_bytes(request, FORM_LIMIT)).decode("utf-8", "replace"))
        grant = form.get("grant_type", [""])[0]
        if grant != "client_credentials":
            said = f"grant_type must be client_credentials, not {grant[:40]!r}"
            return _oauth_error(400, "unsupported_grant_type", said)
        if not self._knows(*_credentials(request, form)):
            said = "Client authentication failed: check client_id and client_secret"
            return _oauth_error(401, "invalid_client", said)
        body = {
            "access_token": self.tokens.issue(OAUTH_LIFE),
            "token_type": "Bearer",
            "expires_in": OAUTH_LIFE,
            "scope": form.get("scope", ["all-apis"])[0],
        }
        return json_response(body, {"cache-control": "no-store"})

    def _knows(self, client_id: str, client_secret: str) -> bool:
        if self.client is None:
            return False
        same_id = hmac.compare_digest(_digest(client_id), _digest(self.client.client_id))
        same_secret = hmac.compare_digest(
            _digest(client_secret), _digest(self.client.client_secret)
        )
        return same_id and same_secret


def auth_routes(tokens: Tokens, client_id: str | None, client_secret: str | None) -> list[Route]:
    """Give the routes of discovery, of the token service and of the current user."""
    both = client_id and client_secret
    client = (
        OAuthClient(client_id=client_id or "", client_secret=client_secret or "") if both else None
    )
    discovery = "/oidc/.well-known/oauth-authorization-server"
    return [
        Route("/.well-known/databricks-config", _config, methods=["GET"]),
        Route(discovery, _authorization_server, methods=["GET"]),
        Route("/oidc/v1/token", _OAuth(tokens=tokens, client=client).token, methods=["POST"]),
        Route("/api/2.0/preview/scim/v2/Me", _me, methods=["GET"]),
    ]


def base_url(request: Request) -> str:
    """Give the address under which the client reached the sandbox, without a final slash."""
    return str(request.base_url).rstrip("/")


async def _config(request: Request) -> Response:
    return json_response(
        {
            "oidc_endpoint": f"{base_url(request)}/oidc",
            "account_id": ACCOUNT_ID,
            "workspace_id": WORKSPACE_ID,
            "cloud": "AWS",
        }
    )


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


async def _me(_request: Request) -> Response:
    user = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "1",
        "userName": USER,
        "displayName": "Sandbox developer",
        "active": True,
        "emails": [{"type": "work", "value": USER, "primary": True}],
        "groups": [{"display": "users", "type": "direct", "value": "1"}],
    }
    return json_response(user, {"X-Databricks-Org-Id": WORKSPACE_ID})


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


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
