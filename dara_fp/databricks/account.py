"""The account: one object with an attribute for each of the account's APIs, named as in the SDK."""

import os
from collections.abc import Mapping
from typing import Self

from dara_fp.core.errors import ConfigurationError
from dara_fp.databricks.auth.settings import Settings, checked, settings_from
from dara_fp.databricks.client import Client
from dara_fp.databricks.http.retries import Retries
from dara_fp.databricks.sdk.account_services import AccountServices

__all__ = ["Account"]


class Account(Client, AccountServices):
    """A Databricks account, called asynchronously; making one sends nothing.

    Each service of the official SDK's `AccountClient` is here under its own name:
    `async for workspace in account.workspaces.list()` and so on. The first use of one imports the
    SDK, in a thread.

    >>> Account("accounts.cloud.databricks.com", account_id="1", token="not-shown")
    Account('https://accounts.cloud.databricks.com', account_id='1', auth='pat')
    """

    def __init__(  # noqa: PLR0913 - keywords, each a setting of its own
        self,
        host: str | None = None,
        *,
        account_id: str | None = None,
        token: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        profile: str | None = None,
        auth_type: str | None = None,
        retry_seconds: float = 300.0,
        timeout_seconds: float = 60.0,
        max_connections: int = 100,
        retries: Retries | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Call the account *account_id* at *host* with a *token*, or as the client *client_id*.

        Args:
            host: The account console's address; https where no scheme is given.
            account_id: The account's id, a UUID.
            token: Access token.
            client_id: OAuth client of a service principal.
            client_secret: That client's secret.
            profile: Profile of `~/.databrickscfg` to take from there what is not given here.
            auth_type: Another way to sign in, as the official SDK calls it, such as `azure-cli`.
            retry_seconds: Wall time for all tries of one call together, in seconds; 0 tries once.
            timeout_seconds: Longest silence to bear, in seconds.
            max_connections: Connections open at a time.
            retries: Replaces *retry_seconds* by more than a number.
            settings: Replaces the host, the account and the credentials.

        Raises:
            ConfigurationError: The arguments are missing, malformed or contradict each other.
        """
        given = {
            "host": host,
            "account_id": account_id,
            "token": token,
            "client_id": client_id,
            "client_secret": client_secret,
            "profile": profile,
            "auth_type": auth_type,
        }
        super().__init__(
            _of_account(settings or checked(given)),
            retries or Retries(seconds=retry_seconds),
            timeout_seconds=timeout_seconds,
            max_connections=max_connections,
        )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Make the account that `DATABRICKS_HOST` and `DATABRICKS_ACCOUNT_ID` of *environ* name.

        Raises:
            ConfigurationError: Variables are unset, malformed or contradict each other.
        """
        return cls(settings=settings_from(environ))

    @property
    def account_id(self) -> str | None:
        """Tell the account's id."""
        return self._settings.account_id

    def __repr__(self) -> str:
        return f"Account({self.host!r}, account_id={self.account_id!r}, auth={self._kind!r})"


def _of_account(settings: Settings) -> Settings:
    if settings.account_id is None:
        raise ConfigurationError(
            "account_id is missing: give it, or set DATABRICKS_ACCOUNT_ID;"
            " it stands in the account console behind your name"
        )
    return settings
