"""The one file that knows the HTTP library."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from functools import lru_cache
from ssl import SSLContext
from types import MappingProxyType, SimpleNamespace, TracebackType

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.errors import ConnectionFailed, DatabricksError, UnexpectedAnswer
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.deadline import Deadline
from dara_fp.databricks.http.proxies import certificates, proxy_for, refused_by_proxy
from dara_fp.databricks.http.refusals import excerpt
from dara_fp.databricks.http.request_ids import request_id_of
from dara_fp.databricks.http.transport import Call

__all__ = ["HttpPool"]

_CONNECT = 10.0  # seconds; who does not take a connection by then is not there

# What the library lets through beside its own errors: some of aiohttp's are not mapped.
_TROUBLES = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError)

# Those of them that say that there was no connection to send anything on.
_UNSENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)

_NONE: Mapping[str, str] = MappingProxyType({})

# A poll asks for the same address again and again, and taking one apart is a tenth of a call.
_address = lru_cache(maxsize=1024)(httpx.URL)

Telling = Callable[[aiohttp.ClientSession, SimpleNamespace, object], Awaitable[None]]

# The deadline of the call that this task sends: the library's tracing knows of no call.
_deadline: ContextVar[Deadline | None] = ContextVar("dara_fp_databricks_deadline", default=None)


class HttpPool:
    """Connections of httpx over aiohttp's pool."""

    def __init__(self, *, timeout_seconds: float, max_connections: int) -> None:
        """Trust the certificates that the environment names; they are read here (50 ms)."""
        self._timeout = timeout_seconds
        connect = min(timeout_seconds, _CONNECT)
        self._timeouts = httpx.Timeout(timeout_seconds, connect=connect, pool=None).as_dict()
        limits = httpx.Limits(
            # Numbers throughout: the library takes None for its default of 100.
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=30.0,
        )
        trusted = certificates() or httpx.create_ssl_context()
        self._client = _Client(transport=_ByEnvironment(trusted, limits), trust_env=False)

    async def send(self, call: Call) -> httpx.Response:
        """Send *call* and give the answer as soon as its headers are here.

        Raises:
            DatabricksError: No answer came.
        """
        before = _deadline.set(call.deadline)
        try:
            with self.failures(call):
                whole = call.body.whole if call.body is not None else None
                if call.body is not None and whole is None:
                    return await self._streamed(call, call.body)
                return await self._client.exchange(self._request(call, whole))
        finally:
            _deadline.reset(before)

    def failures(
        self, call: Call, headers: Mapping[str, str] = _NONE
    ) -> AbstractContextManager[None]:
        """Turn what the library raises for *call*, answered with *headers*, into our own error."""
        return _Failures(call, headers)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _streamed(self, call: Call, body: Body) -> httpx.Response:
        stall = _Stall(self._timeout)
        request = self._request(call, stall.watch(body), {"Content-Length": str(body.length)})
        try:
            async with asyncio.timeout(None) as limit:
                stall.limit = limit
                return await self._client.exchange(request)
        finally:
            stall.limit = None

    def _request(
        self,
        call: Call,
        content: bytes | AsyncIterator[bytes] | None,
        more: Mapping[str, str] = _NONE,
    ) -> httpx.Request:
        url = httpx.URL(call.url) if call.is_secret else _address(call.url)
        headers = {"Accept-Encoding": "gzip, deflate", **call.headers, **more}
        extensions = {"timeout": self._timeouts}
        return httpx.Request(
            call.method, url, headers=headers, content=content, extensions=extensions
        )


class _Client(httpx.AsyncClient):
    """Sends requests as they are.

    The library's own way follows redirects, keeps cookies, signs and logs whole addresses, whose
    query may be a secret; that we do not want, and it takes a third of the time.
    """

    async def exchange(self, request: httpx.Request) -> httpx.Response:
        """Give the answer to *request* as soon as its headers are here."""
        transport = self._transport_for_url(request.url)
        return await transport.handle_async_request(request)


class _Failures(AbstractContextManager[None]):
    """Every call passes here, so that this is a class: a generator takes several times as long."""

    def __init__(self, call: Call, headers: Mapping[str, str]) -> None:
        self._call = call
        self._headers = headers

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not isinstance(error, _TROUBLES):
            return
        body = self._call.body
        raised = body.failure if body is not None else None
        found = raised if isinstance(raised, Exception) else self._failure(error)
        del error, trace  # the library's own text may hold the URL
        try:
            raise found
        finally:
            found.__context__ = None  # for the same reason

    def _failure(self, trouble: BaseException) -> DatabricksError:
        found = _failure(self._call, trouble)
        return found.changed(request_id=request_id_of(self._headers, secrets=self._call.secrets))


class _Stall:
    """Ends a call whose peer takes no piece of the body in time: the library watches reading only.

    A slow source is not a stalled peer, so the clock stands still while a piece is made. An answer
    may come before the body is through; from then on there is no limit to move.
    """

    def __init__(self, seconds: float) -> None:
        self.limit: asyncio.Timeout | None = None
        self._seconds = seconds

    async def watch(self, body: Body) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        async for piece in body.pieces():
            self._move(loop.time() + self._seconds)
            yield piece
            self._move(None)

    def _move(self, when: float | None) -> None:
        if self.limit is not None and not self.limit.expired():
            self.limit.reschedule(when)


class _ByEnvironment(httpx.AsyncBaseTransport):
    """Goes straight or by the proxy that the environment names for a host."""

    def __init__(self, trusted: SSLContext, limits: httpx.Limits) -> None:
        self._trusted = trusted
        self._limits = limits
        self._routes: dict[str | None, AiohttpTransport] = {}
        self._ways: dict[tuple[str, str], AiohttpTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # Kept, since looking through the environment takes as long as all the rest of a call.
        way = (request.url.scheme, request.url.host)
        if way not in self._ways:
            self._ways[way] = self._way(*way)
        return await self._ways[way].handle_async_request(request)

    async def aclose(self) -> None:
        for route in self._routes.values():
            await route.aclose()

    def _way(self, scheme: str, host: str) -> AiohttpTransport:
        proxy = proxy_for(scheme, host)
        if proxy not in self._routes:
            self._routes[proxy] = self._route(proxy)
        return self._routes[proxy]

    def _route(self, proxy: str | None) -> AiohttpTransport:
        return AiohttpTransport(
            verify=self._trusted,
            limits=self._limits,
            proxy=httpx.Proxy(proxy) if proxy else None,
            client=self._session,
        )

    def _session(self) -> aiohttp.ClientSession:
        # trust_env would look for ~/.netrc in a thread at every call, and refuse our header for a
        # host it finds there; the default jar would send cookies back.
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._limits.max_connections or 0,
                keepalive_timeout=self._limits.keepalive_expiry,
                ssl=self._trusted,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Content-Type",),  # it would give one to calls without a body
            trust_env=False,
            trace_configs=[_waits(self._limits.max_connections)],
        )
        # It would send GET, PUT and DELETE once more by itself, behind the budget that decides on
        # further tries; there is no public switch, and aiohttp's own test client sets this one.
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return session


def _waits(connections: int | None) -> aiohttp.TraceConfig:
    """Have each call's deadline told what the call waits for in a pool of *connections*."""
    full = f"one of the {connections} connections, which are all in use: read or close answers"
    full += " that are open, or allow more connections"
    traced = aiohttp.TraceConfig()
    traced.on_connection_queued_start.append(_telling(full))
    traced.on_connection_queued_end.append(_telling(""))
    traced.on_connection_create_start.append(_telling("a connection"))
    traced.on_connection_create_end.append(_telling(""))
    return traced


def _telling(before: str) -> Telling:
    async def tell(_session: aiohttp.ClientSession, _call: SimpleNamespace, _at: object) -> None:
        if (deadline := _deadline.get()) is not None:
            deadline.before = before

    return tell


def _failure(call: Call, trouble: BaseException) -> DatabricksError:
    # The library calls a reset connection a ConnectTimeout: its cause tells the truth.
    cause = trouble.__cause__
    origin = cause if isinstance(cause, aiohttp.ClientError | OSError) else trouble
    if isinstance(origin, aiohttp.ClientHttpProxyError):
        return refused_by_proxy(call, origin.status)
    if isinstance(origin, aiohttp.ClientResponseError | httpx.InvalidURL | aiohttp.InvalidURL):
        return UnexpectedAnswer(
            StepError(message=f"{call.name}: {call.host} does not speak HTTP: check the host"),
        )
    if isinstance(origin, aiohttp.ClientConnectorCertificateError):
        return _untrusted(call, origin)
    if isinstance(origin, httpx.DecodingError):
        return UnexpectedAnswer(
            StepError(message=f"{call.name}: the answer cannot be unpacked: check the host"),
        )
    late = isinstance(origin, TimeoutError | httpx.TimeoutException)
    what = "no answer in time" if late else "the connection failed"
    said = excerpt(str(origin)) or type(origin).__name__
    failed = ConnectionFailed(
        StepError(
            kind=Kind.TIMEOUT if late else Kind.FAILED,
            message=f"{call.name}: {what} from {call.host}: {said}",
            retryable=True,
        ),
    )
    failed.sent = not isinstance(origin, _UNSENT)
    return failed


def _untrusted(call: Call, error: aiohttp.ClientConnectorCertificateError) -> DatabricksError:
    failed = UnexpectedAnswer(
        StepError(
            kind=Kind.REJECTED,
            message=f"{call.name}: {call.host} shows a certificate that is not trusted"
            f" ({excerpt(str(error.certificate_error))}): check the host, or name a file of"
            " certificates in PEM form by SSL_CERT_FILE",
        ),
    )
    failed.sent = False
    return failed
