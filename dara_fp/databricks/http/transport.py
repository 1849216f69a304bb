"""Requests out, answers in, both as streams; the HTTP library comes with the first call.

It takes a third of a second to import, which a program that makes no call should not pay: it is
known to the file `pool` alone, and that one is imported in a thread.
"""

import asyncio
import importlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, aclosing, nullcontext
from typing import Protocol, TypeAlias, cast
from urllib.parse import unquote, urlsplit

import attrs

from dara_fp.core.errors import StepError
from dara_fp.databricks.errors import ConnectionFailed, UnexpectedAnswer
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.deadline import Deadline
from dara_fp.databricks.http.request_ids import request_id_of

__all__ = ["Call", "Failures", "Pool", "Reply", "Response", "Transport"]

_CHUNK = 256 * 1024
_REFUSED = 400
_log = logging.getLogger("dara_fp.databricks")


@attrs.frozen(kw_only=True)
class Call:
    """One HTTP request.

    Attributes:
        method: Verb.
        url: Absolute URL with its query.
        headers: All headers but the length.
        body: What to send, if anything.
        secrets: What no error about the call may show, however the answer echoes it.
        deadline: Is told what the call waits for before it can be sent.
        is_secret: Whether the URL holds a secret, so that it is kept nowhere.
    """

    method: str
    url: str = attrs.field(repr=False)  # a presigned URL is a secret
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: Body | None = None
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)
    deadline: Deadline | None = attrs.field(default=None, repr=False, eq=False)
    is_secret: bool = False

    @property
    def path(self) -> str:
        """Give the path without its query, which may hold a signature."""
        return unquote(urlsplit(self.url).path)

    @property
    def name(self) -> str:
        """Name the call without its query."""
        return f"{self.method} {self.path}"

    @property
    def host(self) -> str:
        """Name the host, with its port where it is not the standard one."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


class Response(Protocol):
    """What is used of the HTTP library's response."""

    @property
    def status_code(self) -> int:
        """Tell the HTTP status."""
        ...

    @property
    def reason_phrase(self) -> str:
        """Tell the reason phrase."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Give the headers; names are found in any case."""
        ...

    @property
    def is_closed(self) -> bool:
        """Tell whether the connection was let go."""
        ...

    @property
    def is_stream_consumed(self) -> bool:
        """Tell whether reading has begun."""
        ...

    @property
    def stream(self) -> object:
        """Give the body as it came over the wire, to be iterated."""
        ...

    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Give the body in chunks of *chunk_size* bytes, or as they come."""
        ...

    async def aclose(self) -> None:
        """Let go of the connection."""
        ...


Failures: TypeAlias = Callable[[Call, Mapping[str, str]], AbstractContextManager[None]]
"""Turns what the HTTP library raises for a call so answered into a `DatabricksError`."""


class Pool(Protocol):
    """Connections of the HTTP library."""

    async def send(self, call: Call) -> Response:
        """Send *call* and give the answer as soon as its headers are here."""
        ...

    def failures(self, call: Call, headers: Mapping[str, str]) -> AbstractContextManager[None]:
        """Turn what the library raises for *call*, answered with *headers*, into our own error."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


def _none(_call: Call, _headers: Mapping[str, str]) -> AbstractContextManager[None]:
    return nullcontext()


class Reply:
    """An answer whose headers have come; read it, or close it."""

    def __init__(self, call: Call, response: Response, failures: Failures = _none) -> None:
        """Answer *call* with *response*, whose own *failures* are turned into ours."""
        self._call = call
        self._response = response
        self._failures = failures

    @property
    def status(self) -> int:
        """Tell the HTTP status."""
        return self._response.status_code

    @property
    def reason(self) -> str:
        """Tell the reason phrase."""
        return self._response.reason_phrase

    @property
    def headers(self) -> Mapping[str, str]:
        """Give the headers; names are found in any case."""
        return self._response.headers

    @property
    def secrets(self) -> tuple[str, ...]:
        """Give what no error about the answer may show."""
        return self._call.secrets

    @property
    def request_id(self) -> str | None:
        """Tell the service's id of the request."""
        return request_id_of(self.headers, secrets=self.secrets)

    async def read(self, limit: int) -> bytes:
        """Read the whole body, of at most *limit* bytes, and close.

        Raises:
            UnexpectedAnswer: The body is longer.
            ConnectionFailed: It was cut short.
        """
        with self._failing():
            try:
                return await self._whole(limit)
            finally:
                await self._response.aclose()

    async def beginning(self, limit: int) -> bytes:
        """Read at most *limit* bytes of the body, or what is there of it, and close.

        Of a refusal the status tells more than that its body was cut or cannot be unpacked.

        Raises:
            ConnectionFailed: It was cut short, and is no refusal.
            UnexpectedAnswer: It cannot be unpacked, and is no refusal.
        """
        parts = bytearray()
        try:
            async with aclosing(self.chunks(None)) as chunks:
                async for chunk in chunks:
                    parts += chunk
                    if len(parts) >= limit:
                        break
        except (ConnectionFailed, UnexpectedAnswer) as error:
            if self.status < _REFUSED:
                raise
            _log.debug("the body of a refusal cannot be read: %s", error)
        return bytes(parts[:limit])

    async def chunks(self, size: int | None = _CHUNK) -> AsyncGenerator[bytes]:
        """Give the body in chunks of *size* bytes, and close at the end; None: each as it comes.

        Raises:
            ConnectionFailed: It was cut short.
        """
        try:
            with self._failing():
                async for chunk in self._response.aiter_bytes(size):
                    yield chunk
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connection."""
        with self._failing():
            await self._response.aclose()

    def _failing(self) -> AbstractContextManager[None]:
        return self._failures(self._call, self.headers)

    async def _whole(self, limit: int) -> bytes:
        parts = bytearray()
        async for chunk in self._arriving():
            parts += chunk
            if len(parts) > limit:
                said = f"{self._call.name}: the answer is longer than {limit:,} bytes: ask for less"
                told = StepError(message=said, status=self.status, request_id=self.request_id)
                raise UnexpectedAnswer(told)
        return bytes(parts)

    def _arriving(self) -> AsyncIterable[bytes]:
        """Give the body as it comes: past the library's layers for decoding, where it has none."""
        answer = self._response
        is_begun = answer.is_closed or answer.is_stream_consumed
        if is_begun or "content-encoding" in answer.headers:
            return answer.aiter_bytes()
        return cast("AsyncIterable[bytes]", answer.stream)


class Transport:
    """A pool of connections, opened at the first call."""

    def __init__(self, *, timeout_seconds: float, max_connections: int) -> None:
        """Wait at most *timeout_seconds* for a sign of life, on at most *max_connections*."""
        self._timeout = timeout_seconds
        self._connections = max_connections
        self._pool: Pool | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening = asyncio.Lock()
        self._met: set[str] = set()

    async def open(self) -> None:
        """Get ready to send, which takes a while the first time.

        Raises:
            ConfigurationError: The certificates that the environment names cannot be read.
        """
        await self._opened()

    async def send(self, call: Call) -> Reply:
        """Send *call* and give the answer as soon as its headers are here.

        Raises:
            ConnectionFailed: No answer came.
        """
        pool = await self._opened()
        response = await pool.send(call)
        self._met.add(call.host)
        return Reply(call, response, pool.failures)

    def has_met(self, host: str) -> bool:
        """Tell whether *host*, a name with its port, has ever answered."""
        return host in self._met

    async def aclose(self) -> None:
        """Close every connection."""
        pool, self._pool, self._loop = self._pool, None, None
        self._opening = asyncio.Lock()  # the old one may belong to this loop
        if pool is not None:
            await pool.aclose()

    async def _opened(self) -> Pool:
        loop = asyncio.get_running_loop()
        if self._loop not in {None, loop}:
            raise RuntimeError(
                "this workspace was used in another event loop: make one workspace a loop,"
                " or close it there before it is used here",
            )
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    self._pool = await asyncio.to_thread(_made, self._timeout, self._connections)
                    self._loop = loop
        return self._pool


def _made(timeout_seconds: float, max_connections: int) -> Pool:
    """Make a pool; imports the library and reads certificates (400 ms), so call it in a thread."""
    made = importlib.import_module("dara_fp.databricks.http.pool").HttpPool(
        timeout_seconds=timeout_seconds, max_connections=max_connections
    )
    return cast("Pool", made)
