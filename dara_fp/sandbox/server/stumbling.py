"""Where calls go wrong: the layer that carries faults out, and connections that can be reset."""

import asyncio
import socket
import struct
from pathlib import Path
from typing import cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from dara_fp.sandbox.server.errors import error_response
from dara_fp.sandbox.server.faults import Fault, Faults, refusal_of
from dara_fp.sandbox.server.kills import kill_runs, kill_sandbox
from dara_fp.sandbox.server.reads import Read, Reads

__all__ = ["Connection", "Stumbling", "cut"]

_KEY = "dara_fp.connection"
_NO_LINGER = struct.pack("ii", 1, 0)
_READS = ("GET", "HEAD")


class Connection(HttpToolsProtocol):
    """A connection of uvicorn that the application can find in the state of its requests."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Remember the *transport*."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _KEY: transport}


class Stumbling:
    """The layer around *app* that lets calls go wrong as *faults* has it.

    Args:
        app: What is called.
        faults: Which calls go wrong.
        runs_at: The folder below which the programs of runs work; what a fault kills is there.
    """

    def __init__(self, app: ASGIApp, faults: Faults, runs_at: Path) -> None:
        self.app = app
        self.faults = faults
        self.runs_at = runs_at
        self._reads = Reads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        http = scope["type"] == "http"
        fault = self.faults.strike(scope["method"], scope["path"]) if http else None
        if fault is None:
            await self._pass(scope, receive, send)
            return
        if fault.after_effect:
            await self.app(scope, receive, _unheard)
        await asyncio.sleep(fault.delay)
        await self._kill(fault)
        await self._answer(fault, scope, receive, send)

    async def _kill(self, fault: Fault) -> None:
        if fault.kill == "sandbox":
            kill_sandbox()
        if fault.kill == "run":
            await asyncio.to_thread(kill_runs, self.runs_at.resolve())

    async def _answer(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.loses_answer:
            await cut(scope, receive)
        elif fault.status is not None:
            await error_response(refusal_of(fault, fault.status))(scope, receive, send)
        elif fault.stale:
            await self._answer_as_before(scope, receive, send)
        else:
            await self._pass(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in _READS:
            await self.app(scope, receive, send)
            return
        read = Read(scope, receive, keep=self.faults.may_be_stale(scope["method"], scope["path"]))
        await read.send_from(self.app, scope, send, self._reads)

    async def _answer_as_before(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = Read(scope, receive, keep=True)
        await read.collect(self.app, scope)
        shown = self._reads.before(read, scope["path"])
        self._reads.note(read)
        await shown(scope, receive, send)


async def _unheard(_message: Message) -> None:
    """Lose a part of an answer."""


async def cut(scope: Scope, receive: Receive) -> None:
    """Reset the connection of *scope*.

    Raises:
        ConnectionResetError: The application is called without a server.
    """
    transport = cast("asyncio.Transport | None", scope.get("state", {}).get(_KEY))
    if transport is None:
        raise ConnectionResetError("the sandbox was asked to cut this connection")
    # Without lingering, closing sends a reset instead of a polite end.
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    # Returning before the server knows would make it look for the missing answer.
    while (await receive())["type"] != "http.disconnect":
        pass
