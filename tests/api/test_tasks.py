"""Starting workflows over HTTP, and asking how far they are."""

import asyncio
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from dara_fp.api.app import create_app
from tests.api.stage import PREFIX, Gate, check, count, ended, problem, served


async def started(client: httpx.AsyncClient, name: str, **fields: Any) -> str:
    answer = await client.post(f"{PREFIX}/{name}", json=fields)
    assert answer.status_code == 202, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


async def reported(client: httpx.AsyncClient, task_id: str) -> dict[str, Any]:
    """Wait until the first step has said something."""
    async with asyncio.timeout(20):
        while True:
            status: dict[str, Any] = (await client.get(f"{PREFIX}/status/{task_id}")).json()
            if status["steps"][0]["message"]:
                return status
            await asyncio.sleep(0.01)


async def test_a_start_is_accepted_with_the_address_of_its_status() -> None:
    async with served(create_app([check])) as client:
        answer = await client.post(f"{PREFIX}/check", json={"text": "a b"})
        assert answer.status_code == 202
        body = answer.json()
        assert body["status_url"] == f"{PREFIX}/status/{body['task_id']}"
        assert answer.headers["location"] == body["status_url"]
        assert int(answer.headers["retry-after"]) >= 1
        status = await ended(client, body["task_id"])
        assert status["context"] == {"text": "a b", "times": 1, "words": None, "checked": True}


async def test_a_running_step_tells_its_progress_and_the_context_grows() -> None:
    gate = Gate()
    async with served(create_app([count], env=gate)) as client:
        task_id = await started(client, "count", text="a b c", times=2)
        status = await reported(client, task_id)
        assert (status["state"], status["step"], status["progress"]) == (
            "running",
            "count_words",
            0,
        )
        running, pending = status["steps"]
        assert (running["state"], running["message"], running["fraction"]) == (
            "running",
            "counting",
            0.25,
        )
        assert pending["state"] == "pending"
        assert status["context"]["words"] is None
        gate.opened.set()
        status = await ended(client, task_id)
        assert (status["state"], status["step"], status["progress"]) == ("succeeded", None, 1)
        assert (status["context"]["words"], status["context"]["checked"]) == (6, True)


async def test_each_step_has_its_timing() -> None:
    gate = Gate()
    gate.opened.set()
    async with served(create_app([count], env=gate)) as client:
        status = await ended(client, await started(client, "count", text="a"))
        moments = [status["created_at"], status["started_at"]]
        for each in status["steps"]:
            assert each["state"] == "succeeded"
            assert 0 <= each["seconds"] < 5
            moments += [each["started_at"], each["finished_at"]]
        read = [datetime.fromisoformat(moment) for moment in (*moments, status["finished_at"])]
        assert [moment.utcoffset() is not None for moment in read] == [True] * len(read)
        # The worker's clock and the store's may be some milliseconds apart.
        assert all((b - a).total_seconds() > -0.1 for a, b in pairwise(read))


async def test_a_task_that_no_worker_took_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARA_CONCURRENCY", "0")
    async with served(create_app([check])) as client:
        task_id = await started(client, "check", text="a")
        answer = await client.get(f"{PREFIX}/status/{task_id}")
        status = answer.json()
        assert (status["state"], status["started_at"], status["progress"]) == ("queued", None, 0)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("refused", {"kind": "rejected", "message": "the text says so", "status": None}),
        (
            "upstream",
            {
                "kind": "conflict",
                "message": "busy",
                "status": 409,
                "error_code": "B",
                "request_id": "r-1",
            },
        ),
        ("broken", {"kind": "defect", "message": "ZeroDivisionError: one over none"}),
    ],
)
async def test_a_failed_task_tells_its_error_and_hides_the_stack(
    text: str, error: dict[str, Any]
) -> None:
    async with served(create_app([check])) as client:
        task_id = await started(client, "check", text=text)
        status = await ended(client, task_id)
        assert (status["state"], status["step"]) == ("failed", "check_words")
        assert status["steps"][0]["state"] == "failed"
        for found in (status["error"], status["steps"][0]["error"]):
            assert {name: found[name] for name in error} == error
            assert found["step"] == "check_words"
            assert found["traceback"] is None
        answer = await client.get(f"{PREFIX}/status/{task_id}")
        assert "retry-after" not in answer.headers
        assert "Traceback" not in answer.text


async def test_the_listing_shows_each_workflow_with_its_input() -> None:
    async with served(create_app([check, count], env=Gate())) as client:
        listed = (await client.get(PREFIX)).json()["workflows"]
        found = {each["name"]: each for each in listed}
        assert set(found) == {"check", "count"}
        assert found["count"]["steps"] == ["count_words", "check_words"]
        assert found["count"]["url"] == f"{PREFIX}/count"
        assert found["count"]["description"] == "Count the words of a text."
        assert set(found["count"]["input"]["properties"]) == {"text", "times"}
        assert "count_words" in found["count"]["mermaid"]


async def test_the_server_says_that_it_lives_and_is_ready() -> None:
    async with served(create_app([check])) as client:
        assert (await client.get(f"{PREFIX}/livez")).json() == {"status": "alive"}
        assert (await client.get(f"{PREFIX}/readyz")).json() == {"status": "ready"}


@pytest.mark.parametrize("task_id", ["none", "0" * 32, "a b", "x" * 300, "{}", "%00"])
async def test_a_task_that_is_not_there_is_named(task_id: str) -> None:
    async with served(create_app([check])) as client:
        answer = await client.get(f"{PREFIX}/status/{task_id}")
        found = problem(answer, 404, "UNKNOWN_TASK")
        assert task_id[:100].replace("%00", "x00") in found["detail"]
        assert len(found["detail"]) < 500
