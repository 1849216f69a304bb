"""What `sync_index` sends, keeps and tells, on a workspace that answers as it is told."""

from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, StepContext, made, unwrap
from dara_fp.steps.vectors import SyncedIndex, sync_index
from tests.client.stage import VirtualTime
from tests.steps.mocked import Held, asked, check_refused, crashed, refused, said

NAME = "main.default.docs"
INDEX = f"/api/2.0/vector-search/indexes/{NAME}"
ENDPOINT = "/api/2.0/vector-search/endpoints/e"
LOOK = f"GET {INDEX}"
SYNC = f"POST {INDEX}/sync"


@attrs.frozen(kw_only=True)
class Syncing(StepContext):
    """The least that `sync_index` takes."""

    index: str = NAME
    synced: SyncedIndex | None = made()


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    wire.get(ENDPOINT).respond(json={"name": "e", "endpoint_status": {"state": "ONLINE"}})
    return wire.get(INDEX).mock(return_value=index("ONLINE_NO_PENDING_UPDATE"))


@pytest.fixture
def sync(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{INDEX}/sync").respond(json={})


def index(state: str, rows: int = 3, version: int = 1, **more: Any) -> httpx.Response:
    follows = {"last_processed_commit_version": version}
    status = {"ready": True, "detailed_state": state, "indexed_row_count": rows, **more}
    facts = {"name": NAME, "endpoint_name": "e"}
    whole = {**facts, "status": {**status, "triggered_update_status": follows}}
    return httpx.Response(200, json=whole, headers={"x-request-id": "req-9"})


async def test_an_index_is_told_to_follow_its_table_once_and_looked_at_until_it_has(
    wire: respx.MockRouter, get: respx.Route, sync: respx.Route, reached: DatabricksEnv
) -> None:
    idle, busy = "ONLINE_NO_PENDING_UPDATE", "ONLINE_TRIGGERED_UPDATE"
    get.mock(side_effect=[index(idle), index(busy), index(busy), index(idle, 5, 2)])
    journal = MemoryJournal()
    ended = unwrap(await sync_index(Syncing(), reached, scope=Scope(journal=journal)))
    assert ended.synced == SyncedIndex(index=NAME, rows=5, version=2)
    assert asked(wire) == [LOOK, f"GET {ENDPOINT}", SYNC, LOOK, LOOK, LOOK]
    assert sync.calls.last.request.content == b""
    told = [f"{idle}, 3 rows", f"{busy}, 3 rows", f"{idle}, 5 rows"]
    assert said(journal, "sync_index") == [(message, None) for message in told]


async def test_an_index_that_shows_no_update_for_half_a_minute_had_nothing_new(
    get: respx.Route, sync: respx.Route, reached: DatabricksEnv, time: VirtualTime
) -> None:
    ended = unwrap(await sync_index(Syncing(), reached))
    assert ended.synced == SyncedIndex(index=NAME, rows=3, version=1)
    assert sync.call_count == 1
    assert 1030.0 <= time.now < 1040.0


@pytest.mark.usefixtures("sync")
async def test_an_update_that_fails_is_told_with_its_state_and_request(
    get: respx.Route, reached: DatabricksEnv
) -> None:
    failed = index("ONLINE_PIPELINE_FAILED", message="no table 't'")
    get.mock(side_effect=[index("ONLINE_NO_PENDING_UPDATE"), failed])
    error = (await sync_index(Syncing(), reached)).failure()
    assert (error.kind, error.step) == (Kind.FAILED, "sync_index")
    assert (error.error_code, error.request_id) == ("ONLINE_PIPELINE_FAILED", "req-9")
    assert error.message == (
        f"the update of the index {NAME} ended with ONLINE_PIPELINE_FAILED: no table 't'"
    )


async def test_an_index_whose_endpoint_is_down_is_not_synced(
    wire: respx.MockRouter, get: respx.Route, sync: respx.Route, reached: DatabricksEnv
) -> None:
    wire.get(ENDPOINT).respond(json={"name": "e", "endpoint_status": {"state": "STOPPED"}})
    error = (await sync_index(Syncing(), reached)).failure()
    assert (error.kind, error.error_code) == (Kind.FAILED, "STOPPED")
    assert "start the endpoint, or put the index on one that is up" in error.message
    assert not sync.called


async def test_a_refusal_to_look_or_to_sync_is_the_failure_of_the_step(
    get: respx.Route, sync: respx.Route, reached: DatabricksEnv
) -> None:
    sync.mock(return_value=refused())
    check_refused((await sync_index(Syncing(), reached)).failure(), "sync_index", SYNC)
    get.mock(return_value=refused())
    check_refused((await sync_index(Syncing(), reached)).failure(), "sync_index", LOOK)
    assert sync.call_count == 1


async def test_a_sync_that_is_cut_is_left_to_end_by_itself(
    wire: respx.MockRouter, get: respx.Route, sync: respx.Route, reached: DatabricksEnv
) -> None:
    looking, looks = Held(index("ONLINE_TRIGGERED_UPDATE")), [index("ONLINE_NO_PENDING_UPDATE")]

    async def look(request: httpx.Request) -> httpx.Response:
        return looks.pop() if looks else await looking(request)

    get.mock(side_effect=look)
    assert await looking.cut(sync_index(Syncing(), reached)) == []
    assert asked(wire) == [LOOK, f"GET {ENDPOINT}", SYNC]


async def test_a_delivery_after_a_crash_waits_for_the_update_and_syncs_again(
    wire: respx.MockRouter, get: respx.Route, sync: respx.Route, reached: DatabricksEnv
) -> None:
    idle, busy = "ONLINE_NO_PENDING_UPDATE", "ONLINE_TRIGGERED_UPDATE"
    looks = [index(busy), index(idle, 5, 2), index(busy, 5, 2), index(idle, 6, 3)]
    get.mock(side_effect=looks)
    ended = unwrap(await sync_index(Syncing(), reached, scope=crashed("sync_index")))
    assert ended.synced == SyncedIndex(index=NAME, rows=6, version=3)
    assert asked(wire) == [LOOK, LOOK, f"GET {ENDPOINT}", SYNC, LOOK, LOOK]
