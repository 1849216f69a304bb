"""The steps that upload a local file, fetch one, and take an upload back."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest

from dara_fp import (
    DatabricksEnv,
    Kind,
    MemoryJournal,
    Outcome,
    Scope,
    StepContext,
    Upload,
    compensate,
    fail,
    made,
    start,
    step,
    unwrap,
)
from dara_fp.databricks.errors import NotFound
from dara_fp.databricks.files.local_files import DownloadSizes
from dara_fp.databricks.files.upload_sessions import UploadSizes
from dara_fp.steps.files import LocalFile, delete_uploaded, download_file, upload_file
from tests.client.files_bench import ALLOWED, there_and_back
from tests.steps.served import Sending


@attrs.frozen(kw_only=True)
class Fetching(StepContext):
    """The least that `download_file` takes."""

    path: str
    destination: str
    downloaded: LocalFile | None = made()


async def stored(env: DatabricksEnv, path: str) -> bytes:
    async with env.workspace.files.download(path) as chunks:
        return b"".join([chunk async for chunk in chunks])


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("notes.txt", b"short\r\n\x00\xff", "text/plain"),
        ("nothing", b"", "application/octet-stream"),
        ("größe 100% ñ?#.md", b"named with care", "text/markdown"),
        ("long.bin", bytes(range(256)) * 10_000, "application/octet-stream"),
    ],
)
async def test_a_file_arrives_as_it_is_under_its_own_name(
    env: DatabricksEnv,
    tmp_path: Path,
    folder: str,
    slash: str,
    name: str,
    content: bytes,
    kind: str,
) -> None:
    (tmp_path / name).write_bytes(content)
    journal = MemoryJournal()
    given = Sending(source=str(tmp_path / name), folder=folder + slash)
    sent = unwrap(await upload_file(given, env, scope=Scope(journal=journal))).uploaded
    path = f"{folder}/{name}"
    assert sent == Upload(path=path, size=len(content), name=name, content_type=kind)
    assert await stored(env, path) == content
    said = f"uploading {name}, {len(content)} bytes"
    assert journal.reports == [("upload_file", said, None)]


async def test_an_upload_replaces_what_stands_there(
    env: DatabricksEnv, tmp_path: Path, folder: str
) -> None:
    file = tmp_path / "a.txt"
    for content in (b"first", b"second"):
        file.write_bytes(content)
        unwrap(await upload_file(Sending(source=str(file), folder=folder), env))
    assert await stored(env, f"{folder}/a.txt") == b"second"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("missing.txt", "No such file or directory"),
        ("", "it is not a file"),
        (".", "it is not a file"),
        ("pipe", "it is not a file"),
        ("nul\0byte", "embedded null"),
        ("n" * 300, "File name too long"),
    ],
)
async def test_a_file_that_cannot_be_read_is_rejected_before_anything_is_sent(
    env: DatabricksEnv,
    tmp_path: Path,
    folder: str,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    why: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    error = (await upload_file(Sending(source=source, folder=folder), env)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "upload_file")
    assert error.message.startswith(f"cannot read {source!r}: ")
    assert why in error.message


@pytest.mark.parametrize(
    "folder", ["", "/", "relative", "/Volumes/a", "/Volumes/a/../../b", "/etc"]
)
async def test_a_folder_that_is_in_no_volume_is_rejected(
    env: DatabricksEnv, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "a.txt").write_text("text")
    given = Sending(source=str(tmp_path / "a.txt"), folder=folder)
    error = (await upload_file(given, env)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "upload_file")


async def test_a_long_file_goes_up_and_down_in_parts_and_tells_how_far_it_is(
    env: DatabricksEnv, tmp_path: Path, folder: str
) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "a").write_bytes(content)
    env.workspace.files.sizes = UploadSizes(small=2**20, part=2**18, window=2**20)
    env.workspace.files.download_sizes = DownloadSizes(small=2**20, piece=2**18)
    journal = MemoryJournal()
    sending = Sending(source=str(tmp_path / "a"), folder=folder)
    unwrap(await upload_file(sending, env, scope=Scope(journal=journal)))
    assert await stored(env, f"{folder}/a") == content
    fetching = Fetching(path=f"{folder}/a", destination=str(tmp_path / "b"))
    fetched = unwrap(await download_file(fetching, env, scope=Scope(journal=journal)))
    assert fetched.downloaded == LocalFile(path=str(tmp_path / "b"), size=len(content))
    assert (tmp_path / "b").read_bytes() == content
    for name in ("upload_file", "download_file"):
        told = [share for step, _, share in journal.reports if step == name]
        assert told[0] is None
        shares = [share for share in told[1:] if share is not None]
        assert 4 <= len(shares) == len(told) - 1 <= 10
        assert shares == sorted(shares)
        assert 0 < shares[0] < shares[-1] < 1


async def test_a_file_that_is_not_there_is_an_error_and_leaves_nothing(
    env: DatabricksEnv, tmp_path: Path, folder: str
) -> None:
    given = Fetching(path=f"{folder}/none", destination=str(tmp_path / "b"))
    error = (await download_file(given, env)).failure()
    assert (error.status, error.step) == (404, "download_file")
    assert not (tmp_path / "b").exists()


async def test_a_place_that_cannot_be_written_is_rejected(
    env: DatabricksEnv, tmp_path: Path, folder: str
) -> None:
    await env.workspace.files.upload(f"{folder}/a", b"content")
    given = Fetching(path=f"{folder}/a", destination=str(tmp_path / "none" / "b"))
    error = (await download_file(given, env)).failure()
    assert error.kind is Kind.REJECTED
    assert error.message.startswith(f"cannot write {given.destination!r}: No such file")


async def test_an_upload_is_taken_back_when_what_follows_fails(
    env: DatabricksEnv, tmp_path: Path, folder: str
) -> None:
    @step
    async def refuse(_ctx: Sending) -> Outcome[Sending]:
        return fail("no")

    (tmp_path / "a").write_bytes(b"content")
    given = Sending(source=str(tmp_path / "a"), folder=folder)
    work = start(Sending, DatabricksEnv) >> compensate(upload_file, delete_uploaded) >> refuse
    assert (await work(given, env)).failure().message == "no"
    entries = [entry async for entry in env.workspace.files.list_directory_contents(folder)]
    assert entries == []
    assert unwrap(await delete_uploaded(given, env)).uploaded is None
    gone = given.evolve(uploaded=Upload(path=f"{folder}/a", size=7, name="a"))
    assert unwrap(await delete_uploaded(gone, env)).uploaded is None


async def test_a_file_longer_than_what_is_allowed_goes_up_and_down_with_flat_memory(
    host: str, tmp_path: Path
) -> None:
    for leg in await there_and_back(host, tmp_path, mebibytes=112):
        assert leg.added < ALLOWED, leg


@asynccontextmanager
async def going_wrong(env: DatabricksEnv, *faults: dict[str, object]) -> AsyncGenerator[None]:
    for fault in faults:
        await env.workspace.do("POST", "/_sandbox/faults", body=fault)
    try:
        yield
        found = await env.workspace.do("GET", "/_sandbox/faults")
        assert all(armed["applied"] for armed in found["faults"]), found
    finally:
        await env.workspace.do("DELETE", "/_sandbox/faults")


async def test_a_long_file_arrives_whole_although_connections_are_lost(
    env: DatabricksEnv, tmp_path: Path, folder: str
) -> None:
    content = os.urandom(2_000_000)
    (tmp_path / "a").write_bytes(content)
    env.workspace.files.sizes = UploadSizes(small=2**20, part=2**18, window=2**20)
    env.workspace.files.download_sizes = DownloadSizes(small=2**20, piece=2**18)
    store = "/sandbox/storage"
    sending = Sending(source=str(tmp_path / "a"), folder=folder)
    async with going_wrong(
        env,
        {"pattern": f"PUT {store}", "cut": True, "times": 1},
        {"pattern": f"PUT {store}", "cut": True, "after_effect": True, "times": 1},
        {"pattern": "POST /api/2.0/fs/files/*", "cut": True, "after_effect": True, "times": 1},
    ):
        unwrap(await upload_file(sending, env))
    fetching = Fetching(path=f"{folder}/a", destination=str(tmp_path / "b"))
    async with going_wrong(
        env,
        {"pattern": f"GET {store}", "cut": True, "times": 1},
    ):
        unwrap(await download_file(fetching, env))
    assert (tmp_path / "b").read_bytes() == content


async def test_a_completion_whose_answer_was_lost_is_found_done(
    env: DatabricksEnv, folder: str
) -> None:
    env.workspace.files.sizes = UploadSizes(small=4, part=2**18)
    begun = asyncio.Event()

    async def lose_the_next(_done: int, _total: int | None) -> None:
        if not begun.is_set():
            begun.set()
            await env.workspace.do("POST", "/_sandbox/faults", body=lost)

    # From the first part on: what is posted to the file is its completion.
    lost = {"pattern": "POST /api/2.0/fs/files/*", "cut": True, "after_effect": True, "times": 1}
    content = os.urandom(700_000)
    async with going_wrong(env):
        await env.workspace.files.upload(f"{folder}/a", content, progress=lose_the_next)
    assert begun.is_set()
    assert await stored(env, f"{folder}/a") == content


async def test_an_upload_that_is_cut_stores_nothing(
    env: DatabricksEnv, folder: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(os.urandom(2_000_000))
    env.workspace.files.sizes = UploadSizes(small=2**20, part=2**18, window=2**20)
    arrived = asyncio.Event()

    async def hear(_done: int, _total: int | None) -> None:
        arrived.set()
        await asyncio.Event().wait()

    uploading = asyncio.create_task(
        env.workspace.files.upload_from(f"{folder}/a", tmp_path / "a", progress=hear)
    )
    await arrived.wait()
    uploading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await uploading
    with pytest.raises(NotFound):
        await env.workspace.files.get_metadata(f"{folder}/a")
