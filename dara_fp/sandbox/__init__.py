"""A local Databricks-compatible workspace for developers.

`run` serves it, `create_sandbox` gives it as an ASGI application. Importing this package is cheap:
numpy and the web framework are imported when one of them is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dara_fp.sandbox.server.app import create_sandbox
    from dara_fp.sandbox.server.server import Options, run

__all__ = ["Options", "create_sandbox", "run"]

_HOMES = {
    "Options": "dara_fp.sandbox.server.server",
    "create_sandbox": "dara_fp.sandbox.server.app",
    "run": "dara_fp.sandbox.server.server",
}


def __getattr__(name: str) -> object:
    """Import *name* from where it lives; a missing extra is named with the way to install it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module("dara_fp.sandbox.server.server").require_extra()
    return getattr(import_module(_HOMES[name]), name)
