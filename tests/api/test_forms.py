"""Multipart forms: files go to the volume byte for byte, text becomes fields, in any order."""

import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import Sandbox
from tests.api.stage import (
    BOUNDARY,
    FORM,
    PREFIX,
    VOLUME,
    Part,
    context_of,
    form,
    said,
    stored,
)

LETTER = Part(name="letter", data=b"Dear", filename="letter.txt", kind="text/plain")


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def posted(client: httpx.AsyncClient, *parts: Part) -> httpx.Response:
    return await client.post(f"{PREFIX}/parcel", content=form(*parts), headers=FORM)


async def accepted(client: httpx.AsyncClient, *parts: Part) -> dict[str, Any]:
    return await context_of(client, await posted(client, *parts))


def local(sandbox: Sandbox, path: str) -> Path:
    return sandbox.data_dir / "files" / path.lstrip("/")


async def test_a_file_lies_on_the_volume_below_its_task(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    answer = await posted(client, LETTER)
    context = await context_of(client, answer)
    assert context["letter"] == {
        "path": f"{VOLUME}/{answer.json()['task_id']}/letter/letter.txt",
        "size": 4,
        "name": "letter.txt",
        "content_type": "text/plain",
    }
    assert context["total"] == 4
    assert local(sandbox, context["letter"]["path"]).read_bytes() == b"Dear"


async def test_files_of_one_name_lie_side_by_side_in_order(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    same = [
        Part(name="photos", data=b"%d" % n, filename="a.b.png", kind="image/png") for n in range(3)
    ]
    context = await accepted(client, LETTER, *same)
    names = [each["path"].rpartition("/")[2] for each in context["photos"]]
    assert names == ["a.b.png", "a.b-2.png", "a.b-3.png"]
    assert [each["name"] for each in context["photos"]] == ["a.b.png"] * 3
    contents = [local(sandbox, each["path"]).read_bytes() for each in context["photos"]]
    assert contents == [b"0", b"1", b"2"]


async def test_a_file_input_that_nobody_filled_in_is_no_file(client: httpx.AsyncClient) -> None:
    empty = Part(name="photos", data=b"", filename="", kind="application/octet-stream")
    context = await accepted(client, LETTER, empty)
    assert context["photos"] == []
    nameless = Part(name="photos", data=b"data", filename="", kind="image/png")
    refused = await posted(client, LETTER, nameless)
    assert said(refused) == {"photos": "is a file without a name: give it one"}


NASTY = {
    "../../x": "x",
    "/etc/passwd": "passwd",
    r"C:\\x\\y.txt": "y.txt",
    r"..\..\y.txt": "y.txt",
    "..": "file",
    ". .": "file",
    "Füße 東京 🎉.md": "Füße 東京 🎉.md",
    "a?b#c%2e%2e&d=1.txt": "a?b#c%2e%2e&d=1.txt",
    "%2e%2e": "%2e%2e",
    "a%22b%0D%0AX-Evil: 1.txt": 'a"b_X-Evil: 1.txt',
    "tab\tbell\a.txt": "tab_bell_.txt",
    " spaced .txt ": "spaced .txt",
    "-rf": "-rf",
    "CON": "CON",
}


async def test_nasty_names_are_made_safe(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    parts = [Part(name="photos", data=name.encode(), filename=name) for name in NASTY]
    photos = (await accepted(client, LETTER, *parts))["photos"]
    assert [each["name"] for each in photos] == list(NASTY.values())
    folders = {each["path"].rpartition("/")[0] for each in photos}
    assert len(folders) == 1
    assert folders.pop().endswith("/photos")
    found = {local(sandbox, each["path"]): sent for each, sent in zip(photos, NASTY, strict=True)}
    assert len(found) == len(NASTY)
    assert {path for path in stored(sandbox.data_dir) if path.parent.name == "photos"} == set(found)
    assert all(path.read_bytes() == sent.encode() for path, sent in found.items())


@pytest.mark.parametrize("sent", ["n" * 300 + ".txt", "é" * 300 + ".txt", "🎉" * 200 + ".txt"])
async def test_a_long_name_is_cut_and_keeps_its_ending(
    client: httpx.AsyncClient, sandbox: Sandbox, sent: str
) -> None:
    parts = [Part(name="photos", data=b"x", filename=sent)] * 2
    first, second = (await accepted(client, LETTER, *parts))["photos"]
    assert first["name"] == second["name"] == sent
    assert first["path"] != second["path"]
    for each in (first, second):
        name = each["path"].rpartition("/")[2]
        assert name.endswith(".txt")
        assert len(name.encode()) <= 210
        assert local(sandbox, each["path"]).read_bytes() == b"x"


KINDS = {
    "application/pdf": "application/pdf",
    "Text/CSV; charset=utf-8": "text/csv",
    None: "application/octet-stream",
    "nonsense": "application/octet-stream",
    "a/b<script>": "application/octet-stream",
    "x" * 300 + "/y": "application/octet-stream",
}


async def test_the_media_type_is_kept_if_it_is_one(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    parts = [Part(name="photos", data=b"x", filename="a", kind=kind) for kind in KINDS]
    photos = (await accepted(client, LETTER, *parts))["photos"]
    assert [each["content_type"] for each in photos] == list(KINDS.values())


FIELDS = (
    Part(name="note", data="12 é\r\n--x".encode()),
    Part(name="weight", data=b"-7"),
    Part(name="fragile", data=b"true"),
    Part(name="limit", data=b"3"),
    Part(name="tags", data=b'["a","b"]'),
    Part(name="sizes", data=b"1"),
    Part(name="sizes", data=b"2"),
    LETTER,
)


@pytest.mark.parametrize("seed", range(3))
async def test_text_parts_become_fields_in_any_order(
    client: httpx.AsyncClient, sandbox: Sandbox, seed: int
) -> None:
    parts = list(FIELDS)
    random.Random(seed).shuffle(parts)  # noqa: S311 - drawn again alike
    context = await accepted(client, *parts)
    assert context["note"] == "12 é\r\n--x"
    assert (context["weight"], context["fragile"], context["limit"]) == (-7, True, 3)
    assert context["tags"] == ["a", "b"]
    assert sorted(context["sizes"]) == [1, 2]


@pytest.mark.parametrize(
    ("parts", "field", "value"),
    [
        ([("limit", b"null")], "limit", None),
        ([("note", b"null")], "note", "null"),
        ([("note", b"17")], "note", "17"),
        ([("note", b'"quoted"')], "note", '"quoted"'),
        ([("note", b"")], "note", ""),
        ([("tags", b"one")], "tags", ["one"]),
        ([("tags", b"one"), ("tags", b"2")], "tags", ["one", "2"]),
        ([("tags", b"[]")], "tags", []),
        ([("sizes", b"[1,2]")], "sizes", [1, 2]),
        ([("sizes", b"5")], "sizes", [5]),
        ([("fragile", b"false")], "fragile", False),
    ],
)
async def test_text_is_read_as_the_field_has_it(
    client: httpx.AsyncClient,
    sandbox: Sandbox,
    parts: list[tuple[str, bytes]],
    field: str,
    value: object,
) -> None:
    texts = [Part(name=name, data=data) for name, data in parts]
    assert (await accepted(client, LETTER, *texts))[field] == value


async def test_text_that_does_not_fit_is_told_in_words(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    unfit = {"weight": b"heavy", "fragile": b"yes", "limit": b"[1]", "sizes": b"[1,", "nix": b"1"}
    parts = [Part(name=name, data=data) for name, data in unfit.items()]
    double = [Part(name="note", data=b"a"), Part(name="note", data=b"b")]
    bad = Part(name="tags", data=b"\xff")
    answer = await posted(client, LETTER, *parts, *double, bad)
    assert answer.status_code == 422
    problems = said(answer)
    assert set(problems) == {*unfit, "note", "tags"}
    assert problems["weight"] == "Expected `int`, got `str`"
    assert problems["fragile"] == "Expected `bool`, got `str`"
    assert "got `array`" in problems["limit"]
    assert "got `array`" in problems["note"]
    assert "UTF-8" in problems["tags"]
    assert "is not a field" in problems["nix"]
    assert stored(sandbox.data_dir) == []


def hard_data(seed: int, size: int) -> bytes:
    """Give random bytes full of line ends and of lines that are nearly the boundary."""
    drawn = random.Random(seed)  # noqa: S311 - drawn again alike
    near = f"\r\n--{BOUNDARY}".encode()
    pieces = [b"\r\n", b"\r", b"\n--", near[:-1], near[:7], b"--" + BOUNDARY.encode(), b"\r\r\n"]
    data = bytearray()
    while len(data) < size:
        data += drawn.choice(pieces) if drawn.random() < 0.7 else drawn.randbytes(9)
    # The one thing a sender has to see to itself is that its data lacks the boundary.
    found = bytes(data[:size])
    while near in found:
        found = found.replace(near, b"")
    return found


@pytest.mark.parametrize(("seed", "size"), [(1, 100), (2, 70_000), (3, 1_000_000)])
async def test_contents_arrive_byte_for_byte(
    client: httpx.AsyncClient, sandbox: Sandbox, seed: int, size: int
) -> None:
    data = hard_data(seed, size)
    letter = (await accepted(client, Part(name="letter", data=data, filename="a")))["letter"]
    assert letter["size"] == len(data)
    assert local(sandbox, letter["path"]).read_bytes() == data


@pytest.mark.parametrize("step", [1, 2, 3, 61])
async def test_contents_arrive_however_the_body_is_cut(
    client: httpx.AsyncClient, sandbox: Sandbox, step: int
) -> None:
    data = hard_data(step, 500)
    parts = form(Part(name="letter", data=data, filename="a"), Part(name="note", data=b"\r\n"))

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(parts), step):
            yield parts[start : start + step]

    answer = await client.post(f"{PREFIX}/parcel", content=body(), headers=FORM)
    context = await context_of(client, answer)
    assert local(sandbox, context["letter"]["path"]).read_bytes() == data
    assert context["note"] == "\r\n"


MIB = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 8 * MIB, 8 * MIB + 1, 30 * MIB])
async def test_files_of_all_sizes_arrive(
    client: httpx.AsyncClient, sandbox: Sandbox, size: int
) -> None:
    data = os.urandom(size)
    letter = (await accepted(client, Part(name="letter", data=data, filename="a")))["letter"]
    assert letter["size"] == size
    assert local(sandbox, letter["path"]).read_bytes() == data


async def test_a_hundred_files_go_up_in_one_form(
    client: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    photos = [Part(name="photos", data=b"%d" % n, filename=f"{n}.png") for n in range(100)]
    context = await accepted(client, *photos, LETTER)
    found = [local(sandbox, each["path"]).read_bytes() for each in context["photos"]]
    assert found == [b"%d" % n for n in range(100)]


async def test_what_httpx_sends_is_taken(client: httpx.AsyncClient, sandbox: Sandbox) -> None:
    answer = await client.post(
        f"{PREFIX}/parcel",
        files={"letter": ('qu"ote.txt', b"hi", "text/plain"), "map": ("m", b"")},
        data={"note": "é", "weight": "3"},
    )
    context = await context_of(client, answer)
    assert (context["letter"]["name"], context["note"], context["weight"]) == ('qu"ote.txt', "é", 3)
    assert context["map"]["size"] == 0
