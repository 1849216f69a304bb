"""How a caller signs its calls: with a token, by OAuth, or as the official SDK does."""

from collections.abc import Callable

from dara_fp.databricks.auth.config_auth import ConfigAuth
from dara_fp.databricks.auth.machine_auth import MachineAuth
from dara_fp.databricks.auth.settings import Settings
from dara_fp.databricks.auth.signature import Auth, Signature
from dara_fp.databricks.http.transport import Transport

__all__ = ["Auth", "ConfigAuth", "MachineAuth", "Signature", "TokenAuth", "auth_for"]


def auth_for(settings: Settings, transport: Transport, clock: Callable[[], float]) -> Auth:
    """Give the way *settings* say a caller signs in."""
    if settings.config is not None:
        return ConfigAuth(settings, clock=clock)
    if settings.token:
        return TokenAuth(settings.token)
    return MachineAuth(settings, transport, clock=clock)


class TokenAuth:
    """Signs with one token that does not change."""

    kind = "pat"

    def __init__(self, token: str) -> None:
        """Sign with *token*."""
        self._signature = Signature(headers={"Authorization": f"Bearer {token}"})

    async def signature(self) -> Signature:
        """Give what to sign with."""
        return self._signature

    def forget(self, signature: Signature) -> bool:  # noqa: ARG002 - there is no other
        """Tell that there is no newer token."""
        return False

    async def aclose(self) -> None:
        """Have nothing to stop."""
