"""Users of a Databricks App: each sees and controls their own tasks, and nobody else's."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from dara_fp.api.app import create_app
from tests.api.stage import PREFIX, problem, served
from tests.api.waiting import Shop, begun, buy, grab, stand

ANN = {"X-Forwarded-User": "ann@example.com"}
BOB = {"X-Forwarded-User": "bob@example.com", "X-Forwarded-Email": "ann@example.com"}


@pytest_asyncio.fixture
async def app(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setenv("DATABRICKS_APP_PORT", "8000")
    async with served(create_app([buy, grab], env=Shop())) as client:
        yield client


async def ids(client: httpx.AsyncClient, **headers: str) -> list[str]:
    answer = await client.get(f"{PREFIX}/tasks", headers=headers)
    return [task["task_id"] for task in answer.json()["tasks"]]


async def test_a_task_belongs_to_the_user_that_the_proxy_names(app: httpx.AsyncClient) -> None:
    task_id = await begun(app, "grab", **ANN)
    answer = await app.get(f"{PREFIX}/status/{task_id}", headers=ANN)
    assert answer.json()["owner"] == "ann@example.com"
    mail = {"X-Forwarded-Email": "ann@example.com"}
    assert (await app.get(f"{PREFIX}/status/{task_id}", headers=mail)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "status/{}"),
        ("GET", "tasks/{}/events"),
        ("POST", "tasks/{}/cancel"),
        ("POST", "tasks/{}/resume"),
        ("POST", "tasks/{}/signal/decision"),
    ],
)
async def test_another_user_is_told_that_there_is_no_such_task(
    app: httpx.AsyncClient, method: str, path: str
) -> None:
    task_id = await begun(app, "buy", **ANN)
    told: list[str] = []
    for asked in (task_id, "0" * 32):
        url = f"{PREFIX}/{path.format(asked)}"
        body = {"approved": True} if method == "POST" and "signal" in path else None
        answer = await app.request(method, url, headers=BOB, json=body)
        found = problem(answer, 404, "UNKNOWN_TASK")
        told.append(found["detail"].replace(asked, ""))
    # Nothing in the answer gives away that one of the two is there.
    assert told[0] == told[1]
    status = (await app.get(f"{PREFIX}/status/{task_id}", headers=ANN)).json()
    assert status["cancelling"] is False
    assert status["state"] != "cancelled"


async def test_a_list_holds_a_user_s_own_tasks(app: httpx.AsyncClient) -> None:
    of_ann, of_bob = await begun(app, "grab", **ANN), await begun(app, "grab", **BOB)
    assert await ids(app, **ANN) == [of_ann]
    assert await ids(app, **BOB) == [of_bob]
    answer = await app.get(f"{PREFIX}/tasks", params={"owner": "bob@example.com"}, headers=ANN)
    assert answer.json() == {"tasks": [], "next": None}


async def test_keys_of_two_users_do_not_meet(app: httpx.AsyncClient) -> None:
    first = await begun(app, "grab", **ANN, **{"Idempotency-Key": "k"})
    other = await begun(app, "grab", **BOB, **{"Idempotency-Key": "k"})
    assert first != other
    assert await begun(app, "grab", **ANN, **{"Idempotency-Key": "k"}) == first


@pytest.mark.parametrize(
    "headers", [{}, {"X-Forwarded-User": " "}, {"X-Forwarded-User": "a" * 201}]
)
async def test_nobody_in_an_app_is_refused(app: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answers = [
        await app.post(f"{PREFIX}/grab", json={}, headers=headers),
        await app.get(f"{PREFIX}/tasks", headers=headers),
        await app.get(f"{PREFIX}/status/none", headers=headers),
        await app.get(f"{PREFIX}/tasks/none/events", headers=headers),
    ]
    for answer in answers:
        assert "signed in" in problem(answer, 403, "UNKNOWN_USER")["detail"]
    assert (await app.get(f"{PREFIX}/readyz", headers=headers)).status_code == 200


async def test_outside_of_an_app_nobody_can_claim_to_be_a_user() -> None:
    async with served(create_app([grab], env=Shop())) as client:
        task_id = await begun(client, "grab", **ANN)
        answer = await client.get(f"{PREFIX}/status/{task_id}", headers=BOB)
        assert (answer.status_code, answer.json()["owner"]) == (200, None)


async def test_a_user_runs_as_many_tasks_at_a_time_as_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABRICKS_APP_PORT", "8000")
    monkeypatch.setenv("DARA_OWNER_CONCURRENCY", "1")
    shop = Shop()
    async with served(create_app([stand], env=shop)) as client:
        of_ann = [await begun(client, "stand", **ANN) for _ in range(3)]
        of_bob = await begun(client, "stand", **BOB)

        async def state(task_id: str, headers: dict[str, str]) -> str:
            found = await client.get(f"{PREFIX}/status/{task_id}", headers=headers)
            return str(json.loads(found.text)["state"])

        async with asyncio.timeout(20):
            while await state(of_bob, BOB) != "running":
                pass
        states = [await state(task_id, ANN) for task_id in of_ann]
        assert sorted(states) == ["queued", "queued", "running"]
        shop.opened.set()
