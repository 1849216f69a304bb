"""The local workspace as a command."""

import secrets
import uuid
from pathlib import Path

import attrs
from rich.console import Console

from dara_fp.cli.mistakes import CannotLoad
from dara_fp.sandbox.server.server import Options, SandboxNotInstalled, require_extra, run
from dara_fp.sandbox.sql.warehouses import FIRST as WAREHOUSE_ID

__all__ = ["Before", "run_sandbox"]


@attrs.frozen(kw_only=True)
class Before:
    """The app that the sandbox stands before.

    Attributes:
        app: Its address; None stands before none.
        port: Where the proxy listens; 0 picks a free one.
        buffer_bytes: How much of an event stream it holds back.
    """

    app: str | None
    port: int
    buffer_bytes: int


@attrs.frozen(kw_only=True)
class Client:
    """A service principal, which is drawn at each start."""

    client_id: str
    client_secret: str = attrs.field(repr=False)


def run_sandbox(
    port: int, data_dir: Path, token: str | None, *, rate_limits: bool, before: Before
) -> None:
    """Serve a sandbox on loopback until Ctrl-C, and print what to export so that clients find it.

    Raises:
        CannotLoad: The extra is not installed, the port is taken, or the token is too short.
    """
    try:
        require_extra()
    except SandboxNotInstalled as error:
        raise CannotLoad(str(error)) from error
    drawn = token or secrets.token_urlsafe(24)
    client = Client(client_id=str(uuid.uuid4()), client_secret="dose" + secrets.token_hex(16))
    # On standard error: standard output carries the lines a parent process waits for.
    console = Console(stderr=True, highlight=False, markup=False)

    def tell(address: str) -> None:
        for line in _exports(address, drawn if token is None else None, client):
            console.print(line, soft_wrap=True)

    options = Options(
        rate_limits=rate_limits,
        apps_proxy=before.app,
        proxy_port=before.port,
        buffer_bytes=before.buffer_bytes,
        on_ready=tell,
    )
    try:
        run(port=port, data_dir=data_dir, token=drawn, **attrs.asdict(client), options=options)
    except (OSError, ValueError) as error:
        raise CannotLoad(str(error)) from error


def _exports(address: str, token: str | None, client: Client) -> list[str]:
    # A token that was given is known to who gave it, and does not belong on a screen.
    known = "# DATABRICKS_TOKEN: the one you gave" if token is None else f"DATABRICKS_TOKEN={token}"
    client_exports = (
        f"export DATABRICKS_CLIENT_ID={client.client_id}"
        f" DATABRICKS_CLIENT_SECRET={client.client_secret}"
    )
    http_path = f"/sql/1.0/warehouses/{WAREHOUSE_ID}"
    return [
        f"export DATABRICKS_HOST={address} {known}",
        # The official clients refuse a token and a service principal at once.
        f"# or, as a service principal: unset DATABRICKS_TOKEN; {client_exports}",
        f"export DATABRICKS_WAREHOUSE_ID={WAREHOUSE_ID} DATABRICKS_HTTP_PATH={http_path}",
        f"export OPENAI_BASE_URL={address}/serving-endpoints OPENAI_API_KEY=$DATABRICKS_TOKEN",
    ]
