"""Cancelling, resuming and signalling over HTTP, each as often as one likes."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from dara_fp.api.app import create_app
from tests.api.stage import PREFIX, ended, problem, said, served
from tests.api.waiting import Shop, begun, buy, grab, stand, until

YES = {"approved": True, "by": "Ann"}


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest_asyncio.fixture
async def client(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with served(create_app([buy, grab, stand], env=shop)) as client:
        yield client


async def test_a_task_waits_for_a_signal_and_goes_on_with_its_body(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    task_id = await begun(client, "buy")
    status = await until(client, task_id, "waiting")
    (waiting,) = status["waiting"]
    assert (waiting["signal"], waiting["until"]) == ("decision", None)
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/signal/decision", json=YES)
    assert answer.status_code == 202
    url = f"{PREFIX}/status/{task_id}"
    assert answer.json() == {
        "task_id": task_id,
        "signal": "decision",
        "taken": True,
        "status_url": url,
    }
    assert answer.headers["location"] == url
    status = await ended(client, task_id)
    assert (status["state"], status["context"]["decision"]) == ("succeeded", YES)
    assert shop.done == ["reserve", "pay"]


async def test_a_signal_is_taken_once_and_another_body_is_refused(
    client: httpx.AsyncClient,
) -> None:
    task_id = await begun(client, "buy")
    url = f"{PREFIX}/tasks/{task_id}/signal/decision"
    answers = [await client.post(url, json=YES) for _ in range(3)]
    assert [answer.json()["taken"] for answer in answers] == [True, False, False]
    other = await client.post(url, json={"approved": False})
    assert "another body" in problem(other, 409, "SIGNAL_REFUSED")["detail"]
    assert (await ended(client, task_id))["context"]["decision"] == YES


async def test_a_signal_that_nobody_waits_for_names_those_that_are_known(
    client: httpx.AsyncClient,
) -> None:
    task_id = await begun(client, "buy")
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/signal/descision", json=YES)
    found = problem(answer, 404, "UNKNOWN_SIGNAL")
    assert found["known"] == ["decision"]
    assert "'descision'" in found["detail"]


async def test_a_task_that_is_over_takes_no_signal(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "buy")
    await client.post(f"{PREFIX}/tasks/{task_id}/cancel")
    assert (await ended(client, task_id))["state"] == "cancelled"
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/signal/decision", json=YES)
    assert "is over" in problem(answer, 409, "SIGNAL_REFUSED")["detail"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b'{"approved":"maybe"}', "INVALID_FIELDS", "decision"),
        (b'{"by":"Ann"}', "INVALID_FIELDS", "decision"),
        (b"true", "INVALID_FIELDS", "decision"),
        (b"{", "INVALID_JSON", None),
        (b"\xff", "INVALID_JSON", None),
        (b"[" * 100_000, "INVALID_JSON", None),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_and_the_task_waits_on(
    client: httpx.AsyncClient, body: bytes, code: str, field: str | None
) -> None:
    task_id = await begun(client, "buy")
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/signal/decision", content=body)
    problem(answer, 422, code)
    assert set(said(answer)) == ({field} if field else set())
    assert len(answer.text) < 2000
    await until(client, task_id, "waiting")


async def test_a_signal_of_another_media_type_or_a_large_one_is_refused(
    client: httpx.AsyncClient,
) -> None:
    task_id = await begun(client, "buy")
    url = f"{PREFIX}/tasks/{task_id}/signal/decision"
    answer = await client.post(url, content=b"yes", headers={"Content-Type": "text/plain"})
    problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    problem(await client.post(url, content=b" " * 1_100_000), 413, "BODY_TOO_LARGE")


async def test_a_waiting_task_is_cancelled_and_what_it_did_is_taken_back(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    task_id = await begun(client, "buy")
    await until(client, task_id, "waiting")
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/cancel")
    assert answer.status_code == 202
    assert answer.json()["status_url"] == f"{PREFIX}/status/{task_id}"
    status = await ended(client, task_id)
    assert (status["state"], status["error"]["kind"]) == ("cancelled", "cancelled")
    assert shop.done == ["reserve", "give_back"]


async def test_a_running_task_is_cancelled_and_asking_again_changes_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    task_id = await begun(client, "stand")
    await until(client, task_id, "running", step="queue_up")
    url = f"{PREFIX}/tasks/{task_id}/cancel"
    answers = await asyncio.gather(*(client.post(url) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    assert (await ended(client, task_id))["state"] == "cancelled"
    assert (await client.post(url)).json()["state"] == "cancelled"
    assert shop.done == ["reserve", "give_back"]


async def test_a_task_that_ended_is_left_as_it_is(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "succeeded")


async def test_a_failed_task_goes_on_from_the_step_that_failed(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    shop.broken.set()
    task_id = await begun(client, "grab")
    assert (await ended(client, task_id))["state"] == "failed"
    shop.broken.clear()
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/resume")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    status = await ended(client, task_id)
    assert (status["state"], status["attempt"]) == ("succeeded", 2)
    assert shop.done == ["reserve", "pay", "pay"]


@pytest.mark.parametrize("way", ["body", "query"])
async def test_a_failed_task_goes_on_from_an_earlier_step_that_is_named(
    client: httpx.AsyncClient, shop: Shop, way: str
) -> None:
    shop.broken.set()
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    shop.broken.clear()
    url = f"{PREFIX}/tasks/{task_id}/resume"
    answer = await (
        client.post(url, json={"from": "reserve"})
        if way == "body"
        else client.post(url, params={"from": "reserve"})
    )
    assert answer.status_code == 202
    assert (await ended(client, task_id))["state"] == "succeeded"
    assert shop.done == ["reserve", "pay", "reserve", "pay"]


async def test_resuming_a_task_that_goes_on_changes_nothing(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "buy")
    await until(client, task_id, "waiting")
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/resume")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")


async def test_a_task_that_succeeded_is_not_resumed(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/resume")
    assert "succeeded" in problem(answer, 409, "NOT_RESUMABLE")["detail"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"from":"nowhere"}', "INVALID_PARAMETERS"),
        (b'{"form":"pay"}', "INVALID_FIELDS"),
        (b'{"from":3}', "INVALID_FIELDS"),
        (b"{", "INVALID_JSON"),
    ],
)
async def test_a_resume_that_names_no_step_is_refused_and_nothing_is_resumed(
    client: httpx.AsyncClient, shop: Shop, body: bytes, code: str
) -> None:
    shop.broken.set()
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    answer = await client.post(f"{PREFIX}/tasks/{task_id}/resume", content=body)
    found = problem(answer, 422, code)
    if code == "INVALID_PARAMETERS":
        assert "reserve" in found["detail"]
        assert set(said(answer)) == {"from"}
    assert (await ended(client, task_id))["attempt"] == 1


@pytest.mark.parametrize("path", ["cancel", "resume", "signal/decision"])
@pytest.mark.parametrize("task_id", ["none", "{}", "x" * 300])
async def test_what_is_asked_of_a_task_that_is_not_there_is_404(
    client: httpx.AsyncClient, path: str, task_id: str
) -> None:
    problem(await client.post(f"{PREFIX}/tasks/{task_id}/{path}"), 404, "UNKNOWN_TASK")
