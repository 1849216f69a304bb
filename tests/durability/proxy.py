"""A relay between a store and its server that treats connections badly."""

import asyncio
from contextlib import suppress

__all__ = ["Proxy"]


class Proxy:
    """A relay on a loopback port that loses answers, talks nonsense, is slow, or goes away."""

    def __init__(self, socket_path: str, port: int) -> None:
        self.port = port
        self.lose_answer_to: bytes | None = None
        self.silent = False
        self.swallows: bytes | None = None
        self.swallowed = asyncio.Event()
        self.seconds_a_chunk = 0.0
        self.lost = 0
        self.nonsense: bytes | None = None
        self.connections = 0
        self._path = socket_path
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self.cut()
            await self._server.wait_closed()

    def cut(self) -> None:
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_unix_connection(self._path)
        ends = {writer, back}
        self._open |= ends
        answers = asyncio.create_task(self._relay(there, writer))
        with suppress(OSError):
            await self._watch(reader, back, writer, answers)
        for end in ends:
            end.close()
        self._open -= ends
        await asyncio.wait([answers])

    async def _watch(
        self,
        reader: asyncio.StreamReader,
        back: asyncio.StreamWriter,
        writer: asyncio.StreamWriter,
        answers: "asyncio.Task[None]",
    ) -> None:
        while chunk := await reader.read(65_536):
            if self.lose_answer_to is not None and self.lose_answer_to in chunk:
                # The server sees the command and acts on it; the client sees a reset.
                self.lose_answer_to = None
                self.lost += 1
                answers.cancel()
                back.write(chunk)
                await back.drain()
                writer.transport.abort()
                return
            if self.nonsense is not None:
                writer.write(self.nonsense)
                self.nonsense = None
                continue
            if self.silent or (self.swallows is not None and self.swallows in chunk):
                self.swallowed.set()
                continue
            await asyncio.sleep(self.seconds_a_chunk)
            back.write(chunk)
            await back.drain()

    async def _relay(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await there.read(65_536):
                await asyncio.sleep(self.seconds_a_chunk)
                writer.write(chunk)
                await writer.drain()
        writer.close()
