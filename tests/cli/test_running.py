"""`dara run` in this process: files of one name, files that cannot be, Ctrl-C, the app's env."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
import pytest

from dara_fp import (
    DatabricksEnv,
    Outcome,
    StepContext,
    Success,
    Upload,
    made,
    start,
    step,
    workflow,
)
from dara_fp.cli.loading import Loaded
from dara_fp.cli.mistakes import CannotLoad
from dara_fp.cli.running import run_here
from dara_fp.core.errors import ConfigurationError
from tests.api.stage import TOKEN, VOLUME, sandbox, stored


@attrs.frozen(kw_only=True)
class Parcel(StepContext):
    """Take a letter, and what lies beside it."""

    letter: Upload | None = None
    photos: tuple[Upload, ...] = ()
    limit: int = 0
    seen: tuple[str, ...] = made(())


@step
async def look(ctx: Parcel, env: DatabricksEnv) -> Outcome[Parcel]:
    seen: list[str] = []
    for upload in (*ctx.photos, *filter(None, [ctx.letter])):
        async with env.workspace.files.download(upload.path) as chunks:
            seen.append(b"".join([chunk async for chunk in chunks]).decode())
    return Success(ctx.evolve(seen=tuple(seen)))


parcel = Loaded(workflow=workflow("parcel", start(Parcel, DatabricksEnv) >> look))


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # Not tmp_path: the store's socket lives below it, and its path must be short.
    with TemporaryDirectory(prefix="dara-") as folder:
        monkeypatch.chdir(folder)
        for name in ("DARA_REDIS_URL", "DARA_CONCURRENCY", "DARA_GRACE_SECONDS"):
            monkeypatch.delenv(name, raising=False)
        for name in ("DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET", "DATABRICKS_WORKSPACE_ID"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DARA_DATA_DIR", f"{folder}/d")
        monkeypatch.setenv("DARA_UPLOAD_VOLUME", VOLUME)
        for name in ("one", "two"):
            (Path(folder) / name).mkdir()
            (Path(folder) / name / "a.txt").write_text(f"from {name}")
        yield Path(folder)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def host(data_dir: Path) -> Iterator[str]:
    with sandbox(data_dir) as host:
        yield host


@pytest.fixture
def signed_in(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", host)
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    context: dict[str, Any] = json.loads(capsys.readouterr().out)
    return context


@pytest.mark.usefixtures("signed_in")
async def test_files_of_one_name_are_both_uploaded(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["photos=@one/a.txt", "photos=@two/a.txt", "letter=@two/a.txt", "limit=3"]
    assert await run_here(parcel, words) == 0
    context = printed(capsys)
    assert context["seen"] == ["from one", "from two", "from two"]
    assert context["limit"] == 3
    assert [each["name"] for each in context["photos"]] == ["a.txt", "a.txt"]
    assert context["letter"]["content_type"] == "text/plain"
    assert context["letter"]["size"] == len("from two")


@pytest.mark.usefixtures("signed_in")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["letter=@one/a.txt", "letter=@two/a.txt"], "parcel: letter: takes one file, got several"),
        (["photos=@one/a.txt", "photos=@one"], "cannot upload 'one' as photos: it is not a file"),
        (["photos=@one/a.txt", "photos=@no"], "cannot upload 'no' as photos: No such file"),
        (["photos=@one/a.txt", "limit=x"], "parcel: limit: "),
    ],
)
async def test_files_that_do_not_fit_are_named_and_none_stays_uploaded(
    data_dir: Path, words: list[str], said: str
) -> None:
    before = stored(data_dir)
    with pytest.raises(CannotLoad) as caught:
        await run_here(parcel, words)
    assert said in str(caught.value)
    assert stored(data_dir) == before


@pytest.mark.usefixtures("signed_in")
async def test_uploading_without_a_volume_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DARA_UPLOAD_VOLUME")
    with pytest.raises(CannotLoad, match="DARA_UPLOAD_VOLUME set to a volume"):
        await run_here(parcel, ["letter=@one/a.txt"])


async def test_all_that_is_wrong_in_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = {"DARA_CONCURRENCY": "x", "DARA_REDIS_URL": "zzz", "DATABRICKS_HOST": "ftp://x"}
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as caught:
        await run_here(parcel, [])
    assert all(name in str(caught.value) for name in wrong)


@attrs.frozen(kw_only=True)
class Bell:
    """An environment that cannot be made without being given something, and closes badly."""

    rung: asyncio.Event

    async def aclose(self) -> None:
        raise AssertionError("it is not ours to close")


@attrs.frozen(kw_only=True)
class Nothing(StepContext):
    """Do nothing."""


@step
async def ring(ctx: Nothing, env: Bell) -> Outcome[Nothing]:
    env.rung.set()
    return Success(ctx)


@step
async def sleep(ctx: Nothing) -> Outcome[Nothing]:
    await asyncio.sleep(600)
    return Success(ctx)


async def test_the_environment_of_the_app_is_used_and_left_open() -> None:
    bell = Bell(rung=asyncio.Event())
    ringing = workflow("ringing", start(Nothing, Bell) >> ring)
    assert await run_here(Loaded(workflow=ringing, env=bell), []) == 0
    assert bell.rung.is_set()


async def test_a_run_that_is_stopped_waits_for_no_step() -> None:
    bell = Bell(rung=asyncio.Event())
    sleeping = workflow("sleeping", start(Nothing, Bell) >> ring >> sleep)
    running = asyncio.create_task(run_here(Loaded(workflow=sleeping, env=bell), []))
    await asyncio.wait_for(bell.rung.wait(), 30)
    began = time.monotonic()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - began < 6
