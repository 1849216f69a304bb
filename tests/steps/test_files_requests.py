"""What the steps of files send, keep and tell, on a workspace that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
import respx

from dara_fp import (
    DatabricksEnv,
    Kind,
    MemoryJournal,
    Scope,
    StepContext,
    Upload,
    compensate,
    made,
    start,
    unwrap,
)
from dara_fp.databricks.files.local_files import DownloadSizes
from dara_fp.databricks.files.upload_sessions import UploadSizes
from dara_fp.steps.files import LocalFile, delete_uploaded, download_file, upload_file
from tests.client import stage
from tests.client.volume import PATH as LONG
from tests.client.volume import QUOTED, Volume
from tests.steps.mocked import Held, asked, check_refused, crashed, refused, said
from tests.steps.served import Sending

FOLDER = "/Volumes/main/default/in"
FILE = f"/api/2.0/fs/files{FOLDER}"
NAMED = "größe 1.md"
PLAIN = f"{FILE}/{NAMED}"
URL = f"{FILE}/gr%C3%B6%C3%9Fe%201.md"
STORED = Upload(path=f"{FOLDER}/{NAMED}", size=5, name=NAMED, content_type="text/markdown")
HEADERS = {"content-type": "text/markdown", "last-modified": "Sat, 31 Jan 2026 12:00:00 GMT"}
STORE = "https://store.cloud.test"


@attrs.frozen(kw_only=True)
class Fetching(StepContext):
    """The least that `download_file` takes."""

    path: str
    destination: str
    downloaded: LocalFile | None = made()


@pytest.fixture
def sending(tmp_path: Path) -> Sending:
    (tmp_path / NAMED).write_bytes(b"bytes")
    return Sending(source=str(tmp_path / NAMED), folder=f"{FOLDER}/")


@pytest.fixture
def fetching(tmp_path: Path) -> Fetching:
    return Fetching(path=f"{FOLDER}/{NAMED}", destination=str(tmp_path / "copy"))


@pytest.fixture
def put(wire: respx.MockRouter) -> respx.Route:
    return wire.put(PLAIN).respond(204)


@pytest.fixture
def head(wire: respx.MockRouter) -> respx.Route:
    return wire.head(PLAIN).respond(headers={**HEADERS, "content-length": "5"})


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    return wire.get(PLAIN).respond(content=b"bytes", headers=HEADERS)


@pytest.fixture
def delete(wire: respx.MockRouter) -> respx.Route:
    return wire.delete(PLAIN).respond(204)


def found(fetching: Fetching) -> bytes | None:
    """Give what was fetched, and check that nothing lies beside it."""
    place = Path(fetching.destination)
    assert [*place.parent.iterdir()] in ([], [place])
    return place.read_bytes() if place.exists() else None


async def test_a_file_is_put_under_its_name_and_replaces_what_stands_there(
    wire: respx.MockRouter, put: respx.Route, sending: Sending, reached: DatabricksEnv
) -> None:
    journal = MemoryJournal()
    ended = unwrap(await upload_file(sending, reached, scope=Scope(journal=journal)))
    assert ended == sending.evolve(uploaded=STORED)
    assert asked(wire) == [f"PUT {URL}?overwrite=true"]
    request = stage.last(put)
    assert request.content == b"bytes"
    assert request.headers["content-length"] == "5"
    assert request.headers["content-type"] == "application/octet-stream"
    assert said(journal, "upload_file") == [(f"uploading {NAMED}, 5 bytes", None)]


async def test_a_long_file_goes_up_in_parts_and_tells_how_far_it_is(
    wire: respx.MockRouter, tmp_path: Path, reached: DatabricksEnv
) -> None:
    volume = Volume(wire)
    reached.workspace.files.sizes = UploadSizes(small=100, part=250, window=250)
    folder, _, name = LONG.rpartition("/")
    (tmp_path / name).write_bytes(bytes(1000))
    journal = MemoryJournal()
    sending = Sending(source=str(tmp_path / name), folder=folder)
    unwrap(await upload_file(sending, reached, scope=Scope(journal=journal)))
    assert volume.stored == bytes(1000)
    posted = [call for call in asked(wire) if call.startswith(f"POST {QUOTED}")]
    assert posted[0] == f"POST {QUOTED}?action=initiate-upload&overwrite=true"
    assert volume.events == ["initiate-upload", *["url", "part"] * 4, "complete-upload"]
    told = f"uploading {name}, 1000 bytes"
    assert said(journal, "upload_file") == [(told, share) for share in (None, 0.25, 0.5, 0.75)]


async def test_an_upload_that_is_refused_fails_the_step(
    put: respx.Route, sending: Sending, reached: DatabricksEnv
) -> None:
    put.mock(return_value=refused())
    error = (await upload_file(sending, reached)).failure()
    check_refused(error, "upload_file", f"PUT {PLAIN}")
    assert put.call_count == 1


async def test_a_file_that_is_not_there_is_named_and_nothing_sent(
    wire: respx.MockRouter, sending: Sending, reached: DatabricksEnv
) -> None:
    missing = sending.evolve(source=f"{sending.source}.none")
    error = (await upload_file(missing, reached)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "upload_file")
    assert error.message == f"cannot read {missing.source!r}: No such file or directory"
    assert not asked(wire)


async def test_a_delivery_after_a_crash_puts_the_file_again(
    put: respx.Route, sending: Sending, reached: DatabricksEnv
) -> None:
    for scope in (Scope(task_id="t"), crashed("upload_file")):
        assert unwrap(await upload_file(sending, reached, scope=scope)).uploaded == STORED
    calls: Any = put.calls
    assert [call.request.content for call in calls] == [b"bytes", b"bytes"]


async def test_an_upload_that_is_cut_deletes_nothing_that_was_there(
    wire: respx.MockRouter,
    put: respx.Route,
    delete: respx.Route,
    sending: Sending,
    reached: DatabricksEnv,
) -> None:
    putting = Held(httpx.Response(204))
    put.mock(side_effect=putting)
    undone = start(Sending, DatabricksEnv) >> compensate(upload_file, delete_uploaded)
    assert await putting.cut(undone(sending, reached)) == []
    assert not delete.called


async def test_a_file_is_fetched_whole_under_its_new_name(
    wire: respx.MockRouter,
    head: respx.Route,
    get: respx.Route,
    fetching: Fetching,
    reached: DatabricksEnv,
) -> None:
    journal = MemoryJournal()
    ended = unwrap(await download_file(fetching, reached, scope=Scope(journal=journal)))
    assert ended.downloaded == LocalFile(path=fetching.destination, size=5)
    assert found(fetching) == b"bytes"
    assert asked(wire) == [f"HEAD {URL}", f"GET {URL}"]
    assert stage.last(get).headers["accept"] == "application/octet-stream"
    assert said(journal, "download_file") == [(f"downloading {fetching.path}", None)]


async def test_a_long_file_comes_from_the_store_in_ranges_without_our_credentials(
    wire: respx.MockRouter,
    head: respx.Route,
    get: respx.Route,
    fetching: Fetching,
    reached: DatabricksEnv,
) -> None:
    content = bytes(range(100)) * 10
    reached.workspace.files.download_sizes = DownloadSizes(small=100, piece=250, width=1)
    head.respond(headers={**HEADERS, "content-length": "1000"})
    address = wire.post("/api/2.0/fs/create-download-url").respond(
        json={"url": f"{STORE}/a?sig=hush"}
    )

    def ranged(request: httpx.Request) -> httpx.Response:
        first, last = map(int, request.headers["range"].removeprefix("bytes=").split("-"))
        told = {"content-range": f"bytes {first}-{last}/1000"}
        return httpx.Response(206, headers=told, content=content[first : last + 1])

    store = wire.get(f"{STORE}/a").mock(side_effect=ranged)
    journal = MemoryJournal()
    unwrap(await download_file(fetching, reached, scope=Scope(journal=journal)))
    assert found(fetching) == content
    assert (address.call_count, get.called) == (1, False)
    assert stage.last(address).url.params["path"] == fetching.path
    calls: Any = store.calls
    spans = [call.request.headers["range"] for call in calls]
    pieces = ["bytes=0-249", "bytes=250-499", "bytes=500-749", "bytes=750-999"]
    assert spans == ["bytes=0-0", *pieces]
    assert all("authorization" not in call.request.headers for call in calls)
    told = f"downloading {fetching.path}"
    assert said(journal, "download_file") == [(told, share) for share in (None, 0.25, 0.5, 0.75)]


@pytest.mark.parametrize("verb", ["HEAD", "GET"])
async def test_a_download_that_is_refused_fails_the_step_and_leaves_nothing(
    head: respx.Route, get: respx.Route, fetching: Fetching, reached: DatabricksEnv, verb: str
) -> None:
    route = head if verb == "HEAD" else get
    route.mock(return_value=refused())
    error = (await download_file(fetching, reached)).failure()
    check_refused(error, "download_file", f"{verb} {PLAIN}")
    assert found(fetching) is None


async def test_a_download_that_is_cut_leaves_nothing(
    head: respx.Route, get: respx.Route, fetching: Fetching, reached: DatabricksEnv
) -> None:
    begun = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        yield b"by"
        begun.set()
        await asyncio.Event().wait()

    get.mock(return_value=httpx.Response(200, headers=HEADERS, content=dripping()))
    running = asyncio.ensure_future(download_file(fetching, reached))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert found(fetching) is None


@pytest.mark.usefixtures("head", "get")
async def test_a_place_that_is_not_there_is_named(
    tmp_path: Path, fetching: Fetching, reached: DatabricksEnv
) -> None:
    place = str(tmp_path / "none" / "copy")
    error = (await download_file(fetching.evolve(destination=place), reached)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "download_file")
    assert error.message == f"cannot write {place!r}: No such file or directory"


@pytest.mark.parametrize("status", [204, 404])
async def test_an_upload_is_taken_back_also_where_it_is_gone_already(
    wire: respx.MockRouter,
    delete: respx.Route,
    sending: Sending,
    reached: DatabricksEnv,
    status: int,
) -> None:
    delete.respond(status)
    undone = unwrap(await delete_uploaded(sending.evolve(uploaded=STORED), reached))
    assert undone == sending
    assert asked(wire) == [f"DELETE {URL}"]
    assert unwrap(await delete_uploaded(sending, reached)) == sending
    assert delete.call_count == 1


async def test_an_upload_that_may_not_be_taken_back_is_a_failure(
    delete: respx.Route, sending: Sending, reached: DatabricksEnv
) -> None:
    delete.mock(return_value=refused())
    error = (await delete_uploaded(sending.evolve(uploaded=STORED), reached)).failure()
    check_refused(error, "delete_uploaded", f"DELETE {PLAIN}")
