"""The step that uploads a local file."""

import os
from pathlib import Path

import pytest

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, Upload, unwrap
from dara_fp.steps.files import upload_file
from tests.steps.served import Sending


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
