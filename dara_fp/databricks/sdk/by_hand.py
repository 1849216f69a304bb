"""Methods that the SDK adds to its generated ones by hand, written by hand here, too."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from dara_fp.databricks.errors import InvalidParameterValue, InvalidState
from dara_fp.databricks.sdk.api import Api
from dara_fp.databricks.sdk.failures import OperationFailed, operation_failed, timed_out
from dara_fp.databricks.sdk.streams import Stream

__all__ = ["Clusters", "ServingEndpoints", "WorkspaceObjects"]

_LONGEST = 20 * 60.0  # seconds, as in the SDK
_PAUSE = 5.0  # seconds before a cluster that someone else handles is looked at again
_LANGUAGES = {".py": "PYTHON", ".sql": "SQL", ".scala": "SCALA", ".R": "R"}


class Clusters:
    """What the SDK adds to `clusters`."""

    get: Callable[..., Awaitable[Any]]
    start: Callable[..., Awaitable[Any]]
    wait_get_cluster_running: Callable[..., Awaitable[Any]]
    wait_get_cluster_terminated: Callable[..., Awaitable[Any]]

    async def ensure_cluster_is_running(self, cluster_id: str) -> None:
        """See to it that the cluster *cluster_id* runs, within 20 minutes.

        Raises:
            OperationFailed: The cluster is broken.
            WaitTimedOut: It does not run in time.
        """
        limit = timedelta(seconds=_LONGEST)
        try:
            async with asyncio.timeout(_LONGEST):
                while not await self._is_brought_up(cluster_id):  # noqa: ASYNC110 - it is far away
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            raise timed_out(f"cluster {cluster_id} does not run after {limit}") from None

    async def _is_brought_up(self, cluster_id: str) -> bool:
        found = await self.get(cluster_id)
        state = found.state.value if found.state else "UNKNOWN"
        if state in {"ERROR", "UNKNOWN"}:
            raise operation_failed(
                f"cluster {found.cluster_name} is {state}: {found.state_message}:"
                " look at its event log"
            )
        try:
            await self._bring_up(cluster_id, state)
        except (InvalidState, OperationFailed):
            return False  # someone else started or stopped it at the same time
        return True

    async def _bring_up(self, cluster_id: str, state: str) -> None:
        if state == "TERMINATING":
            await self.wait_get_cluster_terminated(cluster_id)
        if state in {"TERMINATING", "TERMINATED"}:
            await (await self.start(cluster_id)).result()
        elif state != "RUNNING":
            await self.wait_get_cluster_running(cluster_id)


class ServingEndpoints:
    """What the SDK adds to `serving_endpoints`."""

    _api: Api

    async def http_request(
        self,
        conn: str,
        method: Any,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Stream:
        """Send a request to another service with the credentials of the connection *conn*.

        POST /api/2.0/external-function.

        Args:
            conn: Name of the connection in Unity Catalog.
            method: An `ExternalFunctionRequestHttpMethod`.
            path: Path at the other service.
            headers: More headers for it.
            json: Body for it.
            params: Query for it.

        Returns:
            What it answered, as a stream.
        """
        own = {"Accept": "text/plain", "Content-Type": "application/json"}
        parts = {"headers": headers, "json": json, "params": params}
        given = {name: _text(part) for name, part in parts.items() if part is not None}
        body = {"connection_name": conn, "method": method.value, "path": path, **given}
        answer = await self._api.do(
            "POST", "/api/2.0/external-function", headers=own, body=body, raw=True
        )
        stream: Stream = answer["contents"]
        return stream


class WorkspaceObjects:
    """What the SDK adds to `workspace`, whose objects are notebooks, files and folders."""

    _api: Api

    async def list(
        self,
        path: str,
        *,
        notebooks_modified_after: int | None = None,
        recursive: bool | None = False,
    ) -> AsyncIterator[Any]:
        """List what is in the folder *path*, and in those below it if *recursive*.

        Args:
            path: The folder.
            notebooks_modified_after: Only what changed since, in milliseconds UTC.
            recursive: Whether to give the objects of all folders instead of the folders.
        """
        folders = [path]
        while folders:
            folder = folders.pop(0)
            # The generated class comes next in the order; no type checker can know.
            listing = getattr(super(), "list")  # noqa: B009
            objects: AsyncIterator[Any] = listing(
                folder, notebooks_modified_after=notebooks_modified_after
            )
            async for found in objects:
                if recursive and found.object_type and found.object_type.value == "DIRECTORY":
                    folders.append(found.path)
                else:
                    yield found

    async def upload(
        self,
        path: str,
        content: bytes,
        *,
        format: Any = None,  # noqa: A002 - the SDK's name
        language: Any = None,
        overwrite: bool | None = False,
    ) -> None:
        """Store *content* as the notebook or file *path*.

        POST /api/2.0/workspace/import, as a form, which takes 10 MB and more.

        Args:
            path: Where to store it.
            content: What to store.
            format: An `ImportFormat`; source code if None.
            language: A `Language`; told from the end of *path* if None.
            overwrite: Whether to replace what is there.

        Raises:
            InvalidParameterValue: The format does not fit; `ImportFormat.AUTO` asks the content.
            ResourceAlreadyExists: There is something, and *overwrite* is not set.
        """
        said = language.value if language else _language(path, format)
        fields = {"path": path, "format": format.value if format else None, "language": said}
        fields["overwrite"] = "true" if overwrite else None
        try:
            await self._api.send_form("/api/2.0/workspace/import", fields, content)
        except InvalidParameterValue as error:
            raise error.saying("perhaps format=ImportFormat.AUTO is missing") from None

    async def download(self, path: str, *, format: Any = None) -> Stream:  # noqa: A002 - as above
        """Read the notebook or file *path*, as a stream.

        GET /api/2.0/workspace/export.

        Args:
            path: What to read.
            format: An `ExportFormat`; source code if None.
        """
        query = {"path": path, "direct_download": "true"}
        if format:
            query["format"] = format.value
        answer = await self._api.do("GET", "/api/2.0/workspace/export", query=query, raw=True)
        stream: Stream = answer["contents"]
        return stream


def _text(part: Mapping[str, Any]) -> str:
    return json.dumps(part)


def _language(path: str, form: Any) -> str | None:
    if form is not None and form.value != "SOURCE":
        return None
    return next((name for end, name in _LANGUAGES.items() if path.endswith(end)), None)
