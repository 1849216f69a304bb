"""What a workspace and an account have in common: where it is, the way there, and its end."""

from collections.abc import Sequence

from dara_fp.databricks.auth.auth import auth_for
from dara_fp.databricks.auth.settings import Settings
from dara_fp.databricks.closing import Closing
from dara_fp.databricks.http.calls import Calls
from dara_fp.databricks.http.rates import DOCUMENTED, Rate
from dara_fp.databricks.http.retries import Retries
from dara_fp.databricks.http.transport import Transport
from dara_fp.databricks.sdk.api import Api, Facts

__all__ = ["Client"]


class Client(Closing):
    """Makes calls to one place; making it sends nothing."""

    def __init__(
        self,
        settings: Settings,
        retries: Retries,
        *,
        timeout_seconds: float,
        max_connections: int,
        rates: Sequence[Rate] = DOCUMENTED,
    ) -> None:
        """Call the place of *settings*, with *retries* and within *rates*.

        Args:
            settings: Where it is, and who calls.
            retries: How long and how often to try.
            timeout_seconds: Longest silence to bear, in seconds.
            max_connections: Connections open at a time.
            rates: How often routes may be called.
        """
        transport = Transport(timeout_seconds=timeout_seconds, max_connections=max_connections)
        auth = auth_for(settings, transport, retries.clock)
        self._settings = settings
        self._kind = auth.kind
        self._calls = Calls(
            settings=settings,
            auth=auth,
            transport=transport,
            retries=retries,
            timeout_seconds=timeout_seconds,
            rates=rates,
        )
        facts = Facts(
            host=settings.host,
            workspace_id=settings.workspace_id,
            account_id=settings.account_id,
        )
        self._api = Api(self._calls, facts)

    @property
    def host(self) -> str:
        """Tell the address; empty until the SDK has found it, at the first call."""
        return self._calls.host

    async def aclose(self) -> None:
        """Close every connection; new ones are opened when this is used again."""
        await self._calls.aclose()
