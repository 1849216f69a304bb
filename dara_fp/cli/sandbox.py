"""The local workspace as a command."""

import secrets
from pathlib import Path

from rich.console import Console

from dara_fp.cli.mistakes import CannotLoad
from dara_fp.sandbox.server import SandboxNotInstalled, require_extra, run

__all__ = ["run_sandbox"]


def run_sandbox(port: int, data_dir: Path, token: str | None) -> None:
    """Serve a sandbox on loopback until Ctrl-C.

    Raises:
        CannotLoad: The extra is not installed, the port is taken, or the token is too short.
    """
    try:
        require_extra()
    except SandboxNotInstalled as error:
        raise CannotLoad(str(error)) from error
    drawn = token or secrets.token_urlsafe(24)
    if token is None:
        # On standard error: standard output carries the one line a parent process waits for.
        Console(stderr=True, highlight=False).print(
            f"export DATABRICKS_TOKEN={drawn}   # and DATABRICKS_HOST=<the address below>",
            soft_wrap=True,
        )
    try:
        run(port=port, data_dir=data_dir, token=drawn)
    except (OSError, ValueError) as error:
        raise CannotLoad(str(error)) from error
