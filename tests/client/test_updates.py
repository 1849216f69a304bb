"""Updates of pipelines: started once, waited for until any end, with what their events tell."""

import json
from typing import Any

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import ConnectionFailed, NotFound, ResourceConflict
from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.runs.updates import UpdateFailed
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import VirtualTime

API = "/api/2.0/pipelines/p-1"
CUT = httpx.ReadError("cut")


def one(state: str) -> httpx.Response:
    return httpx.Response(200, json={"update": {"update_id": "u-2", "state": state}})


def recent(*ids: str, cause: str = "API_CALL") -> httpx.Response:
    """Answer the updates *ids*, the newest first as the service lists them."""
    updates = [
        {"update_id": key, "cause": cause, "creation_time": len(ids) - place}
        for place, key in enumerate(ids)
    ]
    return httpx.Response(200, json={"updates": updates})


def event(update_id: str, message: str, *raised: tuple[str, str]) -> dict[str, Any]:
    exceptions = [{"class_name": name, "message": said} for name, said in raised]
    return {
        "message": message,
        "origin": {"update_id": update_id},
        "error": {"exceptions": exceptions},
    }


@pytest.fixture
def polling(time: VirtualTime) -> Polling:
    return Polling(clock=time.clock, sleep=time.sleep)


@pytest.fixture
def updates(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{API}/updates").mock(return_value=recent("u-1"))


@pytest.fixture
def start(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{API}/updates").respond(json={"update_id": "u-2"})


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{API}/updates/u-2")


@pytest.fixture(autouse=True)
def events(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{API}/events").respond(json={"events": []})


@pytest.mark.usefixtures("updates")
async def test_an_update_is_started_with_what_was_given(
    start: respx.Route, workspace: Workspace
) -> None:
    assert await workspace.updates.start("p-1") == "u-2"
    assert json.loads(stage.last(start).content) == {"cause": "API_CALL"}
    await workspace.updates.start(
        "p-1", full_refresh=True, refresh=["a"], full_refresh_of=["b"], parameters={"day": "x"}
    )
    assert json.loads(stage.last(start).content) == {
        "cause": "API_CALL",
        "full_refresh": True,
        "refresh_selection": ["a"],
        "full_refresh_selection": ["b"],
        "parameters": {"day": "x"},
    }


async def test_an_update_whose_answer_is_lost_is_looked_up_and_not_started_again(
    start: respx.Route, updates: respx.Route, workspace: Workspace
) -> None:
    start.mock(side_effect=[CUT])
    updates.mock(side_effect=[recent("u-1"), recent("u-3", "u-2", "u-1")])
    assert await workspace.updates.start("p-1") == "u-2"
    assert start.call_count == 1


@pytest.mark.parametrize("now", [recent("u-1"), recent("u-2", cause="SCHEMA_CHANGE")])
async def test_an_update_that_did_not_begin_is_a_failure(
    start: respx.Route, updates: respx.Route, workspace: Workspace, now: httpx.Response
) -> None:
    start.mock(side_effect=[CUT])
    updates.mock(side_effect=[recent(*(["u-1"] if "u-1" in now.text else [])), now])
    with pytest.raises(ConnectionFailed):
        await workspace.updates.start("p-1")
    assert start.call_count == 1


async def test_an_update_that_is_refused_is_not_looked_up(
    start: respx.Route, updates: respx.Route, workspace: Workspace
) -> None:
    start.respond(409, json={"message": "An active update u-9 already exists"})
    with pytest.raises(ResourceConflict, match="u-9 already exists"):
        await workspace.updates.start("p-1")
    assert updates.call_count == 1


async def test_an_update_is_waited_for_and_tells_its_states(
    get: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    states = ["QUEUED", "RUNNING", "RUNNING", "STOPPING", "A_NEW_WORD", "COMPLETED"]
    get.mock(side_effect=[httpx.Response(503), *map(one, states)])
    told: list[str] = []

    async def note(update: Any) -> None:
        told.append(update.state)

    update = await workspace.updates.wait("p-1", "u-2", on_state=note, polling=polling)
    assert update.state == "COMPLETED"
    assert told == ["QUEUED", "RUNNING", "STOPPING", "A_NEW_WORD", "COMPLETED"]


async def test_the_error_that_came_first_is_told_with_the_page_of_the_update(
    get: respx.Route, events: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    failed = one("FAILED")
    failed.headers["x-request-id"] = "r-2"
    get.mock(side_effect=[one("RUNNING"), failed])
    told = [
        event("u-2", "Update u-2 is FAILED.", ("Later", "after it")),
        event("u-2", "Flow 'sales' has FAILED.", ("Outer", "x"), ("AnalysisException", "no 'd'")),
        event("u-2", "something without a reason"),
        event("u-1", "Flow of yesterday", ("Old", "y")),
    ]
    events.respond(json={"events": told})
    with pytest.raises(UpdateFailed) as caught:
        await workspace.updates.wait("p-1", "u-2", polling=polling)
    error = caught.value.error
    assert error.message == (
        "update u-2 of pipeline p-1 ended FAILED: "
        "Flow 'sales' has FAILED.: AnalysisException: no 'd'"
    )
    assert (error.kind, error.error_code) == (Kind.FAILED, "FAILED")
    assert (error.status, error.request_id) == (200, "r-2")
    assert error.url == f"{stage.HOST}/pipelines/p-1/updates/u-2"
    asked = stage.last(events).url.params
    assert (asked["filter"], asked["order_by"]) == ("level='ERROR'", "timestamp desc")


async def test_a_cancelled_update_is_a_cancellation_also_where_its_events_cannot_be_read(
    get: respx.Route, events: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    get.mock(return_value=one("CANCELED"))
    events.respond(403)
    with pytest.raises(UpdateFailed) as caught:
        await workspace.updates.wait("p-1", "u-2", polling=polling)
    error = caught.value.error
    assert (error.kind, error.error_code) == (Kind.CANCELLED, "CANCELED")
    assert error.message == "update u-2 of pipeline p-1 ended CANCELED"


async def test_an_update_that_is_not_there_ends_the_wait_at_once(
    get: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    get.respond(404, json={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no u-2"})
    with pytest.raises(NotFound):
        await workspace.updates.wait("p-1", "u-2", polling=polling)
    assert get.call_count == 1


async def test_an_id_stands_in_a_path_as_one_part_of_it(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    stop = wire.post(url__regex=".*").respond(json={})
    await workspace.updates.stop("../x")
    assert stage.last(stop).url.raw_path == b"/api/2.0/pipelines/..%2Fx/stop"


@pytest.mark.parametrize(("name", "asked"), [("day", "name LIKE 'day'"), ("it's", None)])
async def test_pipelines_are_found_by_their_whole_name(
    wire: respx.MockRouter, workspace: Workspace, name: str, asked: str | None
) -> None:
    pages = [
        {"statuses": [{"pipeline_id": "p-1", "name": name}], "next_page_token": "more"},
        {"statuses": [{"pipeline_id": "p-2", "name": name + "s"}]},
    ]
    route = wire.get("/api/2.0/pipelines")
    route.mock(side_effect=[httpx.Response(200, json=page) for page in pages])
    found = [pipeline.pipeline_id async for pipeline in workspace.updates.pipelines(name)]
    assert found == ["p-1"]
    calls: list[Any] = list(route.calls)
    first, second = (call.request.url.params for call in calls)
    assert first.get("filter") == asked
    assert (second.get("filter"), second["page_token"]) == (None, "more")
