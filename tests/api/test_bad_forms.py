"""Forms that do not fit: refused with every problem named, and no file left behind."""

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.conftest import Sandbox
from tests.api.stage import (
    BOUNDARY,
    FORM,
    PREFIX,
    Part,
    form,
    problem,
    said,
    stored,
)

LETTER = Part(name="letter", data=b"Dear", filename="letter.txt", kind="text/plain")


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def posted(
    client: httpx.AsyncClient, sandbox: Sandbox, content: bytes, kind: str = FORM["Content-Type"]
) -> httpx.Response:
    """Post *content* and check that the workspace holds no file when it was refused."""
    headers = {b"Content-Type": kind.encode()}
    answer = await client.post(f"{PREFIX}/parcel", content=content, headers=headers)
    if answer.status_code != 202:
        assert stored(sandbox.data_dir) == []
    return answer


async def test_a_missing_file_part_is_named_and_how_to_send_it(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    answer = await posted(client, sandbox, form(Part(name="note", data=b"a")))
    problem(answer, 422, "INVALID_FIELDS")
    assert said(answer) == {
        "letter": "is required: send a file part named 'letter', with a file name"
    }


async def test_an_empty_form_lacks_its_file(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    assert set(said(await posted(client, sandbox, form()))) == {"letter"}


async def test_all_that_is_wrong_with_a_form_is_told_at_once(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    parts = [
        Part(name="photos", data=b"p", filename="p"),
        Part(name="virus", data=b"v", filename="v"),
        Part(name="note", data=b"n", filename="n"),
        Part(name="map", data=b"/Volumes/main/default/secret"),
        Part(name="weight", data=b"heavy"),
        Part(name="total", data=b"3"),
        LETTER,
        LETTER,
        Part(name="photos", data=b"q", filename="q"),
    ]
    answer = await posted(client, sandbox, form(*parts))
    problem(answer, 422, "INVALID_FIELDS")
    problems = said(answer)
    assert set(problems) == {"virus", "note", "map", "weight", "total", "letter"}
    assert "files go into letter, photos, map" in problems["virus"]
    assert "send it as a file part" in problems["map"]
    assert problems["letter"] == "takes one file, got several"
    assert "made by a step" in problems["total"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "multipart/form-data"])
async def test_another_media_type_is_refused(
    client: httpx.AsyncClient, sandbox: Sandbox, kind: str
) -> None:
    answer = await posted(client, sandbox, b"{}", kind=kind)
    assert "multipart/form-data" in problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")["detail"]


async def test_an_upload_cannot_be_claimed_by_json(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    claim = b'{"letter":{"path":"/Volumes/main/default/secret","size":1,"name":"s"}}'
    answer = await posted(client, sandbox, claim, kind="application/json")
    problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_an_upload_cannot_be_claimed_by_text(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    claim = b'{"path":"/Volumes/main/default/secret","size":1,"name":"s"}'
    answer = await posted(client, sandbox, form(Part(name="letter", data=claim)))
    problem(answer, 422, "INVALID_FIELDS")
    assert set(said(answer)) == {"letter"}


GOOD = form(Part(name="photos", data=b"p" * 50, filename="p"), LETTER)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        GOOD[:-4],
        GOOD[:-40],
        GOOD[:20],
        GOOD.replace(b"Content-Disposition", b"X-Disposition"),
        GOOD.replace(b"form-data;", b"attachment;"),
        GOOD.replace(b"\r\n", b"\n"),
        GOOD.replace(b"Dear", b"Dear\r\n--" + BOUNDARY.encode() + b"x"),
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="'.encode() + b"\xff",
    ],
)
async def test_a_malformed_form_is_refused(
    client: httpx.AsyncClient, sandbox: Sandbox, content: bytes
) -> None:
    answer = await posted(client, sandbox, content)
    found = problem(answer, 422, answer.json()["error_code"])
    assert found["error_code"] in {"INVALID_FORM", "INVALID_FIELDS"}


@pytest.mark.parametrize("boundary", ["x" * 300, '"é"', '"a b"'])
async def test_a_strange_boundary_is_refused(
    client: httpx.AsyncClient, sandbox: Sandbox, boundary: str
) -> None:
    kind = f"multipart/form-data; boundary={boundary}"
    answer = await posted(client, sandbox, GOOD, kind=kind)
    problem(answer, 422, "INVALID_FORM")


async def test_ten_thousand_parts_are_refused(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    parts = [LETTER, *(Part(name=f"p{n}", data=b"x") for n in range(10_000))]
    found = problem(await posted(client, sandbox, form(*parts)), 413, "BODY_TOO_LARGE")
    assert "1000 parts" in found["detail"]


async def test_the_text_of_a_form_has_a_limit_in_all(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    parts = [Part(name=f"p{n}", data=b"x" * 200_000) for n in range(6)]
    found = problem(await posted(client, sandbox, form(LETTER, *parts)), 413, "BODY_TOO_LARGE")
    assert "send large data as a file" in found["detail"]


async def test_text_nested_too_deep_is_refused(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    deep = Part(name="sizes", data=b"[" * 200_000)
    answer = await posted(client, sandbox, form(LETTER, deep))
    problem(answer, 422, "INVALID_FIELDS")
    assert "too deep" in said(answer)["sizes"]


async def test_a_long_header_of_a_part_is_refused(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    part = Part(name="letter", data=b"x", filename="f" * 100_000)
    problem(await posted(client, sandbox, form(part)), 413, "BODY_TOO_LARGE")


mutations = st.lists(st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=6)), max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=mutations)
async def test_whatever_is_sent_is_accepted_or_refused_with_a_problem(
    client: httpx.AsyncClient, cuts: list[tuple[int, bytes]]
) -> None:
    content = bytearray(GOOD)
    for at, replacement in cuts:
        content[at : at + len(replacement)] = replacement
    answer = await client.post(f"{PREFIX}/parcel", content=bytes(content), headers=FORM)
    if answer.status_code != 202:
        problem(answer, 422, answer.json()["error_code"])
