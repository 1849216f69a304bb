"""Files, as the wire sees them: one PUT, or parts by presigned URLs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.chunks import Chunks
from dara_fp.databricks.errors import (
    AlreadyExists,
    BadRequest,
    ConnectionFailed,
    DatabricksError,
    DataLoss,
    InternalError,
    PermissionDenied,
    UnexpectedAnswer,
)
from dara_fp.databricks.upload_sessions import UploadSizes
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
    volume.blocked = {2}

    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(17 * MIB)
        await volume.reached.wait()
        raise OSError("the sender hung up")

    with pytest.raises(OSError, match="hung up"):
        await workspace.files.upload(PATH, breaking())
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert volume.events[-1] == "abort"


async def test_a_cancelled_upload_gives_up_what_was_sent(
    volume: Volume, workspace: Workspace
) -> None:
    volume.blocked = {2}
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

    monkeypatch.setattr("dara_fp.databricks.upload_sessions._ABORT_SECONDS", 0.05)
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


async def test_a_workspace_that_offers_no_parts_is_told_what_to_do(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post(path=httpx.URL(QUOTED).path).respond(json={"other_upload": {}})
    with pytest.raises(UnexpectedAnswer, match=TOLD):
        await workspace.files.upload(PATH, stream(bytes(8 * MIB)))


async def test_a_file_longer_than_one_put_goes_in_parts_and_keeps_its_word(
    volume: Volume, workspace: Workspace
) -> None:
    workspace.files.sizes = UploadSizes(small=10, one_put=10, part=8, parts=20)
    assert await workspace.files.upload(PATH, stream(b"x" * 21), length=21) == 21
    assert [len(volume.parts[number]) for number in (1, 2, 3)] == [8, 8, 5]
    with pytest.raises(BadRequest, match="ended after 20 of the 21") as caught:
        await workspace.files.upload(PATH, stream(b"x" * 20), length=21)
    assert caught.value.error.kind is Kind.REJECTED
    assert volume.events[-1] == "abort"


async def test_bytes_go_in_parts_where_they_are_many(volume: Volume, workspace: Workspace) -> None:
    workspace.files.sizes = UploadSizes(small=10, part=8, parts=20)
    content = bytes(range(50))
    assert await workspace.files.upload(PATH, content) == 50
    assert volume.stored == content


async def test_parts_go_side_by_side_but_no_more_than_the_window_holds(
    volume: Volume, workspace: Workspace
) -> None:
    workspace.files.sizes = UploadSizes(part=8, late_part=16, parts=60, window=32)
    volume.blocked = {*range(2, 50)}

    volume.release_at = 4
    content = bytes(range(250))
    assert await workspace.files.upload(PATH, stream(content)) == 250
    assert volume.stored == content
    assert [len(volume.parts[number]) for number in (6, 7)] == [8, 16]
    assert volume.most_parts == 4


async def test_progress_tells_what_has_arrived(volume: Volume, workspace: Workspace) -> None:
    heard: list[tuple[int, int | None]] = []

    async def hear(done: int, total: int | None) -> None:
        heard.append((done, total))

    workspace.files.sizes = UploadSizes(small=4, part=8, parts=20, window=8)
    await workspace.files.upload(PATH, stream(b"x" * 20), length=20, progress=hear)
    assert heard == [(8, 20), (16, 20), (20, 20)]
    heard.clear()
    await workspace.files.upload(PATH, stream(b"x" * 9), progress=hear)
    assert heard == [(8, None), (9, None)]


async def test_short_bytes_tell_their_progress(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    heard: list[tuple[int, int | None]] = []

    async def hear(done: int, total: int | None) -> None:
        heard.append((done, total))

    wire.put(path=httpx.URL(QUOTED).path).respond(204)
    await workspace.files.upload(PATH, b"abc", progress=hear)
    assert heard == [(3, 3)]


REFUSED = {
    "switched off": httpx.Response(
        403,
        json={
            "error_code": "X",
            "message": "off",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "FILES_API_API_IS_NOT_ENABLED",
                }
            ],
        },
    ),
    "closed": httpx.Response(403, content=b"<Error><Code>AuthorizationFailure</Code></Error>"),
}


@pytest.mark.parametrize("why", ["no session", "no address", "closed store"])
async def test_where_parts_cannot_go_a_stream_of_known_length_goes_in_one_piece(
    wire: respx.MockRouter, volume: Volume, workspace: Workspace, why: str
) -> None:
    workspace.files.sizes = UploadSizes(small=4, part=8, parts=20)
    if why == "no session":
        wire.post(path=httpx.URL(QUOTED).path).mock(return_value=REFUSED["switched off"])
    if why == "no address":
        wire.post("/api/2.0/fs/create-upload-part-urls").mock(return_value=REFUSED["switched off"])
    if why == "closed store":
        volume.refusals = [REFUSED["closed"]]
    route = wire.put(path=httpx.URL(QUOTED).path).respond(204)
    content = bytes(range(100))
    parts = (content[:3], content[3:50], content[50:])
    assert await workspace.files.upload(PATH, stream(*parts), length=100, overwrite=True) == 100
    assert last(route).content == content
    assert query(last(route)) == {"overwrite": "true"}
    assert ("abort" in volume.events) is (why != "no session")


async def test_a_store_that_closes_later_is_an_error(volume: Volume, workspace: Workspace) -> None:
    workspace.files.sizes = UploadSizes(small=4, part=8, parts=20)
    volume.blocked = {2}
    uploading = asyncio.create_task(
        workspace.files.upload(PATH, stream(bytes(20)), length=20, overwrite=True)
    )
    await volume.reached.wait()
    volume.refusals = [REFUSED["closed"]] * 2
    volume.block.set()
    with pytest.raises(PermissionDenied, match="AuthorizationFailure"):
        await uploading
    assert volume.events[-1] == "abort"


# Of b"12345678", each by another program: md5sum, openssl and gzip.
CHECKSUMS = {
    "ETag": '"25d55ad283aa400af464c76d713c07ad"',
    "Content-MD5": "JdVa0oOqQAr0ZMdtcTwHrQ==",
    "x-goog-hash": "crc32c=AAAAAA==,md5=JdVa0oOqQAr0ZMdtcTwHrQ==",
    "x-amz-checksum-crc32": "muDarw==",
    "x-amz-checksum-sha256": "73l8gRjwLftklgfdXT+MdiMEjJwGPVMsyVxe16iYpk8=",
}


def damaged(checksum: str) -> str:
    return checksum.replace("J", "K").replace("7", "6").replace("muD", "muE")


@pytest.mark.parametrize("name", CHECKSUMS)
async def test_a_part_of_which_the_store_has_other_bytes_is_sent_again(
    wire: respx.MockRouter, workspace: Workspace, name: str
) -> None:
    workspace.files.sizes = UploadSizes(small=4, part=8, parts=20)
    volume, good, bad = Volume(wire), CHECKSUMS[name], damaged(CHECKSUMS[name])
    assert good != bad
    volume.headers = [{"ETag": "e1", name: bad}, {"ETag": "e1", name: good}]
    volume.etags[1] = good if name == "ETag" else "e1"
    assert await workspace.files.upload(PATH, b"12345678", overwrite=True) == 8
    assert (len(volume.requests), volume.stored) == (2, b"12345678")
    volume.headers = [{"ETag": "e1", name: bad}] * 3
    with pytest.raises(DataLoss, match="other bytes of part 1") as caught:
        await workspace.files.upload(PATH, b"12345678", overwrite=True)
    assert caught.value.retryable
    assert (len(volume.requests), volume.events[-1]) == (5, "abort")


@pytest.mark.parametrize(
    "header",
    [
        {"x-amz-server-side-encryption": "aws:kms"},
        {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
    ],
)
async def test_an_etag_under_a_key_of_the_customer_is_no_checksum(
    volume: Volume, workspace: Workspace, header: dict[str, str]
) -> None:
    workspace.files.sizes = UploadSizes(small=4, part=8, parts=20)
    volume.etags[1] = damaged(CHECKSUMS["ETag"])
    volume.headers = [{"ETag": volume.etags[1], **header}]
    assert await workspace.files.upload(PATH, b"12345678") == 8
    assert len(volume.requests) == 1


async def test_a_file_of_too_many_parts_is_refused(volume: Volume, workspace: Workspace) -> None:
    workspace.files.sizes = UploadSizes(small=1, part=2, late_part=2, parts=3)
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
