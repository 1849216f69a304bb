"""Lists of tasks, page by page; and schedules, the listing of workflows, metrics."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dara_fp.api.app import create_app
from tests.api.stage import PREFIX, check, ended, problem, said, served
from tests.api.waiting import Shop, begun, buy, every_day, grab, until


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with served(create_app([buy, grab, check, every_day], env=Shop())) as client:
        yield client


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """Give all tasks that fit *query*, page by page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    for _ in range(100):
        answer = await client.get(f"{PREFIX}/tasks", params={**query, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["tasks"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}
    raise AssertionError("the pages do not end")


async def test_tasks_are_listed_newest_first_with_what_they_are(client: httpx.AsyncClient) -> None:
    ids = [await begun(client, "grab") for _ in range(3)]
    for task_id in ids:
        await ended(client, task_id)
    tasks = await listed(client)
    assert [task["task_id"] for task in tasks] == ids[::-1]
    newest = tasks[0]
    moments = [datetime.fromisoformat(newest[f"{name}_at"]) for name in ("created", "finished")]
    assert moments == sorted(moments)
    assert moments[0].utcoffset() is not None
    assert {**newest, "created_at": "", "started_at": "", "finished_at": ""} == {
        "task_id": ids[-1],
        "workflow": "grab",
        "state": "succeeded",
        "owner": None,
        "attempt": 1,
        "created_at": "",
        "started_at": "",
        "finished_at": "",
        "error": None,
        "status_url": f"{PREFIX}/status/{ids[-1]}",
    }


async def test_tasks_are_listed_by_workflow_and_state(client: httpx.AsyncClient) -> None:
    waiting = await begun(client, "buy")
    await until(client, waiting, "waiting")
    done = await begun(client, "grab")
    await ended(client, done)
    failed = (await client.post(f"{PREFIX}/check", json={"text": "broken"})).json()["task_id"]
    await ended(client, failed)

    async def ids(**query: str) -> list[str]:
        return [task["task_id"] for task in await listed(client, **query)]

    assert await ids(workflow="buy") == [waiting]
    assert await ids(state="succeeded") == [done]
    assert await ids(workflow="buy", state="succeeded") == []
    assert await ids(owner="nobody") == []
    assert await ids(workflow="never-registered") == []
    (found,) = await listed(client, state="failed")
    assert found["error"]["message"] == "ZeroDivisionError: one over none"
    assert found["error"]["traceback"] is None


async def test_pages_hold_each_task_once(client: httpx.AsyncClient) -> None:
    ids = [await begun(client, "grab") for _ in range(7)]
    for limit in (1, 2, 3, 7, 200):
        tasks = await listed(client, limit=limit)
        assert [task["task_id"] for task in tasks] == ids[::-1]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("limit", "0", "from 1 to 200"),
        ("limit", "201", "from 1 to 200"),
        ("limit", "many", "'many'"),
        ("state", "done", "queued, running, waiting, succeeded, failed, cancelled"),
        ("cursor", "nonsense!", "begin without it"),
        ("cursor", "bm9uZQ", "begin without it"),
        ("cursor", "_w", "begin without it"),
        ("workflow", "x" * 201, "200 at most"),
    ],
)
async def test_a_parameter_that_does_not_fit_is_named(
    client: httpx.AsyncClient, name: str, value: str, words: str
) -> None:
    answer = await client.get(f"{PREFIX}/tasks", params={name: value})
    assert words in problem(answer, 422, "INVALID_PARAMETERS")["detail"]
    assert set(said(answer)) == {name}


async def test_schedules_tell_when_each_starts_next(client: httpx.AsyncClient) -> None:
    (found,) = (await client.get(f"{PREFIX}/schedules")).json()["schedules"]
    assert (found["workflow"], found["cron"]) == ("every-day", "0 6 * * *")
    due = datetime.fromisoformat(found["next"])
    assert (due.hour, due.minute) == (6, 0)
    assert 0 < (due - datetime.now(UTC)).total_seconds() <= 86_400


async def test_the_listing_tells_schedule_limit_and_signals(client: httpx.AsyncClient) -> None:
    found = {each["name"]: each for each in (await client.get(PREFIX)).json()["workflows"]}
    assert (found["every-day"]["schedule"], found["every-day"]["concurrency"]) == ("0 6 * * *", 2)
    assert (found["buy"]["schedule"], found["buy"]["concurrency"]) == (None, None)
    assert found["grab"]["signals"] == {}
    schema = found["buy"]["signals"]["decision"]
    assert "#/$defs/Decision" in str(schema)
    assert schema["$defs"]["Decision"]["required"] == ["approved"]


async def test_metrics_are_told_only_where_they_are_switched_on(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = problem(await client.get(f"{PREFIX}/metrics"), 404, "METRICS_OFF")
    assert "DARA_METRICS=1" in found["detail"]
    monkeypatch.setenv("DARA_METRICS", "1")
    answer = await client.get(f"{PREFIX}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE" in answer.text
