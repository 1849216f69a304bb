"""The Pipelines API 2.0: pipelines of SQL, their updates and events."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, TypeVar

import attrs
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.pipelines.list_filters import event_filter, pipeline_filter
from dara_fp.sandbox.pipelines.pipeline_records import Pipeline, Source, Update, new_id, now
from dara_fp.sandbox.pipelines.pipeline_store import Pipelines
from dara_fp.sandbox.pipelines.pipeline_wire import (
    event_json,
    pipeline_json,
    short_json,
    update_json,
)
from dara_fp.sandbox.pipelines.updating import Updating
from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.unanswered import Unanswered
from dara_fp.sandbox.server.wire import (
    Json,
    convert,
    cursor,
    empty,
    json_response,
    page_start,
    read_body,
    read_query,
)

__all__ = ["PipelineRoutes"]

API = "/api/2.0/pipelines"
T = TypeVar("T")

_NOT_DONE = (
    "continuous", "dry_run", "expected_last_modified", "gateway_definition",
    "ingestion_definition", "restart_window",
)  # fmt: skip
_NOT_STARTED = (
    "validate_only", "parameters", "replace_where_overrides", "reset_checkpoint_selection",
    "rewind_spec",
)  # fmt: skip
_NOT_LISTED = ("until_update_id",)
_OF_REQUEST = frozenset({"allow_duplicate_names", "dry_run", "expected_last_modified", "id"})


class _Spec(msgspec.Struct):
    """What the sandbox reads of the settings of a pipeline."""

    name: str = ""
    catalog: str = ""
    schema: str = ""
    target: str = ""
    libraries: tuple[Json, ...] = ()
    allow_duplicate_names: bool = False


class _Start(msgspec.Struct):
    cause: Literal[
        "API_CALL", "INFRASTRUCTURE_MAINTENANCE", "JOB_TASK", "RETRY_ON_FAILURE", "SCHEMA_CHANGE",
        "SERVICE_UPGRADE", "USER_ACTION",
    ] = "API_CALL"  # fmt: skip
    full_refresh: bool = False
    refresh_selection: tuple[str, ...] = ()
    full_refresh_selection: tuple[str, ...] = ()


class _Listing(msgspec.Struct):
    max_results: Annotated[int, msgspec.Meta(ge=1, le=250)] = 25
    page_token: str = ""
    filter: str = ""
    order_by: str = ""


class _Delete(msgspec.Struct):
    cascade: bool = True


class _Page(msgspec.Struct):
    """What a page token hides: after which one the page begins, and of which list."""

    after: str
    filter: str
    order_by: str


@attrs.frozen(kw_only=True)
class PipelineRoutes:
    """The routes of `/api/2.0/pipelines`."""

    updating: Updating
    unanswered: Unanswered

    @property
    def pipelines(self) -> Pipelines:
        """All pipelines."""
        return self.updating.pipelines

    def routes(self) -> list[Route]:
        """Give the routes."""
        one = f"{API}/{{pipeline_id}}"
        return [
            Route(API, self.create, methods=["POST"]),
            Route(API, self.list, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.edit, methods=["PUT"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/stop", self.stop, methods=["POST"]),
            Route(f"{one}/updates", self.start, methods=["POST"]),
            Route(f"{one}/updates", self.updates, methods=["GET"]),
            Route(f"{one}/updates/{{update_id}}", self.update, methods=["GET"]),
            Route(f"{one}/events", self.events, methods=["GET"]),
        ]

    async def create(self, request: Request) -> Response:
        """Keep a new pipeline."""
        spec, settings = await self._settings(request)
        if not spec.allow_duplicate_names and spec.name:
            self.pipelines.check_name(spec.name)
        made = Pipeline(pipeline_id=new_id(), settings=settings, last_modified=now())
        return json_response({"pipeline_id": self.pipelines.keep(made).pipeline_id})

    async def list(self, request: Request) -> Response:
        """Answer the pipelines, by their ids."""
        asked = _resumed(read_query(request, _Listing))
        fits = pipeline_filter(asked.filter)
        found = [known for known in self.pipelines.all() if fits(known)]
        if _is_descending(asked.order_by, "id"):
            found.reverse()
        page, more = _page(found, lambda known: known.pipeline_id, asked)
        return json_response({"statuses": [short_json(known) for known in page], **more})

    async def get(self, request: Request) -> Response:
        """Answer one pipeline."""
        return json_response(pipeline_json(self._named(request)))

    async def edit(self, request: Request) -> Response:
        """Keep other settings; an update under way goes on with those before."""
        pipeline_id = self._named(request).pipeline_id
        spec, settings = await self._settings(request)
        if not spec.allow_duplicate_names and spec.name:
            self.pipelines.check_name(spec.name, pipeline_id)
        self.pipelines.edit(pipeline_id, settings)
        return empty()

    async def delete(self, request: Request) -> Response:
        """Forget a pipeline with its tables; an update under way is stopped before."""
        cascade = read_query(request, _Delete).cascade
        await self.updating.delete(self._named(request).pipeline_id, cascade=cascade)
        return empty()

    async def stop(self, request: Request) -> Response:
        """Stop the update under way; it ends some time later."""
        self.updating.stop(self._named(request).pipeline_id)
        return empty()

    async def start(self, request: Request) -> Response:
        """Start an update, if none is under way."""
        pipeline = self._named(request)
        raw = await read_body(request, Json)
        self._refuse(request, raw, _NOT_STARTED)
        asked = convert(raw, _Start, "request body")
        update = Update(
            update_id=new_id(),
            creation_time=now(),
            cause=asked.cause,
            full_refresh=asked.full_refresh,
            refresh_selection=asked.refresh_selection,
            full_refresh_selection=asked.full_refresh_selection,
        )
        self.updating.start(pipeline.pipeline_id, update)
        return json_response({"update_id": update.update_id})

    async def updates(self, request: Request) -> Response:
        """Answer the updates of a pipeline, the newest first."""
        pipeline, asked = self._named(request), _resumed(read_query(request, _Listing))
        self._refuse(request, dict(request.query_params), _NOT_LISTED)
        found = list(reversed(pipeline.updates))
        page, more = _page(found, lambda known: known.update_id, asked)
        return json_response({"updates": [update_json(pipeline, one) for one in page], **more})

    async def update(self, request: Request) -> Response:
        """Answer one update."""
        pipeline = self._named(request)
        update = pipeline.update(str(request.path_params["update_id"]))
        return json_response({"update": update_json(pipeline, update)})

    async def events(self, request: Request) -> Response:
        """Answer what happened in the updates of a pipeline, the newest first."""
        pipeline, asked = self._named(request), _resumed(read_query(request, _Listing))
        fits = event_filter(asked.filter)
        found = [event for event in pipeline.events if fits(event)]
        if not asked.order_by or _is_descending(asked.order_by, "timestamp"):
            found.reverse()
        page, more = _page(found, lambda event: event.id, asked)
        return json_response({"events": [event_json(pipeline, one) for one in page], **more})

    def _named(self, request: Request) -> Pipeline:
        return self.pipelines.get(str(request.path_params["pipeline_id"]))

    async def _settings(self, request: Request) -> tuple[_Spec, Json]:
        raw = await read_body(request, Json)
        self._refuse(request, raw, _NOT_DONE)
        spec = convert(raw, _Spec, "request body")
        for library in spec.libraries:
            if other := [kind for kind in library if kind not in {"file", "notebook"}]:
                raise self.unanswered.refuse(
                    request.method, request.url.path, f"libraries of {other[0]}"
                )
        for source in convert(raw.get("libraries", ()), tuple[Source, ...], "libraries"):
            if (source.file is None) is (source.notebook is None):
                raise invalid("Invalid libraries: each is a file or a notebook, and one of these.")
        return spec, {name: value for name, value in raw.items() if name not in _OF_REQUEST}

    def _refuse(self, request: Request, raw: Json, names: Sequence[str]) -> None:
        if asked := [name for name in names if raw.get(name)]:
            raise self.unanswered.refuse(request.method, request.url.path, asked[0])


def _resumed(asked: _Listing) -> _Listing:
    """Give what was *asked* for, with a page token of the list that the token is of."""
    if not asked.page_token:
        return asked
    try:
        page = msgspec.json.decode(page_start(asked.page_token), type=_Page)
    except (msgspec.DecodeError, RecursionError):
        raise _bad_token(asked.page_token) from None
    return msgspec.structs.replace(
        asked, page_token=page.after, filter=page.filter, order_by=page.order_by
    )


def _page(
    found: Sequence[T], named: Callable[[T], str], asked: _Listing
) -> tuple[Sequence[T], Json]:
    """Give the page of those *found* that was *asked* for, and how the next one is had."""
    start = 0
    if asked.page_token:
        names = [named(one) for one in found]
        if asked.page_token not in names:
            raise _bad_token(asked.page_token)
        start = names.index(asked.page_token) + 1
    page = found[start : start + asked.max_results]
    if start + len(page) >= len(found):
        return page, {}
    token = _Page(after=named(page[-1]), filter=asked.filter, order_by=asked.order_by)
    return page, {"next_page_token": cursor(msgspec.json.encode(token).decode())}


def _bad_token(token: str) -> Exception:
    return invalid(f"Invalid page_token {token[:40]!r}: use one from an answer, and not too late.")


def _is_descending(order_by: str, field: str) -> bool:
    """Tell whether *order_by*, such as `timestamp desc`, orders by *field* from its end."""
    name, _, way = order_by.strip().lower().partition(" ")
    if order_by and (name != field or way.strip() not in {"", "asc", "desc"}):
        raise invalid(f"Invalid order_by {order_by[:100]!r}: expected {field} asc or {field} desc.")
    return way.strip() == "desc"
