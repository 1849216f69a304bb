"""The proxy before a Databricks App: it says who calls, and it does not wait for ever."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import attrs
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from yarl import URL

from dara_fp.sandbox.server.auth import USER, WORKSPACE_ID
from dara_fp.sandbox.server.server import HELD_BACK
from dara_fp.sandbox.server.stumbling import cut

__all__ = ["CALLER", "AppsProxy", "Beside", "Habits"]

CALLER: Final = "x-sandbox-user"
"""A header for developers: the e-mail address of who calls. The app does not see it."""

_SET_BY_PROXY: Final = ("x-forwarded-", "x-real-ip", "x-request-id", CALLER)
_HOP_BY_HOP: Final = frozenset(
    {
        *("connection", "host", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_OF_THE_SERVER: Final = frozenset({"date", "server"})
"""Headers of an answer that the server of the proxy writes itself."""

_CONNECT_SECONDS: Final = 10.0


@attrs.frozen(kw_only=True)
class Habits:
    """How the proxy treats what goes through it.

    Attributes:
        request_seconds: Time for a whole answer; 504 after that, or the answer is cut.
        stream_seconds: Time for an event stream, which is cut then.
        buffer_bytes: An event stream is handed on whenever so many bytes have come; 0 hands on
            everything at once.
    """

    request_seconds: float = 120.0
    stream_seconds: float = 300.0
    buffer_bytes: int = HELD_BACK


class AppsProxy:
    """An application in front of the app at *target*, as a browser finds it on Databricks.

    It sets the headers that an app is to trust, drops those of callers, ends what takes too long,
    and holds event streams back. Web sockets are refused: it is for HTTP.

    Args:
        target: Address of the app.
        access_token: What the app gets as the caller's token for the workspace.
        habits: Limits of time, and buffering.
    """

    def __init__(self, target: str, access_token: str, habits: Habits | None = None) -> None:
        self.target = target.rstrip("/")
        self.habits = habits or Habits()
        self._access_token = access_token
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1011})
            return
        exchange = _Exchange(scope, receive, send)
        headers = self._headers(scope)
        leaving = asyncio.create_task(exchange.left())
        work = asyncio.create_task(self._serve(scope, headers, exchange))
        try:
            await asyncio.wait({leaving, work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            work.cancel()
            await asyncio.wait({leaving, work})
        if not work.cancelled() and not work.result():
            await cut(scope, receive)

    async def aclose(self) -> None:
        """Close the connections to the app."""
        if self._session is not None:
            await self._session.close()

    async def _serve(self, scope: Scope, headers: dict[str, str], exchange: "_Exchange") -> bool:
        """Serve, and tell whether the answer is whole."""
        try:
            async with asyncio.timeout(self.habits.request_seconds) as limit:
                await self._pass_on(scope, headers, exchange, limit)
        except TimeoutError:
            return await exchange.instead(scope, 504, "upstream request timeout")
        except (aiohttp.ClientError, OSError) as error:
            said = f"The app at {self.target} did not answer: {type(error).__name__}. Start it."
            return await exchange.instead(scope, 502, said)
        return True

    async def _pass_on(
        self, scope: Scope, headers: dict[str, str], exchange: "_Exchange", limit: asyncio.Timeout
    ) -> None:
        async with self._connections().request(
            scope["method"],
            self._address(scope),
            headers=headers,
            data=exchange.body() if exchange.has_body else None,
            allow_redirects=False,
        ) as answer:
            streams = answer.content_type == "text/event-stream"
            if streams:
                now = asyncio.get_running_loop().time()
                limit.reschedule(now + self.habits.stream_seconds)
            await exchange.begin(answer)
            held = self.habits.buffer_bytes if streams else 0
            async for piece in _pieces(answer.content, held):
                await exchange.go_on(piece)
            await exchange.end()

    def _headers(self, scope: Scope) -> dict[str, str]:
        sent = Headers(scope=scope)
        email = sent.get(CALLER, USER)
        kept = {
            name: ", ".join(sent.getlist(name))
            for name in sent
            if name not in _HOP_BY_HOP and not name.startswith(_SET_BY_PROXY)
        }
        return kept | {
            "X-Forwarded-Host": sent.get("host", ""),
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": _address(scope),
            "X-Forwarded-User": _user_id(email),
            "X-Forwarded-Email": email,
            "X-Forwarded-Preferred-Username": email,
            "X-Forwarded-Access-Token": self._access_token,
            "X-Real-Ip": _address(scope),
            "X-Request-Id": str(uuid.uuid4()),
        }

    def _address(self, scope: Scope) -> URL:
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        return URL(f"{self.target}{path}{'?' if query else ''}{query}", encoded=True)

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The times are those of this proxy's limits, so the client has none of its own.
            patient = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
            self._session = aiohttp.ClientSession(
                timeout=patient,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=0),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        return self._session


class Beside:
    """The sandbox and a proxy in one process, told apart by the port that was called."""

    def __init__(self, sandbox: ASGIApp, proxy: AppsProxy, proxy_port: int) -> None:
        self.sandbox = sandbox
        self.proxy = proxy
        self.proxy_port = proxy_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":

            async def heard() -> Message:
                message = await receive()
                if message["type"] == "lifespan.shutdown":
                    await self.proxy.aclose()
                return message

            await self.sandbox(scope, heard, send)
            return
        asked = scope["server"][1]
        await (self.proxy if asked == self.proxy_port else self.sandbox)(scope, receive, send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = Headers(scope=scope)
        self.has_body = "content-length" in sent or "transfer-encoding" in sent
        self._receive = receive
        self._send = send
        self._sent = asyncio.Event()
        self._begun = False
        if not self.has_body:
            self._sent.set()

    async def body(self) -> AsyncIterator[bytes]:
        """Give the body of the request as it comes."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError("the caller left in the middle of the request")
            yield message.get("body", b"")
            if not message.get("more_body", False):
                self._sent.set()
                return

    async def left(self) -> None:
        """Wait until the caller has gone away."""
        await self._sent.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def begin(self, answer: aiohttp.ClientResponse) -> None:
        """Hand on how *answer* begins."""
        # An app may answer before it has read all; whoever has its answer sends no more.
        self._sent.set()
        self._begun = True
        headers = [
            (name.lower(), value)
            for name, value in answer.raw_headers
            if name.lower().decode("latin-1") not in _HOP_BY_HOP | _OF_THE_SERVER
        ]
        await self._send(
            {"type": "http.response.start", "status": answer.status, "headers": headers}
        )

    async def go_on(self, piece: bytes) -> None:
        """Hand on a *piece* of the answer."""
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self) -> None:
        """Hand on that the answer is whole."""
        await self._send({"type": "http.response.body", "body": b""})

    async def instead(self, scope: Scope, status: int, said: str) -> bool:
        """Answer *status* if nothing was answered yet, and tell whether that is so."""
        if self._begun:
            return False
        answer: ASGIApp = PlainTextResponse(said, status_code=status)
        await answer(scope, self._receive, self._send)
        return True


async def _pieces(content: aiohttp.StreamReader, held: int) -> AsyncIterator[bytes]:
    """Give *content* as it comes, or *held* bytes at a time."""
    waiting = b""
    async for piece in content.iter_any():
        waiting += piece
        if len(waiting) >= held:
            yield waiting
            waiting = b""
    if waiting:
        yield waiting


def _user_id(email: str) -> str:
    """Give a number for who has *email*, at the workspace, as Databricks names users."""
    number = uuid.uuid5(uuid.NAMESPACE_DNS, email).int % 10**16
    return f"{number}@{WORKSPACE_ID}"


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
