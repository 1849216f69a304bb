"""Updates of pipelines: start one, look at it, wait for any end, stop it."""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import attrs
import msgspec

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.changes import Changes
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.calls import Answer, Calls
from dara_fp.databricks.http.doubt import in_doubt, may_have_been_done
from dara_fp.databricks.http.encoding import given
from dara_fp.databricks.http.polling import Polling, looked_until
from dara_fp.databricks.http.refusals import excerpt

__all__ = ["PipelineInfo", "Update", "UpdateFailed", "Updates"]

_API = "/api/2.0/pipelines"
_PAGE = 100
_RECENT = 25  # updates that are looked at to find the newest
_SAID = 2_000
_ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED"})


class UpdateFailed(DatabricksError):
    """An update of a pipeline ended, and not well; `error.url` is its page."""


@attrs.frozen(kw_only=True)
class Update:
    """One update of a pipeline, such as the API 2.0 tells it; *creation_time* in ms since 1970."""

    update_id: str
    pipeline_id: str = ""
    state: str = "UNKNOWN"
    cause: str | None = None
    creation_time: int = 0
    full_refresh: bool = False

    @property
    def has_ended(self) -> bool:
        """Tell whether it is over, well or not."""
        return self.state in _ENDED


@attrs.frozen(kw_only=True)
class PipelineInfo:
    """A pipeline as lists show it."""

    pipeline_id: str
    name: str = ""
    state: str | None = None


class Updates:
    """Updates of pipelines, by the Pipelines API 2.0."""

    def __init__(self, calls: Calls) -> None:
        """Use *calls*."""
        self._calls = calls

    async def start(
        self,
        pipeline_id: str,
        *,
        full_refresh: bool = False,
        refresh: Sequence[str] = (),
        full_refresh_of: Sequence[str] = (),
        parameters: Mapping[str, str] | None = None,
    ) -> str:
        """Start an update of the pipeline *pipeline_id*, and give the update's id.

        The API has no idempotency token, so a call whose answer is lost is not sent again: the
        update that has begun since is looked up and given.

        Args:
            pipeline_id: The pipeline.
            full_refresh: Recompute every table.
            refresh: Tables to update; all where both lists are empty.
            full_refresh_of: Tables to recompute.
            parameters: Values of the pipeline's parameters for this update.

        Raises:
            DatabricksError: The workspace refused, such as with 409 while another update is under
                way, or no answer came and no update has begun.
        """
        before = await self.latest(pipeline_id)
        body: dict[str, Any] = {
            "cause": "API_CALL",
            "full_refresh": full_refresh or None,
            "refresh_selection": list(refresh) or None,
            "full_refresh_selection": list(full_refresh_of) or None,
            "parameters": None if parameters is None else dict(parameters),
        }
        try:
            answer = await self._calls.json("POST", _updates(pipeline_id), body=given(body))
            return answer.decoded(_Started).update_id
        except DatabricksError as error:
            if not may_have_been_done(error):
                raise
            begun = await self._begun_since(pipeline_id, before.update_id if before else None)
            if begun is None:
                raise in_doubt(error) from None
            return begun.update_id

    async def get(self, pipeline_id: str, update_id: str) -> Update:
        """Look at the update *update_id* of the pipeline *pipeline_id*.

        Raises:
            DatabricksError: There is no such update, or the workspace refused otherwise.
        """
        return (await self._look(pipeline_id, update_id)).decoded(_One).update

    async def latest(self, pipeline_id: str) -> Update | None:
        """Give the newest update of the pipeline *pipeline_id*, if it ever had one.

        Raises:
            DatabricksError: There is no such pipeline, or the workspace refused otherwise.
        """
        return next(iter(await self._recent(pipeline_id)), None)

    async def begun_since(self, pipeline_id: str, before: str | None) -> Update | None:
        """Give the first update that was called for since *before* was the newest one, if any was.

        Raises:
            DatabricksError: There is no such pipeline, or the workspace refused otherwise.
        """
        newer: list[Update] = []
        for update in await self._recent(pipeline_id):
            if update.update_id == before:
                break
            newer.append(update)
        return next((update for update in reversed(newer) if update.cause == "API_CALL"), None)

    async def stop(self, pipeline_id: str) -> None:
        """Ask for the update under way to be stopped; it ends some time later.

        Raises:
            DatabricksError: There is no such pipeline, or the workspace refused otherwise.
        """
        await self._calls.json("POST", f"{_pipeline(pipeline_id)}/stop", idempotent=True)

    async def pipelines(self, name: str) -> AsyncGenerator[PipelineInfo]:
        """Give the pipelines called *name*, page after page.

        Raises:
            DatabricksError: The workspace refused.
        """
        # The filter knows no way to write a quote, so such a name is looked for among all.
        wanted = None if "'" in name else f"name LIKE '{name}'"
        query: dict[str, Any] = {"max_results": _PAGE, "filter": wanted}
        while True:
            page = (await self._calls.json("GET", _API, query=query)).decoded(_Page)
            for pipeline in page.statuses:
                if pipeline.name == name:
                    yield pipeline
            if not page.next_page_token:
                return
            query = {"max_results": _PAGE, "page_token": page.next_page_token}

    def page_of(self, pipeline_id: str, update_id: str) -> str:
        """Give the address of the page that shows the update *update_id*."""
        parts = (quote(part, safe="") for part in (pipeline_id, update_id))
        return f"{self._calls.host}/pipelines/{'/updates/'.join(parts)}"

    async def wait(
        self,
        pipeline_id: str,
        update_id: str,
        *,
        on_state: Callable[[Update], Awaitable[None]] | None = None,
        polling: Polling | None = None,
    ) -> Update:
        """Wait for the update *update_id* to end, and give it as it ended.

        Passing troubles of the workspace are borne. An update that the service starts anew after a
        failure is another one, with an id of its own. Cancelling the wait leaves the update as it
        is; put `asyncio.timeout` around it where a limit is wanted.

        Args:
            pipeline_id: The pipeline.
            update_id: Its update.
            on_state: Awaited with the update when it is seen first and when its state has changed.
            polling: How often to look.

        Raises:
            UpdateFailed: It failed or was cancelled; the message has the error of its first event
                that tells one, the error's `url` the update's page.
            DatabricksError: There is no such update, or the workspace refused for good.
        """
        answers: deque[Answer] = deque(maxlen=1)

        async def look() -> Update:
            answers.append(await self._look(pipeline_id, update_id))
            return answers[-1].decoded(_One).update

        update = await looked_until(
            lambda seen: seen.has_ended,
            look,
            polling=polling,
            on_look=Changes(_state, on_state),
        )
        if update.state != "COMPLETED":
            raise await self._failure(pipeline_id, update, answers[-1])
        return update

    async def _begun_since(self, pipeline_id: str, before: str | None) -> Update | None:
        try:
            return await self.begun_since(pipeline_id, before)
        except DatabricksError:
            return None  # what was lost first says more

    async def _look(self, pipeline_id: str, update_id: str) -> Answer:
        path = f"{_updates(pipeline_id)}/{quote(update_id, safe='')}"
        return await self._calls.json("GET", path)

    async def _recent(self, pipeline_id: str) -> list[Update]:
        query = {"max_results": _RECENT}
        answer = await self._calls.json("GET", _updates(pipeline_id), query=query)
        return sorted(answer.decoded(_Recent).updates, key=lambda update: -update.creation_time)

    async def _failure(self, pipeline_id: str, update: Update, answer: Answer) -> UpdateFailed:
        said = f"update {update.update_id} of pipeline {pipeline_id} ended {update.state}"
        told = await self._error_of(pipeline_id, update)
        return UpdateFailed(
            StepError(
                kind=Kind.CANCELLED if update.state == "CANCELED" else Kind.FAILED,
                message=f"{said}: {told}" if told else said,
                status=answer.status,
                error_code=update.state,
                request_id=answer.request_id,
                url=self.page_of(pipeline_id, update.update_id),
            ),
        )

    async def _error_of(self, pipeline_id: str, update: Update) -> str:
        query = {"filter": "level='ERROR'", "max_results": _PAGE, "order_by": ["timestamp desc"]}
        try:
            answer = await self._calls.json("GET", f"{_pipeline(pipeline_id)}/events", query=query)
            events = answer.decoded(_Events).events
        except DatabricksError:
            return ""  # its state says enough
        own = [event for event in events if event.origin.update_id == update.update_id]
        # The newest come first, and what came first is the cause of what followed.
        causes = [event for event in reversed(own) if event.error and event.error.exceptions]
        return excerpt(next((event.told for event in (*causes, *own)), ""), _SAID)


class _Started(msgspec.Struct):
    update_id: str


class _One(msgspec.Struct):
    update: Update


class _Recent(msgspec.Struct):
    updates: tuple[Update, ...] = ()


class _Page(msgspec.Struct):
    statuses: tuple[PipelineInfo, ...] = ()
    next_page_token: str = ""


class _Raised(msgspec.Struct):
    class_name: str = ""
    message: str = ""


class _ErrorDetail(msgspec.Struct):
    exceptions: tuple[_Raised, ...] = ()


class _Origin(msgspec.Struct, frozen=True):
    update_id: str = ""


class _Event(msgspec.Struct):
    message: str = ""
    origin: _Origin = _Origin()
    error: _ErrorDetail | None = None

    @property
    def told(self) -> str:
        """What happened, and the exception behind it: of several the last, which is the cause."""
        raised = self.error.exceptions[-1:] if self.error else ()
        whys = (f"{why.class_name}: {why.message}".strip(": ") for why in raised)
        return ": ".join((self.message, *whys))


class _Events(msgspec.Struct):
    events: tuple[_Event, ...] = ()


def _state(update: Update) -> str:
    return update.state


def _pipeline(pipeline_id: str) -> str:
    return f"{_API}/{quote(pipeline_id, safe='')}"


def _updates(pipeline_id: str) -> str:
    return f"{_pipeline(pipeline_id)}/updates"
