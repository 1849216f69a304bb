"""What a call is signed with, and the shape of whoever gives it."""

from collections.abc import Mapping
from typing import Protocol

import attrs

__all__ = ["Auth", "Signature"]


@attrs.frozen(kw_only=True)
class Signature:
    """What a call is signed with.

    Attributes:
        headers: Headers that prove who calls; `Authorization` and, on Azure and Google, others.
        host: Origin of the workspace, where only the way to sign in knows it.
        workspace_id: Id of the workspace, where the way to sign in has found it.
    """

    headers: Mapping[str, str] = attrs.field(repr=False)
    host: str = ""
    workspace_id: str | None = None


class Auth(Protocol):
    """Gives the signature of a call."""

    @property
    def kind(self) -> str:
        """Name the kind, as the user agent tells it."""
        ...

    async def signature(self) -> Signature:
        """Give what to sign with now."""
        ...

    def forget(self, signature: Signature) -> bool:
        """Give up *signature*, which was rejected; tell whether there may be a newer one."""
        ...

    async def aclose(self) -> None:
        """Stop what runs in the background."""
        ...
