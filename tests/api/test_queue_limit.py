"""A queue that is full: told as 429, with nothing accepted and no file left behind."""

import httpx
import pytest

from dara_fp.api.app import create_app
from tests.api.conftest import Sandbox
from tests.api.stage import FORM, PREFIX, Part, check, form, parcels, problem, served, stored

LETTER = Part(name="letter", data=b"Dear", filename="a")


@pytest.fixture(autouse=True)
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARA_QUEUE_LIMIT", "2")
    monkeypatch.setenv("DARA_CONCURRENCY", "0")


def full(answer: httpx.Response) -> None:
    found = problem(answer, 429, "QUEUE_FULL")
    assert found["retryable"] is True
    assert found["detail"].startswith("2 tasks wait to be run, which is the limit")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_more_tasks_than_the_limit_are_refused_until_there_is_room() -> None:
    async with served(create_app([check])) as client:
        url = f"{PREFIX}/check"
        accepted = [await client.post(url, json={"text": "a"}) for _ in range(2)]
        assert [answer.status_code for answer in accepted] == [202, 202]
        full(await client.post(url, json={"text": "a"}))
        full(await client.post(url, json={"text": "a"}, headers={"Idempotency-Key": "k"}))
        assert len((await client.get(f"{PREFIX}/tasks")).json()["tasks"]) == 2
        await client.post(f"{PREFIX}/tasks/{accepted[0].json()['task_id']}/cancel")
        answer = await client.post(url, json={"text": "a"}, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 202
        assert "idempotent-replayed" not in answer.headers


@pytest.mark.parametrize("headers", [FORM, {**FORM, "Idempotency-Key": "k"}])
async def test_the_files_of_a_form_that_found_no_room_are_removed(
    sandbox: Sandbox, headers: dict[str, str]
) -> None:
    async with parcels(sandbox.url) as client:
        url = f"{PREFIX}/parcel"
        for _ in range(2):
            await client.post(url, content=form(LETTER), headers=FORM)
        before = stored(sandbox.data_dir)
        assert len(before) == 2
        full(await client.post(url, content=form(LETTER), headers=headers))
        assert stored(sandbox.data_dir) == before


async def test_a_start_that_is_sent_again_needs_no_room() -> None:
    async with served(create_app([check])) as client:
        first, again = [
            await client.post(
                f"{PREFIX}/check", json={"text": "a"}, headers={"Idempotency-Key": key}
            )
            for key in ("k", "k")
        ]
        await client.post(f"{PREFIX}/check", json={"text": "b"})
        last = await client.post(
            f"{PREFIX}/check", json={"text": "a"}, headers={"Idempotency-Key": "k"}
        )
        assert first.json() == again.json() == last.json()
        assert last.headers["idempotent-replayed"] == "true"
