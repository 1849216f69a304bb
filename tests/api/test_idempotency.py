"""A start that is sent again with its key starts nothing again, and uploads nothing again."""

import asyncio
from typing import Any

import attrs
import httpx
import pytest

from dara_fp import Outcome, StepContext, Success, start, step, workflow
from dara_fp.api.app import create_app
from dara_fp.databricks.files.files import Files
from tests.api.conftest import Sandbox
from tests.api.stage import (
    FORM,
    PREFIX,
    VOLUME,
    Part,
    context_of,
    ended,
    form,
    problem,
    served,
    stored,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYED = "Idempotency-Key"
LETTER = Part(name="letter", data=b"Dear", filename="letter.txt", kind="text/plain")
PHOTOS = (
    Part(name="photos", data=b"one", filename="1.png", kind="image/png"),
    Part(name="photos", data=b"two", filename="2.png", kind="image/png"),
)
NOTE = Part(name="note", data=b"mind the dog")


async def counted(client: httpx.AsyncClient, key: str, content: bytes) -> httpx.Response:
    return await client.post(f"{PREFIX}/check", content=content, headers={KEYED: key})


async def sent(client: httpx.AsyncClient, key: str, *parts: Part) -> httpx.Response:
    headers = {**FORM, KEYED: key}
    return await client.post(f"{PREFIX}/parcel", content=form(*parts), headers=headers)


def replayed(answer: httpx.Response) -> bool:
    assert answer.status_code == 202, answer.text
    said: str | None = answer.headers.get("idempotent-replayed")
    return said == "true"


async def test_the_same_key_with_the_same_body_gives_the_same_task(
    client: httpx.AsyncClient,
) -> None:
    first = await counted(client, "same", b'{"text":"a b","times":2}')
    again = await counted(client, "same", b' { "times": 2, "text": "a\\u0020b" } ')
    assert (replayed(first), replayed(again)) == (False, True)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    await ended(client, first.json()["task_id"])
    assert replayed(await counted(client, "same", b'{"text":"a b","times":2}'))


@pytest.mark.parametrize("body", [b'{"text":"a c"}', b'{"text":"a b","times":2}'])
async def test_the_same_key_with_another_body_is_refused(
    client: httpx.AsyncClient, body: bytes
) -> None:
    await counted(client, "other", b'{"text":"a b"}')
    found = problem(await counted(client, "other", body), 422, "IDEMPOTENCY_KEY_REUSED")
    assert "a new key" in found["detail"]


async def test_keys_count_for_one_workflow_and_starts_without_one_are_all_new(
    client: httpx.AsyncClient,
) -> None:
    answers = [await counted(client, key, b'{"text":"a"}') for key in ("k1", "k2")]
    answers += [await client.post(f"{PREFIX}/check", json={"text": "a"}) for _ in range(2)]
    answers += [await sent(client, "k1", LETTER)]
    assert len({answer.json()["task_id"] for answer in answers}) == 5
    assert not any(map(replayed, answers))


async def test_a_body_that_is_refused_does_not_use_up_its_key(client: httpx.AsyncClient) -> None:
    assert (await counted(client, "unused", b'{"txt":"a"}')).status_code == 422
    assert not replayed(await counted(client, "unused", b'{"text":"a"}'))


async def test_many_starts_at_once_with_one_key_are_one_task(client: httpx.AsyncClient) -> None:
    found = await asyncio.gather(*(counted(client, "storm", b'{"text":"a"}') for _ in range(20)))
    assert {answer.status_code for answer in found} == {202}
    assert len({answer.json()["task_id"] for answer in found}) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "k\u00e9"])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, key: str) -> None:
    headers = {KEYED.encode(): key.encode("latin-1")}
    answer = await client.post(f"{PREFIX}/check", json={"text": "a"}, headers=headers)
    found = problem(answer, 400, "INVALID_IDEMPOTENCY_KEY")
    assert "1 to 200 visible ASCII" in found["detail"]
    assert len(found["detail"]) < 500


async def test_two_keys_in_one_request_are_refused(client: httpx.AsyncClient) -> None:
    headers = [(KEYED, "one"), (KEYED, "two")]
    answer = await client.post(f"{PREFIX}/check", json={"text": "a"}, headers=headers)
    problem(answer, 400, "INVALID_IDEMPOTENCY_KEY")


@pytest.mark.parametrize("key", ["!", "~" * 200, '"8e03978e-40d5-43e8-bc93-6894a57f9324"'])
async def test_any_visible_ascii_is_a_key(client: httpx.AsyncClient, key: str) -> None:
    assert not replayed(await counted(client, key, b'{"text":"a"}'))
    assert replayed(await counted(client, key, b'{"text":"a"}'))


async def test_a_form_that_is_sent_again_uploads_nothing_again(
    client: httpx.AsyncClient, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await sent(client, "form", LETTER, *PHOTOS, NOTE)
    assert not replayed(first)
    context = await context_of(client, first)
    before = {path: path.stat().st_mtime_ns for path in stored(sandbox.data_dir)}
    assert len(before) == 3
    monkeypatch.setattr(Files, "upload", None)
    again = await sent(client, "form", NOTE, *PHOTOS, LETTER)
    assert replayed(again)
    assert again.json() == first.json()
    assert {path: path.stat().st_mtime_ns for path in stored(sandbox.data_dir)} == before
    assert context["letter"]["path"].startswith(f"{VOLUME}/{first.json()['task_id']}.")


@pytest.mark.parametrize(
    "parts",
    [
        (attrs.evolve(LETTER, data=b"Dead"), *PHOTOS),
        (attrs.evolve(LETTER, filename="other.txt"), *PHOTOS),
        (attrs.evolve(LETTER, kind="text/html"), *PHOTOS),
        (LETTER, *reversed(PHOTOS)),
        (LETTER, PHOTOS[0]),
        (LETTER, *PHOTOS, NOTE),
    ],
)
async def test_a_form_with_another_file_or_field_is_refused_and_nothing_changes(
    client: httpx.AsyncClient, sandbox: Sandbox, parts: tuple[Part, ...]
) -> None:
    key = f"forms-{hash(parts)}"
    await context_of(client, await sent(client, key, LETTER, *PHOTOS))
    before = {path: path.read_bytes() for path in stored(sandbox.data_dir)}
    problem(await sent(client, key, *parts), 422, "IDEMPOTENCY_KEY_REUSED")
    assert {path: path.read_bytes() for path in stored(sandbox.data_dir)} == before


async def test_forms_at_once_with_one_key_are_one_task_and_its_files_stay(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    large = attrs.evolve(LETTER, data=b"x" * 300_000)
    found = await asyncio.gather(*(sent(client, "storm", large, *PHOTOS) for _ in range(6)))
    assert sorted(map(replayed, found)) == [False, *[True] * 5]
    assert len({answer.json()["task_id"] for answer in found}) == 1
    context = await context_of(client, found[0])
    kept = {path.relative_to(sandbox.data_dir / "files") for path in stored(sandbox.data_dir)}
    uploads = [context["letter"], *context["photos"]]
    assert {f"/{path}" for path in kept} == {each["path"] for each in uploads}


async def test_forms_at_once_with_one_key_and_other_files_leave_those_of_the_task(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    bodies = [attrs.evolve(LETTER, data=b"%d" % number * 50_000) for number in range(4)]
    found = await asyncio.gather(*(sent(client, "rivals", each) for each in bodies))
    (won,) = (answer for answer in found if answer.status_code == 202)
    for lost in found:
        if lost is not won:
            problem(lost, 422, "IDEMPOTENCY_KEY_REUSED")
    context = await context_of(client, won)
    (kept,) = stored(sandbox.data_dir)
    assert str(kept).endswith(context["letter"]["path"])
    assert kept.read_bytes() == bodies[found.index(won)].data


async def test_a_default_that_is_drawn_does_not_make_another_body() -> None:
    drawn = iter(range(10))

    @attrs.frozen(kw_only=True)
    class Lot(StepContext):
        name: str
        number: int = attrs.field(factory=lambda: next(drawn))

    @step
    async def leave(ctx: Lot) -> Outcome[Lot]:
        return Success(ctx)

    async with served(create_app([workflow("lot", start(Lot) >> leave)])) as client:
        headers: dict[str, Any] = {KEYED: "one"}
        first, again = [
            await client.post(f"{PREFIX}/lot", json={"name": "a"}, headers=headers)
            for _ in range(2)
        ]
        assert (replayed(first), replayed(again)) == (False, True)
