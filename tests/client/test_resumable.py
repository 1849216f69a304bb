"""Uploads to Google's store: one stream in pieces, gone on with from what has arrived."""

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import AlreadyExists, DataLoss, PermissionDenied, UnexpectedAnswer
from dara_fp.databricks.files.upload_sessions import UploadSizes
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import last
from tests.client.volume import MIB, PATH, QUOTED, GoogleVolume, query, stream

CONTENT = bytes(range(20))


@pytest.fixture
def google(wire: respx.MockRouter, workspace: Workspace) -> GoogleVolume:
    workspace.files.sizes = UploadSizes(small=4, part=8, parts=20)
    return GoogleVolume(wire)


async def test_only_the_last_piece_tells_the_length(
    google: GoogleVolume, workspace: Workspace
) -> None:
    heard: list[int] = []

    async def hear(done: int, _total: int | None) -> None:
        heard.append(done)

    assert await workspace.files.upload(PATH, stream(CONTENT), progress=hear) == 20
    assert google.whole == CONTENT
    assert google.ranges == ["bytes 0-7/*", "bytes 8-15/*", "bytes 16-19/20"]
    assert heard == [8, 16, 20]
    assert google.dropped == 0


async def test_a_length_that_the_pieces_divide_leaves_no_empty_piece(
    google: GoogleVolume, workspace: Workspace
) -> None:
    assert await workspace.files.upload(PATH, stream(CONTENT[:16])) == 16
    assert google.ranges == ["bytes 0-7/*", "bytes 8-15/16"]


async def test_pieces_longer_than_the_usual_are_whole_multiples_of_what_the_store_takes(
    google: GoogleVolume, workspace: Workspace
) -> None:
    workspace.files.sizes = UploadSizes(small=4, part=MIB, parts=2)
    content = bytes(5 * MIB + 7)
    assert await workspace.files.upload(PATH, content) == len(content)
    assert google.whole == content
    assert google.ranges == [
        f"bytes 0-{3 * MIB - 1}/*",
        f"bytes {3 * MIB}-{5 * MIB + 6}/{5 * MIB + 7}",
    ]


# Of the bytes 0 to 19, by another program: md5sum and base64.
MD5 = "FUnRquICFOBlq0t2qqyJqA=="
SUM = "crc32c=AAAAAA==,md5=%s"


@pytest.mark.parametrize("keeps", [[], [3, 0, 5, 8, 1]])
async def test_the_whole_is_compared_with_the_checksum_that_the_store_tells(
    google: GoogleVolume, workspace: Workspace, keeps: list[int]
) -> None:
    google.headers = {"x-goog-hash": SUM % MD5}
    google.keeps = [*keeps]
    assert await workspace.files.upload(PATH, stream(CONTENT)) == 20
    google.stored, google.whole = b"", None
    google.keeps = [*keeps]
    google.headers = {"x-goog-hash": SUM % MD5.swapcase(), "x-request-id": "r-1"}
    with pytest.raises(DataLoss, match="the store has other bytes than were sent") as caught:
        await workspace.files.upload(PATH, stream(CONTENT))
    assert not caught.value.retryable
    assert (caught.value.status, caught.value.request_id) == (200, "r-1")


async def test_what_the_store_did_not_keep_is_sent_again(
    google: GoogleVolume, workspace: Workspace
) -> None:
    google.keeps = [3, 0, 5, 8, 1]
    assert await workspace.files.upload(PATH, CONTENT) == 20
    assert google.whole == CONTENT
    assert google.ranges == [
        "bytes 0-7/*",
        "bytes 3-7/*",
        "bytes 3-7/*",
        "bytes 8-15/*",
        "bytes 16-19/20",
        "bytes 17-19/20",
    ]


async def test_a_piece_is_sent_again_when_the_store_stumbles(
    google: GoogleVolume, workspace: Workspace
) -> None:
    google.keeps = [8, httpx.Response(503), httpx.Response(502)]
    assert await workspace.files.upload(PATH, CONTENT) == 20
    assert google.whole == CONTENT


async def test_a_store_that_keeps_nothing_is_given_up(
    google: GoogleVolume, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    google.keeps = [8, 0, 0, 0]
    with pytest.raises(UnexpectedAnswer, match="takes no more than 8 bytes, asked 3 times"):
        await workspace.files.upload(PATH, CONTENT)
    assert google.dropped == 1
    assert "could not be given up" not in caplog.text


async def test_a_store_that_has_what_was_never_sent_is_given_up(
    google: GoogleVolume, workspace: Workspace
) -> None:
    google.keeps = [8, httpx.Response(308, headers={"Range": "bytes=0-99"})]
    with pytest.raises(UnexpectedAnswer, match="says it has 100 bytes where 8 to 16 fit"):
        await workspace.files.upload(PATH, CONTENT)


async def test_a_file_that_is_there_is_a_conflict(
    google: GoogleVolume, workspace: Workspace
) -> None:
    google.keeps = [httpx.Response(412)]
    with pytest.raises(AlreadyExists, match="the file exists") as caught:
        await workspace.files.upload(PATH, CONTENT, overwrite=False)
    assert caught.value.error.kind is Kind.CONFLICT
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("where", ["address", "store"])
async def test_a_closed_store_is_gone_round_by_one_put(
    wire: respx.MockRouter, google: GoogleVolume, workspace: Workspace, where: str
) -> None:
    if where == "address":
        google.asking.mock(return_value=httpx.Response(403))
    google.keeps = [httpx.Response(403)]
    route = wire.put(path=httpx.URL(QUOTED).path).respond(204)
    assert await workspace.files.upload(PATH, stream(CONTENT), length=20, overwrite=True) == 20
    assert (last(route).content, query(last(route))) == (CONTENT, {"overwrite": "true"})
    assert google.dropped == (where == "store")


async def test_a_store_that_closes_later_is_an_error(
    google: GoogleVolume, workspace: Workspace
) -> None:
    google.keeps = [8, httpx.Response(403)]
    with pytest.raises(PermissionDenied):
        await workspace.files.upload(PATH, CONTENT)
    assert google.dropped == 1
