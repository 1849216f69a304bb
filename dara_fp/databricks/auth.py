"""How a caller signs its calls: with a token, or as a service principal by OAuth."""

import asyncio
import base64
import logging
import time
from collections.abc import Callable
from typing import Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

import attrs
import msgspec

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.body import Body
from dara_fp.databricks.errors import ConnectionFailed, DatabricksError, UnexpectedAnswer
from dara_fp.databricks.redaction import credentials, hiding
from dara_fp.databricks.refusals import Refusal, excerpt, refused, request_id_of
from dara_fp.databricks.settings import Settings
from dara_fp.databricks.transport import Call, Transport

__all__ = ["Auth", "MachineAuth", "TokenAuth", "auth_for"]

_log = logging.getLogger("dara_fp.databricks")
T = TypeVar("T")
_REFUSED = 300
_LIMIT = 1024 * 1024
_DISCOVERY = "/oidc/.well-known/oauth-authorization-server"
_PAUSE = 5.0  # seconds between two failed refreshes ahead of time


class Auth(Protocol):
    """Gives the `Authorization` header of a call."""

    @property
    def kind(self) -> str:
        """Name the kind, as the user agent tells it."""
        ...

    async def header(self) -> str:
        """Give the header's value."""
        ...

    def forget(self, header: str) -> bool:
        """Give up *header*, which was rejected; tell whether there may be a newer one."""
        ...

    async def aclose(self) -> None:
        """Stop what runs in the background."""
        ...


def auth_for(settings: Settings, transport: Transport, clock: Callable[[], float]) -> Auth:
    """Give the way *settings* say a caller signs in."""
    if settings.token:
        return TokenAuth(settings.token)
    return MachineAuth(settings, transport, clock=clock)


class TokenAuth:
    """Signs with one token that does not change."""

    kind = "pat"

    def __init__(self, token: str) -> None:
        """Sign with *token*."""
        self._header = f"Bearer {token}"

    async def header(self) -> str:
        """Give the header's value."""
        return self._header

    def forget(self, header: str) -> bool:  # noqa: ARG002 - there is no other
        """Tell that there is no newer token."""
        return False

    async def aclose(self) -> None:
        """Have nothing to stop."""


class _Discovered(msgspec.Struct):
    token_endpoint: str


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0
    token_type: str = "Bearer"  # noqa: S105 - the scheme, not a secret


@attrs.frozen(kw_only=True)
class _Held:
    """A token in use; times are seconds of the clock."""

    header: str = attrs.field(repr=False)
    stale: float
    expires: float


class MachineAuth:
    """Signs as a service principal (OAuth machine-to-machine), without ever blocking the loop.

    However many callers wait, one request fetches the token. Ahead of its expiry it is renewed in
    the background while calls go on with the old one; a renewal that fails leaves the old one in
    use until it expires.
    """

    kind = "oauth-m2m"

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        timeout_seconds: float = 30.0,
    ) -> None:
        """Sign in with the client of *settings*, waiting at most *timeout_seconds* for a token."""
        self._settings = settings
        self._transport = transport
        self._clock = clock
        self._timeout = timeout_seconds
        self._held: _Held | None = None
        self._fetching: asyncio.Task[_Held] | None = None
        self._not_before = 0.0

    async def header(self) -> str:
        """Give the header's value, fetching a token where there is none in force.

        Raises:
            DatabricksError: The workspace gave none.
        """
        now, held = self._clock(), self._held
        if held is None or now >= held.expires:
            # Shielded: a caller that is cancelled must not take the token from the others.
            return (await asyncio.shield(self._fetch())).header
        if now >= max(held.stale, self._not_before):
            self._fetch()
        return held.header

    def forget(self, header: str) -> bool:
        """Give up the token of *header* if it is still the one in use."""
        if self._held is not None and self._held.header == header:
            self._held = None
        return True

    async def aclose(self) -> None:
        """Stop fetching."""
        if self._fetching is not None and not self._fetching.done():
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _fetch(self) -> asyncio.Task[_Held]:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetched())
            self._fetching.add_done_callback(_look)
        return self._fetching

    async def _fetched(self) -> _Held:
        began = self._clock()
        try:
            async with asyncio.timeout(self._timeout):
                granted = await self._ask(await self._endpoint())
        except TimeoutError:
            self._not_before = self._clock() + _PAUSE
            raise _too_late(self._settings.host, self._timeout) from None
        except DatabricksError as error:
            self._not_before = self._clock() + _PAUSE
            error.sent = False
            raise
        # Set here, not in a callback: whoever comes next must see it at once.
        self._held = _held(granted, began)
        return self._held

    async def _endpoint(self) -> str:
        url = f"{self._settings.host}{_DISCOVERY}"
        call = Call(method="GET", url=url, headers={"Accept": "application/json"})
        found = (await self._answer(call, _Discovered)).token_endpoint
        ours, theirs = urlsplit(self._settings.host), urlsplit(found)
        if not theirs.hostname or theirs.scheme not in {"https", ours.scheme}:
            raise UnexpectedAnswer(
                StepError(
                    message=f"{call.name}: names the token endpoint {excerpt(found)!r},"
                    f" to which no secret goes from {self._settings.host}: check the host",
                ),
            )
        return found

    async def _ask(self, endpoint: str) -> _Granted:
        client = f"{self._settings.client_id}:{self._settings.client_secret}"
        form = {"grant_type": "client_credentials", "scope": "all-apis"}
        headers = {
            "Authorization": f"Basic {base64.b64encode(client.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        body = Body(urlencode(form).encode())
        secrets = (*self._settings.secrets, *credentials(headers))
        call = Call(method="POST", url=endpoint, headers=headers, body=body, secrets=secrets)
        return await self._answer(call, _Granted)

    async def _answer(self, call: Call, wanted: type[T]) -> T:
        with hiding(call.secrets):
            return await self._answered(call, wanted)

    async def _answered(self, call: Call, wanted: type[T]) -> T:
        reply = await self._transport.send(call)
        if reply.status >= _REFUSED:
            raise refused(
                Refusal(
                    method=call.method,
                    path=urlsplit(call.url).path,
                    status=reply.status,
                    reason=reply.reason,
                    headers=reply.headers,
                    body=await reply.beginning(_LIMIT),
                ),
                secrets=call.secrets,
            )
        try:
            return msgspec.json.decode(await reply.read(_LIMIT), type=wanted, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # The body may hold a token: it is not shown.
            raise UnexpectedAnswer(
                StepError(
                    message=f"{call.name}: not what a token service answers ({error}):"
                    " check the host",
                    status=reply.status,
                    request_id=request_id_of(reply.headers),
                ),
            ) from None


def _held(granted: _Granted, began: float) -> _Held:
    """Keep *granted*, renewed a minute ahead of its end, or a tenth of a short life ahead."""
    life = max(0.0, granted.expires_in)
    ahead = min(60.0, life / 10)
    return _Held(
        header=f"Bearer {granted.access_token}",
        stale=began + life - ahead,
        expires=began + life,
    )


def _too_late(host: str, seconds: float) -> ConnectionFailed:
    error = ConnectionFailed(
        StepError(
            kind=Kind.TIMEOUT,
            message=f"no token from {host} within {seconds:g} s",
            retryable=True,
        ),
    )
    error.sent = False
    return error


def _look(fetching: "asyncio.Task[_Held]") -> None:
    """Look at how *fetching* ended: where no one waits, asyncio would complain at exit."""
    if not fetching.cancelled() and (error := fetching.exception()):
        _log.debug("no new token: %s", error)
