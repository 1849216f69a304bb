"""Signing in as a service principal: OAuth, machine to machine."""

import base64
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from dara_fp.core.errors import StepError
from dara_fp.databricks.auth.renewal import Held, Renewed
from dara_fp.databricks.auth.settings import Settings
from dara_fp.databricks.auth.signature import Signature
from dara_fp.databricks.errors import UnexpectedAnswer
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.redaction import credentials, hiding
from dara_fp.databricks.http.refusals import Refusal, excerpt, refused
from dara_fp.databricks.http.transport import Call, Transport

__all__ = ["MachineAuth"]

T = TypeVar("T")
_REFUSED = 300
_LIMIT = 1024 * 1024
_DISCOVERY = ".well-known/oauth-authorization-server"


class MachineAuth:
    """Signs as a service principal, whose token is asked for ahead of the end of the last one."""

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
        self._renewed = Renewed(
            self._fetch, source=settings.host, clock=clock, timeout_seconds=timeout_seconds
        )

    async def signature(self) -> Signature:
        """Give what to sign with, fetching a token where there is none in force.

        Raises:
            DatabricksError: The workspace gave none.
        """
        return await self._renewed.signature()

    def forget(self, signature: Signature) -> bool:
        """Give up the token of *signature* if it is still the one in use."""
        self._renewed.forget(signature)
        return True

    async def aclose(self) -> None:
        """Stop fetching."""
        await self._renewed.aclose()

    async def _fetch(self) -> Held:
        began = self._clock()
        granted = await self._ask(await self._endpoint())
        return _held(granted, began)

    async def _endpoint(self) -> str:
        url = f"{self._settings.host}{_root(self._settings)}/{_DISCOVERY}"
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

    async def _ask(self, endpoint: str) -> "_Granted":
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
                    path=call.path,
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
                    request_id=reply.request_id,
                ),
            ) from None


class _Discovered(msgspec.Struct):
    token_endpoint: str


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0
    token_type: str = "Bearer"  # noqa: S105 - the scheme, not a secret


def _root(settings: Settings) -> str:
    """Give where the token service lies: that of an account beside the account's id."""
    is_account = settings.host.startswith(("https://accounts.", "https://accounts-dod."))
    account = settings.account_id if is_account else None
    return f"/oidc/accounts/{account}" if account else "/oidc"


def _held(granted: _Granted, began: float) -> Held:
    """Keep *granted*, renewed a minute ahead of its end, or a tenth of a short life ahead."""
    life = max(0.0, granted.expires_in)
    return Held(
        signature=Signature(headers={"Authorization": f"Bearer {granted.access_token}"}),
        stale=began + life - min(60.0, life / 10),
        expires=began + life,
    )
