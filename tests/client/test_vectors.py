"""Vector indexes: described, asked, page by page, and followed until they have what is new."""

import json
from typing import Any

import httpx
import pytest
import respx

from dara_fp.databricks.errors import BadRequest, NotFound
from dara_fp.databricks.http.polling import Polling
from dara_fp.databricks.vectors.indexes import UpsertResult, VectorIndex
from dara_fp.databricks.vectors.vectors import IndexFailed, delta_sync_spec
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import VirtualTime

API = "/api/2.0/vector-search"
INDEX = f"{API}/indexes/a.b.i"
IDLE = "ONLINE_NO_PENDING_UPDATE"
BUSY = "ONLINE_TRIGGERED_UPDATE"


@pytest.fixture
def polling(time: VirtualTime) -> Polling:
    return Polling(clock=time.clock, sleep=time.sleep)


def seen(state: str, *, ready: bool = True, rows: int = 0, version: int = 1) -> httpx.Response:
    status = {
        "ready": ready,
        "detailed_state": state,
        "message": f"it is {state}",
        "indexed_row_count": rows,
        "triggered_update_status": {"last_processed_commit_version": version},
    }
    index = {"name": "a.b.i", "endpoint_name": "e", "status": status}
    return httpx.Response(200, json=index, headers={"x-request-id": f"look-{state}"})


@pytest.fixture
def index(wire: respx.MockRouter) -> respx.Route:
    return wire.get(INDEX)


@pytest.fixture(autouse=True)
def endpoint(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{API}/endpoints/e").respond(json=up("ONLINE"))


@pytest.fixture
def sync(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{INDEX}/sync").respond(json={})


def up(state: str) -> dict[str, Any]:
    return {"name": "e", "endpoint_status": {"state": state, "message": "no capacity"}}


def facts_of(error: IndexFailed) -> tuple[int | None, str | None, str | None]:
    return error.status, error.error_code, error.request_id


async def test_a_new_index_is_waited_for_until_it_is_ready(
    index: respx.Route, workspace: Workspace, polling: Polling, time: VirtualTime
) -> None:
    preparing = seen("PROVISIONING_INITIAL_SNAPSHOT", ready=False)
    index.mock(side_effect=[preparing, httpx.Response(503), preparing, seen(IDLE, rows=5)])
    rows: list[int | None] = []

    async def note(index: VectorIndex) -> None:
        rows.append(index.status.indexed_row_count)

    ready = await workspace.vectors.wait_until_ready("a.b.i", on_look=note, polling=polling)
    assert (ready.status.indexed_row_count, rows) == (5, [0, 0, 5])
    assert time.naps


@pytest.mark.parametrize("state", ["OFFLINE", "STOPPED", "RED_STATE"])
async def test_an_index_on_an_endpoint_that_is_down_is_not_waited_for(
    index: respx.Route, endpoint: respx.Route, sync: respx.Route,
    workspace: Workspace, polling: Polling, state: str,
) -> None:  # fmt: skip
    endpoint.respond(json=up(state), headers={"x-request-id": "of-the-endpoint"})
    index.mock(return_value=seen("PROVISIONING", ready=False))
    for wait in (workspace.vectors.wait_until_ready, workspace.vectors.sync_and_wait):
        with pytest.raises(IndexFailed, match=f"its endpoint e is {state} .no capacity") as failure:
            await wait("a.b.i", polling=polling)
        assert facts_of(failure.value) == (200, state, "of-the-endpoint")
    index.mock(return_value=seen(IDLE))
    with pytest.raises(IndexFailed, match="start the endpoint"):
        await workspace.vectors.sync_and_wait("a.b.i", polling=polling)
    assert not sync.called


async def test_an_endpoint_that_is_being_made_is_waited_for(
    index: respx.Route, endpoint: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    endpoint.respond(json=up("PROVISIONING"))
    index.mock(side_effect=[seen("PROVISIONING", ready=False)] * 9 + [seen(IDLE)])
    assert (await workspace.vectors.wait_until_ready("a.b.i", polling=polling)).status.ready


async def test_an_index_whose_first_update_failed_is_not_waited_for(
    index: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    index.mock(return_value=seen("OFFLINE_FAILED", ready=False))
    with pytest.raises(IndexFailed, match=r"a\.b\.i ended with OFFLINE_FAILED: it is") as failure:
        await workspace.vectors.wait_until_ready("a.b.i", polling=polling)
    assert facts_of(failure.value) == (200, "OFFLINE_FAILED", "look-OFFLINE_FAILED")


async def test_a_sync_has_ended_when_its_update_came_and_went(
    index: respx.Route, sync: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    index.mock(side_effect=[seen(IDLE), seen(IDLE), seen(BUSY), seen(BUSY), seen(IDLE, rows=7)])
    done = await workspace.vectors.sync_and_wait("a.b.i", polling=polling)
    assert (done.status.indexed_row_count, sync.call_count, index.call_count) == (7, 1, 5)


async def test_an_update_between_two_looks_is_seen_by_its_version(
    index: respx.Route, sync: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    index.mock(side_effect=[seen(IDLE, version=1), seen(IDLE, version=2)])
    await workspace.vectors.sync_and_wait("a.b.i", polling=polling)
    assert (sync.call_count, index.call_count) == (1, 2)


async def test_a_sync_with_nothing_new_ends_after_half_a_minute(
    index: respx.Route, sync: respx.Route,
    workspace: Workspace, polling: Polling, time: VirtualTime,
) -> None:  # fmt: skip
    index.mock(return_value=seen(IDLE))
    began = time.now
    await workspace.vectors.sync_and_wait("a.b.i", polling=polling)
    assert 30 <= time.now - began < 40
    assert sync.called


async def test_an_update_that_is_under_way_is_over_before_ours_is_asked_for(
    index: respx.Route, sync: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    asked: list[int] = []

    def answer(_request: httpx.Request) -> httpx.Response:
        asked.append(index.call_count)
        return httpx.Response(200, json={})

    sync.mock(side_effect=answer)
    index.mock(side_effect=[seen(BUSY), seen(BUSY), seen(IDLE), seen(BUSY), seen(IDLE)])
    await workspace.vectors.sync_and_wait("a.b.i", polling=polling)
    assert asked == [3]


async def test_a_failed_update_is_an_error_but_one_of_before_is_not(
    index: respx.Route, sync: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    failed = seen("ONLINE_PIPELINE_FAILED")
    index.mock(side_effect=[failed, failed, seen(BUSY), seen(IDLE)])
    assert (await workspace.vectors.sync_and_wait("a.b.i", polling=polling)).status.ready
    index.mock(side_effect=[seen(IDLE), seen(BUSY), failed])
    with pytest.raises(IndexFailed, match="ended with ONLINE_PIPELINE_FAILED") as failure:
        await workspace.vectors.sync_and_wait("a.b.i", polling=polling)
    told = (200, "ONLINE_PIPELINE_FAILED", "look-ONLINE_PIPELINE_FAILED")
    assert facts_of(failure.value) == told
    assert sync.call_count == 2


async def test_an_index_that_cannot_be_synced_is_refused_in_the_words_of_the_workspace(
    index: respx.Route, sync: respx.Route, workspace: Workspace, polling: Polling
) -> None:
    index.mock(return_value=seen(IDLE))
    sync.respond(400, json={"error_code": "BAD_REQUEST", "message": "it is CONTINUOUS"})
    with pytest.raises(BadRequest, match="it is CONTINUOUS"):
        await workspace.vectors.sync_and_wait("a.b.i", polling=polling)
    index.respond(404, json={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no a.b.i"})
    with pytest.raises(NotFound, match=r"no a\.b\.i"):
        await workspace.vectors.wait_until_ready("a.b.i", polling=polling)


async def test_an_index_is_made_of_one_kind(wire: respx.MockRouter, workspace: Workspace) -> None:
    route = wire.post(f"{API}/indexes").respond(json={"name": "a.b.i"})
    spec = delta_sync_spec("a.b.t", vector_column="v", dimension=3, columns=["id"], continuous=True)
    await workspace.vectors.create_index("a.b.i", "e", "id", delta_sync_index_spec=spec)
    assert json.loads(stage.last(route).content) == {
        "name": "a.b.i",
        "endpoint_name": "e",
        "primary_key": "id",
        "index_type": "DELTA_SYNC",
        "delta_sync_index_spec": {
            "source_table": "a.b.t",
            "pipeline_type": "CONTINUOUS",
            "embedding_vector_columns": [{"name": "v", "embedding_dimension": 3}],
            "columns_to_sync": ["id"],
        },
    }
    for specs in ({}, {"delta_sync_index_spec": spec, "direct_access_index_spec": spec}):
        with pytest.raises(ValueError, match="give either"):
            await workspace.vectors.create_index("a.b.i", "e", "id", **specs)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"text_column": "t"},
        {"model": "m"},
        {"vector_column": "v"},
        {"text_column": "t", "model": "m", "dimension": 2},
        {"text_column": "t", "model": "m", "vector_column": "v", "dimension": 2},
    ],
)
def test_a_spec_needs_one_kind_of_vectors(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either text_column and model, or vector_column"):
        delta_sync_spec("a.b.t", **given)


def page(*ids: str, token: str | None = None) -> httpx.Response:
    rows = [[name, 0.5] for name in ids]
    columns = [{"name": "id"}, {"name": "score"}]
    result = {"row_count": len(rows), "data_array": rows}
    body = {"manifest": {"columns": columns}, "result": result}
    return httpx.Response(200, json={**body, "next_page_token": token})


async def test_pages_follow_until_there_are_no_more(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    first = wire.post(f"{INDEX}/query").mock(return_value=page("a", "b", token="t1"))
    following = wire.post(f"{INDEX}/query-next-page")
    following.mock(side_effect=[page("c", token="t2"), page()])
    asked: dict[str, Any] = {
        "columns": ["id"],
        "query_text": "words",
        "query_type": "HYBRID",
        "num_results": 2,
        "filters": {"year >": 2020},
    }
    pages = [found async for found in workspace.vectors.pages("a.b.i", **asked)]
    assert [row["id"] for found in pages for row in found.records] == ["a", "b", "c"]
    assert [found.row_count for found in pages] == [2, 1, 0]
    sent = json.loads(stage.last(first).content)
    assert (sent["query_type"], sent["filters_json"]) == ("HYBRID", '{"year >":2020}')
    calls: Any = following.calls  # respx has no types for it
    tokens = [json.loads(call.request.content) for call in calls]
    assert tokens == [{"page_token": "t1"}, {"page_token": "t2"}]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "either query_vector or query_text"),
        ({"query_vector": [1.0], "query_text": "x"}, "either query_vector or query_text"),
        ({"query_vector": [1.0], "query_type": "HYBRID"}, "HYBRID looks for its words"),
        ({"query_type": "FULL_TEXT"}, "FULL_TEXT looks for its words"),
        ({"query_text": "x", "filters": {}, "filters_json": "{}"}, "filters or filters_json"),
    ],
)
async def test_a_question_that_fits_no_type_is_not_sent(
    workspace: Workspace, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        await workspace.vectors.query("a.b.i", columns=["id"], **asked)


async def test_rows_are_taken_out_by_key(wire: respx.MockRouter, workspace: Workspace) -> None:
    result = {"success_row_count": 1, "failed_primary_keys": ["b"]}
    route = wire.delete(f"{INDEX}/delete-data").respond(
        json={"status": "PARTIAL_SUCCESS", "result": result}
    )
    gone = await workspace.vectors.delete_rows("a.b.i", ["a", "b"])
    assert gone == UpsertResult(success_row_count=1, failed_primary_keys=("b",))
    assert stage.last(route).url.query == b"primary_keys=a&primary_keys=b"
    assert await workspace.vectors.delete_rows("a.b.i", []) == UpsertResult()
    assert route.call_count == 1
