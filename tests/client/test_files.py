"""Files, as the wire sees them: one PUT, or parts by presigned URLs."""

import asyncio
from collections.abc import AsyncIterator
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
    InternalError,
    PermissionDenied,
    UnexpectedAnswer,
)
from dara_fp.databricks.multipart import Chunks, UploadSizes
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import last
from tests.client.volume import MIB, PATH, QUOTED, Volume, query, stream

AZURE = (
    b"<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed"
    b" to authenticate.\nRequestId:1</Message><AuthenticationErrorDetail>Signature not valid in"
    b" the specified time frame: Start [Mon]</AuthenticationErrorDetail></Error>"
)
TOLD = "shorter than 8 MiB.* give its length in bytes.* have presigned URLs for files turned on"
AWS = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


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


async def test_a_long_stream_of_unknown_length_goes_in_parts(
    volume: Volume, workspace: Workspace
) -> None:
    chunks = [bytes([number]) * (3 * MIB) for number in range(7)]
    assert await workspace.files.upload(PATH, stream(*chunks), overwrite=True) == 21 * MIB
    assert volume.stored == b"".join(chunks)
    assert [len(part) for part in volume.parts.values()] == [8 * MIB, 8 * MIB, 5 * MIB]
    assert volume.events[0] == "initiate-upload"
    assert volume.events[-1] == "complete-upload"
    assert "abort" not in volume.events


async def test_the_store_does_not_get_our_credentials(volume: Volume, workspace: Workspace) -> None:
    await workspace.files.upload(PATH, stream(bytes(8 * MIB)))
    (request,) = volume.requests
    assert "Authorization" not in request.headers
    assert request.headers["x-ms-blob-type"] == "BlockBlob"
    assert request.headers["Content-Type"] == "application/octet-stream"
    assert request.headers["Content-Length"] == str(8 * MIB)


@pytest.mark.parametrize("body", [AZURE, AWS])
async def test_an_expired_url_is_asked_for_again_three_times(
    volume: Volume, workspace: Workspace, body: bytes
) -> None:
    volume.refusals = [httpx.Response(403, content=body) for _ in range(3)]
    assert await workspace.files.upload(PATH, stream(bytes(8 * MIB))) == 8 * MIB
    assert volume.events.count("url") == 4
    volume.refusals = [httpx.Response(403, content=body) for _ in range(4)]
    with pytest.raises(PermissionDenied) as caught:
        await workspace.files.upload(PATH, stream(bytes(8 * MIB)))
    assert volume.events.count("url") == 8
    assert volume.events[-1] == "abort"
    assert "hush" not in str(caught.value)


async def test_a_part_the_store_refuses_for_good_ends_the_upload(
    volume: Volume, workspace: Workspace
) -> None:
    volume.refusals = [httpx.Response(403, content=b"<Error><Code>Other</Code></Error>")]
    with pytest.raises(PermissionDenied, match="PUT /part: Other"):
        await workspace.files.upload(PATH, stream(bytes(8 * MIB)))
    assert (volume.events.count("url"), volume.events[-1]) == (1, "abort")


async def test_a_part_is_sent_again_when_the_store_stumbles(
    volume: Volume, workspace: Workspace
) -> None:
    volume.refusals = [httpx.Response(status) for status in (500 + 3, 502, 408)]
    assert await workspace.files.upload(PATH, stream(bytes(9 * MIB))) == 9 * MIB
    assert volume.stored == bytes(9 * MIB)


async def test_a_source_that_breaks_gives_up_what_was_sent(
    volume: Volume, workspace: Workspace
) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(9 * MIB)
        raise OSError("the sender hung up")

    with pytest.raises(OSError, match="hung up"):
        await workspace.files.upload(PATH, breaking())
    assert volume.events[-1] == "abort"
    assert "complete-upload" not in volume.events


async def test_a_broken_upload_leaves_nothing_running(volume: Volume, workspace: Workspace) -> None:
    volume.block = asyncio.Event()

    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(9 * MIB)
        await volume.reached.wait()
        raise OSError("the sender hung up")

    with pytest.raises(OSError, match="hung up"):
        await workspace.files.upload(PATH, breaking())
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_cancelled_upload_gives_up_what_was_sent(
    volume: Volume, workspace: Workspace
) -> None:
    volume.block = asyncio.Event()
    uploading = asyncio.create_task(workspace.files.upload(PATH, stream(bytes(20 * MIB))))
    await volume.reached.wait()
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    assert volume.events[-1] == "abort"


async def test_a_failure_to_give_up_does_not_hide_why(
    wire: respx.MockRouter,
    volume: Volume,
    workspace: Workspace,
    caplog: pytest.LogCaptureFixture,
) -> None:
    volume.refusals = [httpx.Response(400)]
    wire.post("/api/2.0/fs/create-abort-upload-url").respond(404)
    with pytest.raises(BadRequest):
        await workspace.files.upload(PATH, stream(bytes(8 * MIB)))
    assert "could not be given up" in caplog.text


async def test_giving_up_an_upload_is_not_waited_for_for_ever(
    wire: respx.MockRouter,
    volume: Volume,
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent(_request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError("no one waits so long")

    monkeypatch.setattr("dara_fp.databricks.multipart._ABORT_SECONDS", 0.05)
    volume.refusals = [httpx.Response(400)]
    wire.post("/api/2.0/fs/create-abort-upload-url").mock(side_effect=silent)
    async with asyncio.timeout(5):
        with pytest.raises(BadRequest):
            await workspace.files.upload(PATH, stream(bytes(8 * MIB)))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (403, "FILES_API_API_IS_NOT_ENABLED"),
        (500, "FILES_API_REQUESTER_NETWORK_ZONE_UNKNOWN"),
    ],
)
async def test_a_workspace_without_presigned_urls_is_told_what_to_do(
    wire: respx.MockRouter, volume: Volume, workspace: Workspace, status: int, reason: str
) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    refused = {"error_code": "X", "message": "off", "details": [info]}
    wire.post("/api/2.0/fs/create-upload-part-urls").respond(status, json=refused)
    with pytest.raises((PermissionDenied, InternalError), match=TOLD):
        await workspace.files.upload(PATH, stream(bytes(8 * MIB)))
    assert volume.events == ["initiate-upload", "abort"]


async def test_a_workspace_that_offers_another_way_is_told_what_to_do(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    offered = {"resumable_upload": {"session_token": "s"}}
    wire.post(path=httpx.URL(QUOTED).path).respond(json=offered)
    with pytest.raises(UnexpectedAnswer, match=TOLD):
        await workspace.files.upload(PATH, stream(bytes(8 * MIB)))


async def test_a_file_longer_than_one_put_goes_in_parts_and_keeps_its_word(
    volume: Volume, workspace: Workspace
) -> None:
    workspace.files.sizes = UploadSizes(one_put=10, part=8, parts=20)
    assert await workspace.files.upload(PATH, stream(b"x" * 21), length=21) == 21
    assert [len(part) for part in volume.parts.values()] == [8, 8, 5]
    with pytest.raises(BadRequest, match="ended after 20 of the 21") as caught:
        await workspace.files.upload(PATH, stream(b"x" * 20), length=21)
    assert caught.value.error.kind is Kind.REJECTED
    assert volume.events[-1] == "abort"


async def test_a_file_of_too_many_parts_is_refused(volume: Volume, workspace: Workspace) -> None:
    workspace.files.sizes = UploadSizes(part=2, late_part=2, parts=3)
    with pytest.raises(BadRequest, match="longer than 3 parts"):
        await workspace.files.upload(PATH, stream(b"1234567"))
    assert volume.events[-1] == "abort"


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
