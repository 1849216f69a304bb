"""Downloads against a real server that cuts connections, changes files and ignores ranges."""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

import pytest

from dara_fp.core.errors import Kind
from dara_fp.databricks.errors import (
    ConnectionFailed,
    DatabricksError,
    DataLoss,
    PermissionDenied,
)
from dara_fp.databricks.files.local_files import DownloadSizes
from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.stage import Heard, Server, served

MIB = 1024 * 1024
PATH = "/Volumes/main/default/in/a"
CONTENT = os.urandom(3 * MIB)
THEN, NOW = formatdate(1_000_000, usegmt=True), formatdate(2_000_000, usegmt=True)


class Shelf:
    """A file server: how many bytes it sends before it cuts is told for each answer."""

    def __init__(self) -> None:
        self.content = CONTENT
        self.modified = THEN
        self.cuts: list[int] = []
        self.asked: list[str] = []
        self.knows_ranges = True
        self.says_when = True
        self.more = ""
        self.change_after = 0
        self.gives_addresses = False
        self.store_answers: list[bytes] = []

    async def answer(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        whole = {
            "HEAD": self._head("200 OK", len(self.content)),
            "PUT": self._head("200 OK", 0),
            "POST": self._address(heard),
        }
        if heard.method in whole:
            writer.write(whole[heard.method])
        elif heard.target.startswith("/store") and self.store_answers:
            writer.write(self.store_answers.pop(0))
        else:
            await self._send(heard, writer)

    def _address(self, heard: Heard) -> bytes:
        if not self.gives_addresses:
            return stage.answer(status="404 Not Found")
        url = f"http://{heard.headers['host']}/store?sig=hush"
        headers = [{"name": "x-ms-version", "value": "7"}]
        return stage.answer(json.dumps({"url": url, "headers": headers}).encode())

    async def _send(self, heard: Heard, writer: asyncio.StreamWriter) -> None:
        wanted = heard.headers.get("range", "")
        self.asked.append(wanted)
        if len(self.asked) == self.change_after:
            self.modified = NOW
        if heard.headers.get("if-unmodified-since", self.modified) != self.modified:
            writer.write(stage.answer(b"", status="412 Precondition Failed"))
            return
        start, end = self._span(wanted)
        status = "206 Partial Content" if wanted and self.knows_ranges else "200 OK"
        told = f"Content-Range: bytes {start}-{end - 1}/{len(self.content)}\r\n"
        body = self.content[start:end]
        writer.write(self._head(status, len(body), told if status.startswith("206") else ""))
        cut = self.cuts.pop(0) if self.cuts else len(body)
        writer.write(body[:cut])
        await writer.drain()
        if cut < len(body):
            writer.close()
            raise ConnectionResetError

    def _span(self, wanted: str) -> tuple[int, int]:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)
        if not (found and self.knows_ranges):
            return 0, len(self.content)
        return int(found[1]), int(found[2]) + 1 if found[2] else len(self.content)

    def _head(self, status: str, length: int, more: str = "") -> bytes:
        when = f"Last-Modified: {self.modified}\r\n" if self.says_when else ""
        return (
            f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{when}{self.more}{more}\r\n".encode()
        )


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def server(shelf: Shelf) -> AsyncIterator[Server]:
    async with served(shelf.answer) as server:
        yield server


@pytest.fixture
async def workspace(server: Server) -> AsyncIterator[Workspace]:
    async with stage.workspace(host=server.host) as workspace:
        workspace.files.download_sizes = DownloadSizes(small=MIB, piece=MIB // 2, width=3)
        yield workspace


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def downloaded(workspace: Workspace) -> bytes:
    async with workspace.files.download(PATH) as file:
        return b"".join([chunk async for chunk in file])


# Of b"12345678", by another program: openssl.
MD5 = "JdVa0oOqQAr0ZMdtcTwHrQ=="


@pytest.mark.parametrize("header", [f"Content-MD5: {MD5}", f"x-goog-hash: crc32c=A,md5={MD5}"])
async def test_a_download_is_compared_with_the_checksum_that_is_told(
    shelf: Shelf, workspace: Workspace, tmp_path: Path, header: str
) -> None:
    shelf.more, shelf.content, shelf.cuts = f"{header}\r\n", b"12345678", [4]
    assert await downloaded(workspace) == b"12345678"
    assert len(shelf.asked) == 2
    shelf.content = b"12345679"
    shelf.more += "x-ms-request-id: of-azure\r\n"
    with pytest.raises(DataLoss, match="other bytes than the workspace has") as caught:
        await workspace.files.download_to(PATH, tmp_path / "a")
    assert contents(tmp_path) == {}
    assert (caught.value.status, caught.value.request_id) == (200, "of-azure")
    shelf.more += "Content-Encoding: identity\r\n"
    assert await downloaded(workspace) == b"12345679"


async def test_a_download_goes_on_from_where_it_broke_off(
    shelf: Shelf, workspace: Workspace
) -> None:
    shelf.cuts = [MIB, MIB + 1]
    assert await downloaded(workspace) == CONTENT
    assert len(shelf.asked) == 3
    first, second, third = (re.fullmatch(r"bytes=(\d+)-(\d+)|", asked) for asked in shelf.asked)
    assert first
    assert second
    assert third
    # What had come when the connection was cut, in whole chunks, is not asked for again.
    assert MIB // 2 <= int(second[1]) <= MIB < int(third[1])
    assert second[2] == third[2] == str(len(CONTENT) - 1)


async def test_a_file_that_changes_meanwhile_is_not_mixed(
    shelf: Shelf, workspace: Workspace
) -> None:
    shelf.cuts, shelf.change_after = [MIB], 2
    with pytest.raises(DatabricksError, match="the file changed while it was read") as caught:
        await downloaded(workspace)
    assert caught.value.error.kind is Kind.CONFLICT


async def test_a_server_that_knows_no_ranges_ends_the_download(
    shelf: Shelf, workspace: Workspace
) -> None:
    shelf.cuts, shelf.knows_ranges = [MIB], False
    with pytest.raises(ConnectionFailed, match=r"could not go on from byte .* answered 200"):
        await downloaded(workspace)


async def test_a_download_that_gets_no_further_is_given_up(
    shelf: Shelf, workspace: Workspace
) -> None:
    shelf.cuts = [MIB, 0, 0, 0]
    with pytest.raises(ConnectionFailed):
        await downloaded(workspace)
    assert len(shelf.asked) == 4


async def test_a_file_of_unknown_age_is_not_gone_on_with(
    shelf: Shelf, workspace: Workspace
) -> None:
    shelf.cuts, shelf.says_when = [MIB], False
    with pytest.raises(ConnectionFailed):
        await downloaded(workspace)
    assert len(shelf.asked) == 1


@pytest.mark.parametrize("length", [0, 1, MIB, MIB + 1, len(CONTENT)])
async def test_a_file_comes_whole_whatever_its_length(
    shelf: Shelf, workspace: Workspace, tmp_path: Path, length: int
) -> None:
    heard: list[tuple[int, int | None]] = []

    async def hear(done: int, total: int | None) -> None:
        heard.append((done, total))

    shelf.content = CONTENT[:length]
    found = await workspace.files.download_to(PATH, tmp_path / "a", progress=hear)
    assert (tmp_path / "a").read_bytes() == shelf.content
    assert (found.content_length, found.last_modified) == (length, THEN)
    assert contents(tmp_path).keys() == {"a"}
    assert heard == sorted(heard)
    assert length == 0 or heard[-1] == (length, length)
    assert len(shelf.asked) == (1 if length <= MIB else -(-length // (MIB // 2)))


async def test_pieces_come_side_by_side_and_each_goes_on_after_a_cut(
    shelf: Shelf, server: Server, workspace: Workspace, tmp_path: Path
) -> None:
    shelf.cuts = [MIB // 4 + 1] * 3
    await workspace.files.download_to(PATH, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(shelf.asked) == 6 + 3
    assert len({heard.connection for heard in server.heard}) >= 3


EXPIRED = stage.answer(
    b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
    status="403 Forbidden",
)
CLOSED = stage.answer(b"<Error><Code>AuthorizationFailure</Code></Error>", status="403 Forbidden")


def heard_by_store(server: Server) -> list[Heard]:
    return [heard for heard in server.heard if heard.target.startswith("/store")]


async def test_a_long_file_comes_from_the_store_without_our_credentials(
    shelf: Shelf, server: Server, workspace: Workspace, tmp_path: Path
) -> None:
    shelf.gives_addresses, shelf.cuts = True, [1, MIB // 4 + 1]
    await workspace.files.download_to(PATH, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    asked = heard_by_store(server)
    assert len(asked) == 1 + 6 + 1
    assert not any("authorization" in heard.headers for heard in asked)
    assert {heard.headers["x-ms-version"] for heard in asked} == {"7"}
    assert [heard.method for heard in server.heard].count("POST") == 1


async def test_an_address_that_has_expired_is_renewed_once_for_all(
    shelf: Shelf, server: Server, workspace: Workspace, tmp_path: Path
) -> None:
    shelf.gives_addresses = True
    shelf.store_answers = [EXPIRED] * 2
    await workspace.files.download_to(PATH, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert [heard.method for heard in server.heard].count("POST") == 3


async def test_a_closed_store_is_gone_round_through_the_workspace(
    shelf: Shelf, server: Server, workspace: Workspace, tmp_path: Path
) -> None:
    shelf.gives_addresses = True
    shelf.store_answers = [CLOSED]
    await workspace.files.download_to(PATH, tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(heard_by_store(server)) == 1


async def test_a_store_that_closes_on_the_way_is_an_error_that_hides_the_address(
    shelf: Shelf, workspace: Workspace, tmp_path: Path
) -> None:
    shelf.gives_addresses = True
    workspace.files.download_sizes = DownloadSizes(small=MIB, piece=MIB // 2, width=1)
    shelf.cuts = [1]

    async def close(done: int, _total: int | None) -> None:
        if done == MIB // 2:
            shelf.store_answers = [CLOSED]

    with pytest.raises(PermissionDenied, match="AuthorizationFailure") as caught:
        await workspace.files.download_to(PATH, tmp_path / "a", progress=close)
    assert "hush" not in str(caught.value)
    assert contents(tmp_path) == {}


async def test_a_file_that_changes_between_its_pieces_leaves_nothing_behind(
    shelf: Shelf, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"before")
    shelf.change_after = 4
    with pytest.raises(DatabricksError, match="the file changed while it was read"):
        await workspace.files.download_to(PATH, tmp_path / "a")
    assert contents(tmp_path) == {"a": b"before"}


async def test_a_server_that_ignores_ranges_is_not_believed(
    shelf: Shelf, workspace: Workspace, tmp_path: Path
) -> None:
    shelf.knows_ranges = False
    with pytest.raises(DatabricksError, match="answered 200 to a range from byte"):
        await workspace.files.download_to(PATH, tmp_path / "a")
    assert contents(tmp_path) == {}


async def test_a_cancelled_download_leaves_nothing_behind(
    workspace: Workspace, tmp_path: Path
) -> None:
    started = asyncio.Event()
    before = asyncio.all_tasks()

    async def hear(_done: int, _total: int | None) -> None:
        started.set()
        await asyncio.Event().wait()

    downloading = asyncio.create_task(
        workspace.files.download_to(PATH, tmp_path / "a", progress=hear)
    )
    await started.wait()
    downloading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await downloading
    assert contents(tmp_path) == {}
    left = asyncio.all_tasks() - before
    assert not [task for task in left if "_fetch" in repr(task)]


async def test_what_stands_there_is_replaced_only_if_wanted(
    shelf: Shelf, workspace: Workspace, tmp_path: Path
) -> None:
    place = tmp_path / "a"
    place.write_bytes(b"before")
    with pytest.raises(FileExistsError, match="pass overwrite=True to replace it"):
        await workspace.files.download_to(PATH, place, overwrite=False)
    assert (place.read_bytes(), shelf.asked) == (b"before", [])
    await workspace.files.download_to(PATH, place)
    assert place.read_bytes() == CONTENT
    place.unlink()
    await workspace.files.download_to(PATH, place, overwrite=False)
    assert contents(tmp_path).keys() == {"a"}


async def test_a_folder_that_is_not_there_is_told(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await workspace.files.download_to(PATH, tmp_path / "none" / "a")


async def test_a_local_file_goes_up_as_it_is(
    workspace: Workspace, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    assert await workspace.files.upload_from(PATH, tmp_path / "a", overwrite=True) == 7
    assert (server.heard[0].method, server.heard[0].body) == ("PUT", b"content")
    for wrong in (tmp_path, tmp_path / "none"):
        with pytest.raises((OSError, ValueError)):
            await workspace.files.upload_from(PATH, wrong)
