"""What the client's tests share: a clock that needs no waiting, and a small real server."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import attrs
import httpx
import respx

from dara_fp.databricks.http.retries import Retries
from dara_fp.databricks.workspace import Workspace

HOST = "https://dbc-1.cloud.databricks.test"
TOKEN = "dapi-never-to-be-seen"


class VirtualTime:
    """Passes only when someone sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def retries(self, seconds: float = 300.0) -> Retries:
        return Retries(seconds=seconds, clock=self.clock, sleep=self.sleep)


def workspace(
    time: VirtualTime | None = None,
    *,
    host: str = HOST,
    seconds: float = 300.0,
    timeout_seconds: float = 60.0,
) -> Workspace:
    """Make a workspace signed by a token, whose pauses between tries take no time."""
    retries = (time or VirtualTime()).retries(seconds)
    return Workspace(host, token=TOKEN, retries=retries, timeout_seconds=timeout_seconds)


def last(route: respx.Route) -> httpx.Request:
    """Give the last request *route* got."""
    request: httpx.Request = route.calls.last.request
    return request


@attrs.frozen(kw_only=True)
class Heard:
    """A request as the server heard it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


Answering = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Hears requests one after the other on each connection, and answers as it is told."""

    def __init__(self, answer: Answering, *, keep: bool = True) -> None:
        self.heard: list[Heard] = []
        self.host = ""
        self._answer = answer
        self._keep = keep
        self._connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        connection = self._connections
        while True:
            heard = await self._hear(reader, connection)
            self.heard.append(heard)
            await self._answer(heard, writer)

    async def _hear(self, reader: asyncio.StreamReader, connection: int) -> Heard:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = head[0].split(" ")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in pairs}
        kept, left = bytearray(), int(headers.get("content-length", "0"))
        while left:
            chunk = await reader.read(min(left, 65536))
            if not chunk:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(chunk)
            if self._keep:
                kept += chunk
        return Heard(
            method=method,
            target=target,
            headers=headers,
            body=bytes(kept),
            connection=connection,
        )


def answer(body: bytes = b"{}", *, status: str = "200 OK", more: str = "") -> bytes:
    """Give an HTTP answer as bytes."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def saying(*answers: bytes | None) -> Answering:
    """Answer with *answers* in turn, the last one for ever; None resets the connection."""
    left = list(answers)

    async def say(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        if now is None:
            writer.transport.abort()
            raise ConnectionResetError
        writer.write(now)
        await writer.drain()

    return say


Handling = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handling: Handling) -> AsyncGenerator[str]:
    """Handle the connections to a free loopback port, whose address is given; end them all."""
    running: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            await handling(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            running.discard(task)
            writer.transport.abort()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for task in running.copy():
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the loop's next turn


@asynccontextmanager
async def served(answering: Answering, *, keep: bool = True) -> AsyncGenerator[Server]:
    """Run a server on a free loopback port; *keep* keeps the bodies it hears."""
    server = Server(answering, keep=keep)
    async with listening(server.serve) as server.host:
        yield server
