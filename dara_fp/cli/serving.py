"""Serving an app, and working beside one."""

import re
import socket
import sys
from collections.abc import Mapping

import uvicorn
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send
from uvicorn.config import LOGGING_CONFIG

from dara_fp.api.limits import BoundedHttp
from dara_fp.api.opening import find_needs, open_executor
from dara_fp.api.services import stop_early
from dara_fp.api.settings import APP_PORT
from dara_fp.core.errors import ConfigurationError
from dara_fp.telemetry.metrics import listening
from dara_fp.telemetry.settings import TelemetrySettings

__all__ = ["READY", "place_of", "serve_app", "work"]

READY = "dara ready "
"""What the one line on standard output starts with; the server's address follows."""

# Passes beside the grace of running tasks, so that 10 s are enough for both.
_SHUTDOWN_SECONDS = 3
_PORT = 8000
_LAST_PORT = 65535


def place_of(environ: Mapping[str, str]) -> tuple[str, int]:
    """Give the host and the port to listen on, if the command line names none.

    Raises:
        ConfigurationError: `DATABRICKSAPP_PORT` is no port.
    """
    text = environ.get(APP_PORT, "").strip()
    if not text:
        return "127.0.0.1", _PORT
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > _LAST_PORT:
        raise ConfigurationError(f"{APP_PORT} is {text!r:.100}: give a port, 0 to {_LAST_PORT}")
    return "0.0.0.0", int(text)  # noqa: S104 - a Databricks App's proxy is another machine


def serve_app(app: FastAPI, host: str, port: int) -> None:
    """Serve *app* until SIGTERM or Ctrl-C.

    Raises:
        Exception: Whatever kept the app from starting.
    """
    guarded = _Startup(app)
    config = uvicorn.Config(
        guarded,
        host,
        port,
        http=BoundedHttp,
        lifespan="on",
        log_config=None if TelemetrySettings.from_environment().log == "json" else LOGGING_CONFIG,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    try:
        _Server(config, app).run()
    except SystemExit:
        if guarded.error is None:
            raise
    if guarded.error is not None:
        raise guarded.error


async def work(app: FastAPI, concurrency: int) -> int:
    """Run queued tasks of *app*'s workflows until it is cancelled.

    Raises:
        ConfigurationError: Names every variable that is unset or does not fit.
    """
    needs = find_needs(app.state.workflows, app.state.env)
    with listening():
        async with open_executor(needs) as executor, executor.working(concurrency):
            sys.stdout.write(f"{READY}worker on {executor.store.address}\n")
            sys.stdout.flush()
            await executor.broken()
    return 0


class _Startup:
    """Keeps what a failed start raised, so that it can be said in one line, not as a stack."""

    def __init__(self, app: FastAPI) -> None:
        self.error: BaseException | None = None
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def quietly(message: Message) -> None:
            failed = message["type"] == "lifespan.startup.failed"
            await send({**message, "message": ""} if failed else message)

        try:
            await self._app(scope, receive, quietly)
        except BaseException as error:
            self.error = error
            raise


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers if self.started else ():
            host, port = server.sockets[0].getsockname()[:2]
            sys.stdout.write(f"{READY}http://{host}:{port}\n")
            sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # First of all: requests that are still open and tasks that still run end side by side.
        stop_early(self._app)
        await super().shutdown(sockets)
