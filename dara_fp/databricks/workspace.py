"""The workspace: one object with an attribute for each API, named as in the official SDK."""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Self, cast

from dara_fp.databricks.auth.settings import Settings, checked, settings_from
from dara_fp.databricks.client import Client
from dara_fp.databricks.files.files import Files
from dara_fp.databricks.http.rates import DOCUMENTED, Rate
from dara_fp.databricks.http.retries import Retries
from dara_fp.databricks.models.conversations import Conversations
from dara_fp.databricks.models.models import Models
from dara_fp.databricks.runs.runs import Runs
from dara_fp.databricks.runs.updates import Updates
from dara_fp.databricks.sdk.workspace_services import WorkspaceServices
from dara_fp.databricks.sql.statements import Sql
from dara_fp.databricks.vectors.vectors import Vectors

__all__ = ["Workspace"]


class Workspace(Client, WorkspaceServices):
    """A Databricks workspace, called asynchronously; making one sends nothing.

    Beside what is written by hand, each service of the official SDK is here under its own name:
    `await workspace.jobs.get_run(run_id)`, `async for job in workspace.jobs.list()`,
    `wait = await workspace.jobs.run_now(job_id)`, then `await wait.result(timeout=600)` or, in
    short, `await wait`. The first use of one imports the SDK, in a thread.

    Attributes:
        files: Files in Unity Catalog volumes, as streams.
        runs: Runs of jobs, each started once.
        vectors: Vector indexes: rows in, neighbours out.
        models: Served models, embeddings among them.
        conversations: Questions in plain words to Genie.
        updates: Updates of pipelines.
        sql: SQL statements on a warehouse, each run once.

    >>> Workspace("adb-1.azuredatabricks.net", token="not-shown")
    Workspace('https://adb-1.azuredatabricks.net', auth='pat')
    """

    def __init__(  # noqa: PLR0913 - keywords, each a setting of its own
        self,
        host: str | None = None,
        *,
        token: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        workspace_id: str | None = None,
        profile: str | None = None,
        auth_type: str | None = None,
        retry_seconds: float = 300.0,
        timeout_seconds: float = 60.0,
        max_connections: int = 100,
        retries: Retries | None = None,
        rates: Sequence[Rate] = DOCUMENTED,
        settings: Settings | None = None,
    ) -> None:
        """Call the workspace at *host* with a *token*, or as the client *client_id*.

        Args:
            host: Its address; https where no scheme is given.
            token: Personal access token.
            client_id: OAuth client of a service principal.
            client_secret: That client's secret.
            workspace_id: Its id, sent along where given.
            profile: Profile of `~/.databrickscfg` to take from there what is not given here.
            auth_type: Another way to sign in, as the official SDK calls it, such as `azure-cli`.
            retry_seconds: Wall time for all tries of one call together, in seconds; 0 tries once.
            timeout_seconds: Longest silence to bear from the workspace, in seconds.
            max_connections: Connections open at a time.
            retries: Replaces *retry_seconds* by more than a number.
            rates: How often routes may be called; an empty tuple is as often as one likes.
            settings: Replaces the host and the credentials.

        Raises:
            ConfigurationError: The arguments are missing, malformed or contradict each other.
        """
        given = {
            "host": host,
            "token": token,
            "client_id": client_id,
            "client_secret": client_secret,
            "workspace_id": workspace_id,
            "profile": profile,
            "auth_type": auth_type,
        }
        super().__init__(
            settings or checked(given),
            retries or Retries(seconds=retry_seconds),
            timeout_seconds=timeout_seconds,
            max_connections=max_connections,
            rates=rates,
        )
        self.files = Files(self._calls)
        self.runs = Runs(self._calls)
        self.vectors = Vectors(self._calls)
        self.models = Models(self._calls)
        self.conversations = Conversations(self._calls)
        self.updates = Updates(self._calls)
        self.sql = Sql(self._calls, self._settings.environ)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Make the workspace that `DATABRICKS_HOST` and the other variables of *environ* name.

        The caller is `DATABRICKS_TOKEN`, or `DATABRICKS_CLIENT_ID` with `DATABRICKS_CLIENT_SECRET`,
        or whom a profile of `~/.databrickscfg` or another variable that the official SDK knows
        names; in those cases the SDK signs in, at the first call, by no other variables either.

        Raises:
            ConfigurationError: Variables are unset, malformed or contradict each other, or the SDK
                can read them only from the process, where they are others; every one at fault is
                named.
        """
        return cls(settings=settings_from(environ))

    def on_behalf_of(self, token: str) -> AbstractContextManager[None]:
        """Sign the calls of this task, and of those it starts in the block, with a user's *token*.

        It is kept nowhere, goes to no other workspace, and is not renewed.

        Raises:
            ValueError: *token* cannot be sent in a header.
        """
        return self._calls.on_behalf_of(token)

    async def do(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
        idempotent: bool | None = None,
    ) -> dict[str, Any]:
        """Make one call of the REST API, JSON in and out.

        Args:
            method: Verb.
            path: Path from the root, such as `/api/2.2/jobs/list`.
            query: Parameters; None is left out, a list repeats its key, a mapping is dotted.
            body: What to send as JSON.
            headers: More headers; an `Authorization` among them replaces our own for this call,
                and is kept nowhere.
            reads: Whether the call changes nothing, as a query that is sent by POST: then one
                whose answer was lost is never in doubt.
            idempotent: Whether the call may be sent again after a lost connection; None asks the
                verb (GET, HEAD, PUT and DELETE may, and what reads).

        Returns:
            The answer; empty where the workspace said nothing. The few calls that answer a JSON
            list give that list.

        Raises:
            DatabricksError: The workspace refused, or no answer came.
            ValueError: *path* or *body* cannot be sent.
        """
        answer = await self._calls.json(
            method,
            path,
            query=query,
            body=body,
            headers=headers,
            reads=reads,
            idempotent=idempotent,
        )
        content: Any = answer.decoded(cast("type[Any]", Any))
        return cast("dict[str, Any]", content)

    def __repr__(self) -> str:
        return f"Workspace({self.host!r}, auth={self._kind!r})"
