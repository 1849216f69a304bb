"""Services by name: there at once, loaded at first use, clear about what is not offered."""

import asyncio
import gc
import inspect
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from databricks.sdk.service.jobs import RunLifeCycleState

from dara_fp.core.errors import ConfigurationError
from dara_fp.databricks.account import Account
from dara_fp.databricks.errors import ConnectionFailed, NotFound
from dara_fp.databricks.sdk import irregular, sources
from dara_fp.databricks.sdk.irregular import IRREGULAR, Refused
from dara_fp.databricks.sdk.lazy import Pending, Service
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import HOST, TOKEN

RUN = {"run_id": 7, "state": {"life_cycle_state": "TERMINATED"}}
ACCOUNT = "11111111-2222-3333-4444-555555555555"

REFUSED: dict[str, Callable[[Workspace], Any]] = {
    "use files, secrets and runs": lambda workspace: workspace.dbutils,
    "use serving_endpoints.query": lambda workspace: workspace.serving_endpoints_data_plane,
    "use do": lambda workspace: workspace.api_client,
    "did you mean jobs": lambda workspace: workspace.jbos,
}
REFUSED_METHODS: dict[str, tuple[str, str]] = {
    "workspace.models chats": ("serving_endpoints", "get_open_ai_client"),
    "workspace.models chats and": ("serving_endpoints", "get_langchain_chat_open_ai_client"),
    "it speaks gRPC": ("sandbox", "execute_command"),
    "uploads and downloads as streams": ("dbfs", "open"),
    "await get_status": ("dbfs", "exists"),
}


def test_looking_at_a_service_imports_nothing_of_the_sdk() -> None:
    program = (
        "import sys\n"
        "from dara_fp.databricks.account import Account\n"
        "from dara_fp.databricks.workspace import Workspace\n"
        "workspace = Workspace('w.test', token='t')\n"
        "print(workspace.jobs, dir(workspace), Account(account_id='1', host='a.test', token='t'))\n"
        "print(sorted(name for name in sys.modules if name.startswith('databricks.')))\n"
    )
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "<service jobs: not loaded yet>" in printed
    assert "'warehouses'" in printed
    assert printed.endswith("[]\n")


async def test_a_call_before_the_service_is_loaded_can_be_awaited(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wire.get("/api/2.2/jobs/runs/get", params={"run_id": "7"}).respond(json=RUN)
    pending: Any = workspace.jobs.get_run(7)
    assert isinstance(pending, Pending)
    run: Any = await pending
    assert run.state.life_cycle_state is RunLifeCycleState.TERMINATED


async def test_once_loaded_the_service_itself_stands_under_its_name(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wire.get("/api/2.2/jobs/runs/get").respond(json=RUN)
    kept, method = workspace.jobs, workspace.jobs.get_run
    assert isinstance(kept, Service)
    assert await method(7) == await kept.get_run(7) == await workspace.jobs.get_run(7)
    assert repr(workspace.jobs) == f"<asynchronous JobsExt of {HOST}>"
    assert inspect.iscoroutinefunction(workspace.jobs.get_run)
    assert inspect.iscoroutinefunction(kept.get_run)
    assert "get_run" in dir(kept)
    assert "not loaded" not in repr(kept)


async def test_a_call_before_the_service_is_loaded_can_be_iterated_and_left(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    page = {"catalogs": [{"name": "a"}, {"name": "b"}], "next_page_token": "more"}
    wire.get("/api/2.1/unity-catalog/catalogs").respond(json=page)
    listed: Any = workspace.catalogs.list()
    assert isinstance(listed, Pending)
    async with aclosing(listed):
        assert (await anext(listed)).name == "a"
        assert (await anext(listed)).name == "b"
        assert (await anext(listed)).name == "a"
    assert wire.calls.call_count == 2


async def test_calls_before_the_service_is_loaded_can_become_tasks(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wire.get("/api/2.2/jobs/runs/get").respond(json=RUN)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(workspace.jobs.get_run(7)) for _ in range(5)]
    assert [task.result().run_id for task in tasks] == [7] * 5


async def test_a_task_that_is_cancelled_while_the_service_is_loaded_leaves_it_to_the_others(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wire.get("/api/2.2/jobs/runs/get").respond(json=RUN)
    first = asyncio.create_task(workspace.jobs.get_run(7))
    second = asyncio.create_task(workspace.jobs.get_run(7))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).run_id == 7
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_services_of_a_service_can_be_called_before_it_is_loaded(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wire.get("/api/2.0/settings/types/default_namespace_ws/names/default").respond(
        json={"etag": "e", "namespace": {"value": "main"}}
    )
    assert (await workspace.settings.default_namespace.get()).namespace.value == "main"
    assert (await workspace.settings.default_namespace.get()).etag == "e"


async def test_awaiting_a_list_tells_to_iterate_it(workspace: Workspace) -> None:
    listed: Any = workspace.catalogs.list()
    with pytest.raises(TypeError, match=r"lists: iterate it with `async for`"):
        await listed


async def test_a_name_that_the_loaded_service_lacks_is_told_when_awaited(
    workspace: Workspace,
) -> None:
    with pytest.raises(AttributeError, match=r"no 'lits'.*did you mean list"):
        await workspace.jobs.lits()
    with pytest.raises(AttributeError, match=r"no 'get_rnu'.*did you mean get_run"):
        _ = workspace.jobs.get_rnu


@pytest.mark.parametrize("instead", REFUSED)
def test_a_service_that_is_not_offered_says_what_to_do_instead(instead: str) -> None:
    workspace = Workspace(HOST, token=TOKEN)
    with pytest.raises(AttributeError, match=instead):
        REFUSED[instead](workspace)


@pytest.mark.parametrize("instead", REFUSED_METHODS)
def test_a_method_that_is_not_offered_says_what_to_do_instead_before_the_service_is_loaded(
    instead: str,
) -> None:
    service, name = REFUSED_METHODS[instead]
    with pytest.raises(AttributeError, match=f"{name} is not offered here: .*{instead}"):
        getattr(getattr(Workspace(HOST, token=TOKEN), service), name)


@pytest.mark.parametrize("instead", REFUSED_METHODS)
async def test_a_method_that_is_not_offered_says_what_to_do_instead_once_it_is_loaded(
    workspace: Workspace, instead: str
) -> None:
    service, name = REFUSED_METHODS[instead]
    kept: Service = getattr(workspace, service)
    await kept.loaded()
    for holder in (kept, getattr(workspace, service)):
        with pytest.raises(AttributeError, match=instead):
            getattr(holder, name)


def test_every_method_that_is_refused_once_loaded_is_refused_before() -> None:
    known = {kind.by_hand for kind in IRREGULAR.values() if has_refusals(kind.by_hand)}
    assert known == {*irregular.REFUSED_METHODS.values()}


def has_refusals(kind: type | None) -> bool:
    return kind is not None and any(isinstance(each, Refused) for each in vars(kind).values())


async def test_a_call_that_is_not_awaited_is_told(workspace: Workspace) -> None:
    pending: Any = workspace.jobs.get_run(7)
    with pytest.warns(RuntimeWarning, match=r"call of <get_run of .*jobs.*nothing was sent"):
        del pending


async def test_a_call_that_is_closed_or_cut_before_it_began_is_not_told_of(
    workspace: Workspace,
) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        workspace.jobs.get_run(7).close()
        listed: Any = workspace.jobs.list()
        await listed.aclose()
        del listed
        task = asyncio.create_task(workspace.jobs.get_run(7))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
    assert [str(each.message) for each in told if "nothing was sent" in str(each.message)] == []


async def test_a_refusal_is_an_error_of_ours_with_all_its_facts(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wire.get("/api/2.2/jobs/runs/get").respond(
        404,
        json={"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run 7 does not exist."},
        headers={"x-request-id": "r-1"},
    )
    with pytest.raises(NotFound) as caught:
        await workspace.jobs.get_run(7)
    facts = caught.value.status, caught.value.error_code, caught.value.request_id
    assert facts == (404, "RESOURCE_DOES_NOT_EXIST", "r-1")


async def test_a_post_with_an_idempotency_token_is_sent_again_after_a_lost_answer(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    route = wire.post("/api/2.2/jobs/run-now")
    route.side_effect = [httpx.ReadError("gone"), httpx.Response(200, json={"run_id": 7})]
    wait = await workspace.jobs.run_now(1, idempotency_token="t")
    assert wait.run_id == 7
    sent: list[httpx.Request] = [call.request for call in route.calls]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - respx has no types here
    assert [json.loads(each.content) for each in sent] == [
        {"idempotency_token": "t", "job_id": 1}
    ] * 2


async def test_a_post_without_one_is_not(workspace: Workspace, wire: respx.MockRouter) -> None:
    route = wire.post("/api/2.2/jobs/run-now")
    route.side_effect = httpx.ReadError("gone")
    with pytest.raises(ConnectionFailed):
        await workspace.jobs.run_now(1)
    assert route.call_count == 1


async def test_a_name_with_a_question_mark_or_a_hash_stays_a_name(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    route = wire.delete(url__regex=".*").respond(json={})
    await workspace.catalogs.delete("a?b#c")
    assert route.calls.last.request.url.raw_path == b"/api/2.1/unity-catalog/catalogs/a%3Fb%23c"


async def test_an_answer_that_is_no_json_comes_as_a_stream(
    workspace: Workspace, wire: respx.MockRouter
) -> None:
    wire.get("/api/2.0/serving-endpoints/e/metrics").respond(content=b"requests 1\n")
    answer = await workspace.serving_endpoints.export_metrics("e")
    assert answer.contents
    stream: Any = answer.contents
    async with stream:
        assert b"".join([chunk async for chunk in stream]) == b"requests 1\n"


async def test_an_account_has_services_of_its_own(wire: respx.MockRouter) -> None:
    path = f"/api/2.0/accounts/{ACCOUNT}/workspaces"
    wire.get(path).respond(json=[{"workspace_id": 5}])
    async with Account(HOST, account_id=ACCOUNT, token=TOKEN) as account:
        assert [each.workspace_id async for each in account.workspaces.list()] == [5]
        with pytest.raises(AttributeError, match="Account has no 'jobs'"):
            _ = account.jobs


async def test_what_the_sdk_may_send_one_day_and_ours_cannot_is_told(workspace: Workspace) -> None:
    with pytest.raises(NotImplementedError, match="with data and auth, which is not offered here"):
        await workspace._api.do("POST", "/new", data=b"x", auth=print, files=None)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - services do


def test_an_account_needs_its_id() -> None:
    with pytest.raises(ConfigurationError, match="account_id is missing"):
        Account(HOST, token=TOKEN)


def test_an_sdk_without_sources_is_refused_with_what_to_do(tmp_path: Path) -> None:
    compiled = tmp_path / "jobs.pyc"
    compiled.touch()
    with pytest.raises(ImportError, match=r"has no \.py source.*install it unpacked"):
        sources.text_of(str(compiled))


def test_an_sdk_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(_name: str) -> None:
        return None

    sources.package_source.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", found)
    with pytest.raises(ModuleNotFoundError, match="pip install databricks-sdk"):
        sources.package_source()
    assert "jobs" not in dir(Loner("w.test", token=TOKEN))


class Loner(Workspace):
    """A workspace whose services nobody has asked for yet."""

    _client = "NoSuchClient"
