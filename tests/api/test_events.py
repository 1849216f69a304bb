"""A task's log over HTTP: in pages, and as a stream that goes on where it was cut."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dara_fp.api.app import create_app
from dara_fp.api.streams import EventHub, TooManyStreams
from tests.api.stage import PREFIX, check, ended, problem, said, served
from tests.api.waiting import Shop, begun, buy, grab, until

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest_asyncio.fixture
async def client(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with served(create_app([buy, grab, check], env=shop)) as client:
        yield client


def url_of(task_id: str) -> str:
    return f"{PREFIX}/tasks/{task_id}/events"


def read(text: str) -> list[dict[str, str]]:
    """Read server-sent events as a browser does."""
    found: list[dict[str, str]] = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
        if lines:
            found.append({name: value for name, _, value in lines})
    return found


async def test_the_log_tells_all_that_happened_in_order(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    page = (await client.get(url_of(task_id))).json()
    kinds = [(event["kind"], event["path"]) for event in page["events"]]
    assert kinds == [
        ("task.queued", None),
        ("task.running", None),
        ("step.succeeded", "reserve"),
        ("step.succeeded", "pay"),
        ("task.succeeded", None),
    ]
    assert [event["number"] for event in page["events"]] == [1, 2, 3, 4, 5]
    assert page["next"] == 5


async def test_pages_follow_one_another(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    after, pages = 0, list[list[int]]()
    for _ in range(4):
        page = (await client.get(url_of(task_id), params={"after": after, "limit": 2})).json()
        pages.append([event["number"] for event in page["events"]])
        after = page["next"]
    assert (pages, after) == ([[1, 2], [3, 4], [5], []], 5)


async def test_the_stack_of_a_defect_is_in_no_event(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{PREFIX}/check", json={"text": "broken"})
    task_id = answer.json()["task_id"]
    await ended(client, task_id)
    for headers in ({}, STREAM):
        text = (await client.get(url_of(task_id), headers=headers)).text
        assert "ZeroDivisionError: one over none" in text
        assert "traceback" not in text.lower()


@pytest.mark.parametrize(
    ("name", "value"),
    [("after", "-1"), ("after", "x"), ("limit", "0"), ("limit", "1001"), ("after", "9" * 19)],
)
async def test_a_number_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    task_id = await begun(client, "grab")
    answer = await client.get(url_of(task_id), params={name: value})
    problem(answer, 422, "INVALID_PARAMETERS")
    assert set(said(answer)) == {name}


async def test_a_stream_tells_the_same_and_ends_with_the_task(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "buy")
    await until(client, task_id, "waiting")
    streaming = asyncio.ensure_future(client.get(url_of(task_id), headers=STREAM))
    await client.post(f"{PREFIX}/tasks/{task_id}/signal/decision", json={"approved": True})
    answer = await asyncio.wait_for(streaming, 20)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    events = read(answer.text)
    page = (await client.get(url_of(task_id))).json()["events"]
    assert [json.loads(event["data"]) for event in events] == page
    assert [event["id"] for event in events] == [str(event["number"]) for event in page]
    assert [event["event"] for event in events] == [event["kind"] for event in page]
    assert events[-1]["event"] == "task.succeeded"


@pytest.mark.parametrize("last", [1, 3, 4])
async def test_a_stream_goes_on_after_the_last_event_that_came(
    client: httpx.AsyncClient, last: int
) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    headers = {**STREAM, "Last-Event-ID": str(last)}
    answer = await client.get(url_of(task_id), headers=headers, params={"after": 0})
    assert [int(event["id"]) for event in read(answer.text)] == list(range(last + 1, 6))


async def test_a_stream_of_which_nothing_is_left_is_not_opened_again(
    client: httpx.AsyncClient,
) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    answer = await client.get(url_of(task_id), headers={**STREAM, "Last-Event-ID": "5"})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_number_that_no_event_has_starts_from_the_beginning(
    client: httpx.AsyncClient,
) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    answer = await client.get(url_of(task_id), headers={**STREAM, "Last-Event-ID": "77"})
    assert len(read(answer.text)) == 5


async def test_the_events_of_a_task_that_is_not_there_are_404(client: httpx.AsyncClient) -> None:
    for headers in ({}, STREAM):
        answer = await client.get(url_of("none"), headers=headers)
        problem(answer, 404, "UNKNOWN_TASK")


async def test_too_many_streams_are_refused_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, client: httpx.AsyncClient
) -> None:
    def full(_hub: EventHub) -> Any:
        raise TooManyStreams

    monkeypatch.setattr(EventHub, "admit", full)
    task_id = await begun(client, "buy")
    answer = await client.get(url_of(task_id), headers=STREAM)
    found = problem(answer, 503, "TOO_MANY_STREAMS")
    assert found["retryable"] is True
    assert "page by page" in found["detail"]
    assert int(answer.headers["retry-after"]) >= 1
