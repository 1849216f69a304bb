"""Steps that update pipelines: once, whoever's answer is lost, and stopped when they are cut."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import (
    DatabricksEnv,
    Entry,
    Kind,
    MemoryJournal,
    Scope,
    StepContext,
    Workspace,
    made,
    start,
    unwrap,
)
from dara_fp.core.check import structure
from dara_fp.core.undo import CANCELLED
from dara_fp.steps.pipelines import (
    PipelineUpdate,
    await_update,
    note_updates,
    start_update,
    stop_update,
    update_pipeline,
)

HOST = "https://dbc-1.cloud.databricks.test"
PIPELINE = "01234567-89ab-cdef-0123-456789abcdef"
API = f"/api/2.0/pipelines/{PIPELINE}"
NOTED = PipelineUpdate(pipeline_id=PIPELINE, before="u-1")


@attrs.frozen(kw_only=True)
class Updating(StepContext):
    """The least that the steps of pipelines take."""

    pipeline: str = PIPELINE
    full_refresh: bool = False
    update: PipelineUpdate | None = made()


class Service:
    """One pipeline that answers as it is told."""

    def __init__(self, wire: respx.MockRouter) -> None:
        self.updates = wire.get(f"{API}/updates").mock(side_effect=self._list)
        self.start = wire.post(f"{API}/updates").mock(side_effect=self._begin)
        self.get = wire.get(f"{API}/updates/u-2").mock(side_effect=self._get)
        self.stop = wire.post(f"{API}/stop").mock(side_effect=self._stop)
        self.ids = ["u-1"]
        self.states = ["COMPLETED"]
        self.looked = asyncio.Event()

    def _list(self, _request: httpx.Request) -> httpx.Response:
        updates = [
            {"update_id": key, "cause": "API_CALL", "creation_time": place}
            for place, key in enumerate(self.ids)
        ]
        return httpx.Response(200, json={"updates": updates[::-1]})

    def _begin(self, _request: httpx.Request) -> httpx.Response:
        self.ids.append("u-2")
        return httpx.Response(200, json={"update_id": "u-2"})

    def _get(self, _request: httpx.Request) -> httpx.Response:
        self.looked.set()
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return httpx.Response(200, json={"update": {"update_id": "u-2", "state": state}})

    def _stop(self, _request: httpx.Request) -> httpx.Response:
        self.states = ["CANCELED"]
        return httpx.Response(200, json={})


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=HOST, using="httpx", assert_all_called=False) as router:
        yield router


@pytest.fixture
def service(wire: respx.MockRouter) -> Service:
    return Service(wire)


@pytest.fixture
async def env() -> AsyncIterator[DatabricksEnv]:
    reached = DatabricksEnv(workspace=Workspace(HOST, token="dapi-unseen", retry_seconds=0))
    yield reached
    await reached.aclose()


async def test_a_pipeline_is_updated_and_waited_for(service: Service, env: DatabricksEnv) -> None:
    service.states = ["RUNNING", "COMPLETED"]
    journal = MemoryJournal()
    ended = unwrap(
        await update_pipeline(Updating(full_refresh=True), env, scope=Scope(journal=journal))
    )
    page = f"{HOST}/pipelines/{PIPELINE}/updates/u-2"
    assert ended.update == attrs.evolve(NOTED, update_id="u-2", state="COMPLETED", page_url=page)
    body = json.loads(service.start.calls.last.request.content)
    assert body == {"cause": "API_CALL", "full_refresh": True}
    said = [message for path, message, _ in journal.reports if path == "await_update"]
    assert said == ["update u-2 is RUNNING", "update u-2 is COMPLETED"]


async def test_an_update_that_fails_is_the_failure_of_the_step_with_its_page(
    service: Service, wire: respx.MockRouter, env: DatabricksEnv
) -> None:
    service.states = ["FAILED"]
    wire.get(f"{API}/events").respond(
        json={"events": [{"message": "no table 'a'", "origin": {"update_id": "u-2"}}]}
    )
    error = (await update_pipeline(Updating(), env)).failure()
    assert (error.kind, error.step, error.error_code) == (Kind.FAILED, "await_update", "FAILED")
    assert error.message.endswith("ended FAILED: no table 'a'")
    assert error.url == f"{HOST}/pipelines/{PIPELINE}/updates/u-2"


@pytest.mark.usefixtures("service")
async def test_a_pipeline_is_found_by_its_name_if_only_one_has_it(
    wire: respx.MockRouter, env: DatabricksEnv
) -> None:
    one = {"pipeline_id": PIPELINE, "name": "sales"}
    route = wire.get("/api/2.0/pipelines").respond(json={"statuses": [one]})
    noted = unwrap(await note_updates(Updating(pipeline="sales"), env))
    assert noted.update == NOTED
    route.respond(json={"statuses": [one, {**one, "pipeline_id": "p-2"}]})
    error = (await note_updates(Updating(pipeline="sales"), env)).failure()
    assert error.kind is Kind.REJECTED
    assert f"several are: {PIPELINE}, p-2; give a pipeline's id" in error.message
    for missing in ("none", ""):
        route.respond(json={"statuses": []})
        error = (await note_updates(Updating(pipeline=missing), env)).failure()
        assert f"is called {missing!r}, none is; give a pipeline's id" in error.message


async def test_an_update_that_was_begun_by_a_worker_that_died_is_not_begun_again(
    service: Service, env: DatabricksEnv
) -> None:
    heard = MemoryJournal()
    scope = Scope(task_id="t", journal=heard)
    unwrap(await start_update(Updating(update=NOTED), env, scope=scope))
    lost = Scope(task_id="t", journal=MemoryJournal({}, heard=heard.heard))
    found = unwrap(await start_update(Updating(update=NOTED), env, scope=lost))
    assert found.update is not None
    assert found.update.update_id == "u-2"
    assert service.start.call_count == 1


async def test_a_workflow_that_is_cancelled_stops_the_update_it_waits_for(
    service: Service, env: DatabricksEnv
) -> None:
    service.states = ["RUNNING"]
    running = asyncio.ensure_future(update_pipeline(Updating(), env))
    await service.looked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert service.stop.call_count == 1


async def test_an_update_whose_id_was_lost_with_its_worker_is_stopped(
    service: Service, env: DatabricksEnv
) -> None:
    service.states = ["RUNNING"]
    heard = MemoryJournal()
    scope = Scope(task_id="t", journal=heard)
    pipeline = start(Updating, DatabricksEnv) >> note_updates >> start_update
    unwrap(await pipeline(Updating(), env, scope=scope))
    kept = {"note_updates": heard.entries["note_updates"]}
    kept["run(note_updates)"] = Entry(error=CANCELLED, verdict="undone")
    lost = Scope(task_id="t", journal=MemoryJournal(kept, heard=heard.heard))
    with pytest.raises(asyncio.CancelledError):
        await update_pipeline(Updating(), env, scope=lost)
    assert service.stop.call_count == 1
    assert service.start.call_count == 1


@pytest.mark.parametrize(
    "update", [None, NOTED, attrs.evolve(NOTED, update_id="u-2")], ids=["none", "noted", "ended"]
)
async def test_where_no_update_goes_on_none_is_stopped(
    service: Service, env: DatabricksEnv, update: PipelineUpdate | None
) -> None:
    ctx = Updating(update=update)
    assert unwrap(await stop_update(ctx, env)) == ctx
    assert not service.stop.called


@pytest.mark.parametrize("step", [start_update, await_update])
async def test_a_step_without_the_one_before_says_which(env: DatabricksEnv, step: Any) -> None:
    error = (await step(Updating(), env)).failure()
    assert error.message.startswith("there is no ")
    assert "before" in error.message


def test_the_paths_of_an_update_are_those_of_its_three_steps() -> None:
    flow = start(Updating, DatabricksEnv) >> update_pipeline
    assert structure(flow) == ("note_updates", "start_update", "await_update")
