"""Uploads in parts, as the workspace and the cloud's store see them."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import (
    BadRequest,
    DatabricksError,
    DataLoss,
    InternalError,
    PermissionDenied,
    UnexpectedAnswer,
)
from dara_fp.databricks.files.upload_sessions import UploadSizes
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import last
from tests.client.volume import MIB, PATH, QUOTED, GoogleVolume, Volume, query, stream

AZURE = (
    b"<?xml version='1.0'?><Error><Code>AuthenticationFailed</Code><Message>Server failed"
    b" to authenticate.\nRequestId:1</Message><AuthenticationErrorDetail>Signature not valid in"
    b" the specified time frame: Start [Mon]</AuthenticationErrorDetail></Error>"
)


TOLD = "shorter than 8 MiB.* give its length in bytes.* have presigned URLs for files turned on"


AWS = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


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

    monkeypatch.setattr("dara_fp.databricks.files.upload_sessions._ABORT_SECONDS", 0.05)
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
    volume.headers = [{"ETag": "e1", name: bad, "x-amz-request-id": "of-s3"}] * 3
    with pytest.raises(DataLoss, match="other bytes of part 1") as caught:
        await workspace.files.upload(PATH, b"12345678", overwrite=True)
    assert caught.value.retryable
    assert (caught.value.status, caught.value.request_id) == (201, "of-s3")
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


HUSH = {"url": "https://store.test/x?sig=hush", "headers": 5, "session_token": ["hush"]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (httpx.URL(QUOTED).path, {"multipart_upload": HUSH}),
        (httpx.URL(QUOTED).path, {"resumable_upload": HUSH}),
        ("/api/2.0/fs/create-upload-part-urls", {"upload_part_urls": [HUSH]}),
        ("/api/2.0/fs/create-abort-upload-url", {"abort_upload_url": HUSH}),
        ("/api/2.0/fs/create-resumable-upload-url", {"resumable_upload_url": HUSH}),
    ],
)
async def test_an_answer_with_an_address_is_shown_in_no_error_and_no_log(
    wire: respx.MockRouter,
    workspace: Workspace,
    caplog: pytest.LogCaptureFixture,
    path: str,
    body: object,
) -> None:
    caplog.set_level(logging.DEBUG)
    resumable = "resumable" in path
    volume = GoogleVolume(wire) if resumable else Volume(wire)
    if isinstance(volume, Volume):
        volume.refusals = [httpx.Response(400)]
    route = wire.post(path=path) if "/files/" in path else wire.post(path)
    route.respond(json=body)
    with pytest.raises(DatabricksError) as caught:
        await workspace.files.upload(PATH, stream(bytes(8 * MIB)))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.error)
    assert "hush" not in shown + caplog.text
    assert "kept secret" in shown + caplog.text
