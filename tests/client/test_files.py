"""Files, as the wire sees them: one PUT, directories, and paths."""

from typing import Any

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import (
    AlreadyExists,
    BadRequest,
    ConnectionFailed,
    DatabricksError,
)
from dara_fp.databricks.http.chunks import Chunks
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import last
from tests.client.volume import MIB, PATH, QUOTED, query, stream


async def test_bytes_go_in_one_put(wire: respx.MockRouter, workspace: Workspace) -> None:
    route = wire.put(path=httpx.URL(QUOTED).path).respond(204)
    assert await workspace.files.upload(PATH, b"abc", overwrite=True) == 3
    request = last(route)
    assert request.url.raw_path == f"{QUOTED}?overwrite=true".encode()
    assert request.headers["Content-Type"] == "application/octet-stream"
    assert request.headers["Content-Length"] == "3"
    assert request.content == b"abc"


@pytest.mark.parametrize("overwrite", [None, False])
async def test_a_short_stream_of_unknown_length_goes_in_one_put_with_its_length(
    wire: respx.MockRouter, workspace: Workspace, *, overwrite: bool | None
) -> None:
    route = wire.put(path=httpx.URL(QUOTED).path).respond(204)
    assert await workspace.files.upload(PATH, stream(b"ab", b"", b"c"), overwrite=overwrite) == 3
    assert last(route).headers["Content-Length"] == "3"
    assert "Transfer-Encoding" not in last(route).headers
    assert query(last(route)) == ({} if overwrite is None else {"overwrite": "false"})


async def test_an_empty_stream_is_an_empty_file(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.put(path=httpx.URL(QUOTED).path).respond(204)
    assert await workspace.files.upload(PATH, stream()) == 0
    assert last(route).content == b""


async def test_short_bytes_tell_their_progress(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    heard: list[tuple[int, int | None]] = []

    async def hear(done: int, total: int | None) -> None:
        heard.append((done, total))

    wire.put(path=httpx.URL(QUOTED).path).respond(204)
    await workspace.files.upload(PATH, b"abc", progress=hear)
    assert heard == [(3, 3)]


async def test_a_file_that_is_there_is_a_conflict(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    refused = {"error_code": "ALREADY_EXISTS", "message": "The file exists"}
    wire.put(path=httpx.URL(QUOTED).path).respond(409, json=refused)
    with pytest.raises(AlreadyExists) as caught:
        await workspace.files.upload(PATH, b"", overwrite=False)
    assert caught.value.error.kind is Kind.CONFLICT


async def test_bytes_are_sent_again_and_a_begun_stream_is_not(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    cut = httpx.ReadError("cut")
    answers: list[httpx.Response | Exception] = [httpx.Response(503), cut, httpx.Response(204)]
    route = wire.put(path=httpx.URL(QUOTED).path).mock(side_effect=answers)
    assert await workspace.files.upload(PATH, bytes(MIB)) == MIB
    assert (route.call_count, last(route).content) == (3, bytes(MIB))
    for trouble in (httpx.Response(503), cut, httpx.Response(401)):
        route.reset()
        route.mock(side_effect=[trouble, httpx.Response(204)])
        with pytest.raises((ConnectionFailed, DatabricksError)):
            await workspace.files.upload(PATH, stream(b"abc"), length=3)
        assert route.call_count == 1


@pytest.mark.parametrize("path", ["relative", "", "/Volumes/../x", "/a/./b", "dbfs:/Volumes/x"])
async def test_a_path_that_urls_would_bend_is_refused(workspace: Workspace, path: str) -> None:
    with pytest.raises(BadRequest, match="not absolute") as caught:
        await workspace.files.upload(path, b"")
    assert caught.value.error.kind is Kind.REJECTED
    with pytest.raises(BadRequest):
        await workspace.files.upload(path, stream(b"unread"))


async def test_looking_deleting_and_making_directories(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    headers = {"Content-Length": "12", "Content-Type": "a/b", "Last-Modified": "Mon"}
    wire.head(path=httpx.URL(QUOTED).path).respond(200, headers=headers)
    found = await workspace.files.get_metadata(PATH)
    assert (found.content_length, found.content_type, found.last_modified) == (12, "a/b", "Mon")
    deleting = wire.delete(path=httpx.URL(QUOTED).path).respond(204)
    await workspace.files.delete(PATH)
    making = wire.put("/api/2.0/fs/directories/Volumes/a%20b").respond(204)
    await workspace.files.create_directory("//Volumes/a b")
    removing = wire.delete("/api/2.0/fs/directories/Volumes/a%20b").respond(204)
    await workspace.files.delete_directory("/Volumes/a b")
    for route in (deleting, making, removing):
        assert last(route).content == b""
        assert "Content-Type" not in last(route).headers


async def test_a_directory_is_listed_page_after_page(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    def entry(name: str, **more: Any) -> dict[str, Any]:
        return {"path": f"/Volumes/{name}", "name": name, **more}

    pages = [
        {"contents": [entry("a", file_size="3", is_directory=False)], "next_page_token": "n"},
        {"contents": [entry("b", is_directory=True)]},
    ]
    answers = [httpx.Response(200, json=page) for page in pages]
    route = wire.get("/api/2.0/fs/directories/Volumes").mock(side_effect=answers)
    found = [entry async for entry in workspace.files.list_directory_contents("/Volumes")]
    assert [(entry.name, entry.is_directory, entry.file_size) for entry in found] == [
        ("a", False, 3),
        ("b", True, None),
    ]
    assert query(last(route)) == {"page_size": "1000", "page_token": "n"}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
async def test_pieces_hold_what_the_chunks_held(size: int) -> None:
    chunks = Chunks(stream(b"abc", b"", b"defgh", b"i"))
    pieces = [piece for _ in range(12) if (piece := await chunks.take(size))]
    assert b"".join(pieces) == b"abcdefghi"
    assert all(len(piece) == size for piece in pieces[:-1])
