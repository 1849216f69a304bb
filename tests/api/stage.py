"""Workflows that the API's tests serve, and real processes around them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import attrs
import httpx
from fastapi import FastAPI

from dara_fp import Outcome, StepContext, Success, fail, made, start, step, workflow
from dara_fp.api.app import create_app
from dara_fp.core.errors import Kind, StepError, StepFailed
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import DatabricksEnv
from dara_fp.databricks.files.upload import Upload
from dara_fp.databricks.workspace import Workspace

ROOT = Path(__file__).parents[2]
TOKEN = "dapi-of-the-api-tests"
VOLUME = "/Volumes/main/default/inbox"
PREFIX = "/api/v1/workflow"
FINAL = {"succeeded", "failed", "cancelled"}
BOUNDARY = "limit-of-the-parts"


@attrs.frozen(kw_only=True)
class Count(StepContext):
    """Count the words of a text.

    Attributes:
        text: What to count; a text of several
            lines is fine.
        times: How often to count it.
        words: How many there were.
    """

    text: str
    times: int = 1
    words: int | None = made()
    checked: bool = made(default=False)


@attrs.frozen(kw_only=True)
class Gate:
    """Lets a step wait for the test."""

    opened: asyncio.Event = attrs.field(factory=asyncio.Event)


@step
async def count_words(ctx: Count, env: Gate, at: Position) -> Outcome[Count]:
    await at.report("counting", 0.25)
    await env.opened.wait()
    return Success(ctx.evolve(words=len(ctx.text.split()) * ctx.times))


@step
async def check_words(ctx: Count) -> Outcome[Count]:
    match ctx.text:
        case "refused":
            return fail("the text says so", kind="rejected")
        case "broken":
            raise ZeroDivisionError("one over none")
        case "upstream":
            said = StepError(
                kind=Kind.CONFLICT, message="busy", status=409, error_code="B", request_id="r-1"
            )
            raise StepFailed(said)
        case _:
            return Success(ctx.evolve(checked=True))


count = workflow("count", start(Count, Gate) >> count_words >> check_words)
check = workflow("check", start(Count) >> check_words)


@attrs.frozen(kw_only=True)
class Parcel(StepContext):
    """Take a letter, and what lies beside it.

    Attributes:
        letter: The letter itself.
        photos: Pictures of it.
        note: What to know.
    """

    letter: Upload
    photos: tuple[Upload, ...] = ()
    map: Upload | None = None
    note: str = ""
    weight: int = 0
    fragile: bool = False
    limit: int | None = None
    tags: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    total: int | None = made()


@step
async def weigh(ctx: Parcel) -> Outcome[Parcel]:
    return Success(ctx.evolve(total=sum(each.size for each in (ctx.letter, *ctx.photos))))


parcel = workflow("parcel", start(Parcel, DatabricksEnv) >> weigh)


@attrs.frozen(kw_only=True)
class Part:
    """One part of a form, as it is sent."""

    name: str
    data: bytes = b""
    filename: str | None = None
    kind: str | None = None

    def encode(self) -> bytes:
        said = f'form-data; name="{self.name}"'
        if self.filename is not None:
            said += f'; filename="{self.filename}"'
        kind = f"Content-Type: {self.kind}\r\n" if self.kind else ""
        head = f"--{BOUNDARY}\r\nContent-Disposition: {said}\r\n{kind}\r\n"
        return head.encode() + self.data + b"\r\n"


def form(*parts: Part) -> bytes:
    return b"".join(part.encode() for part in parts) + f"--{BOUNDARY}--\r\n".encode()


FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@asynccontextmanager
async def served(app: FastAPI, *, raises: bool = True) -> AsyncGenerator[httpx.AsyncClient]:
    """Run *app* in this process and give a client to it."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            yield client


@asynccontextmanager
async def parcels(host: str, retry_seconds: float = 0) -> AsyncGenerator[httpx.AsyncClient]:
    """Serve the workflow `parcel`, whose files go to the workspace at *host*."""
    workspace = Workspace(host, token=TOKEN, retry_seconds=retry_seconds)
    try:
        async with served(create_app([parcel], env=DatabricksEnv(workspace=workspace))) as client:
            yield client
    finally:
        await workspace.aclose()


async def ended(client: httpx.AsyncClient, task_id: str) -> dict[str, Any]:
    """Wait until the task has ended and give its status."""
    async with asyncio.timeout(30):
        while True:
            found = await client.get(f"{PREFIX}/status/{task_id}")
            assert found.status_code in {200, 503}, found.text
            if found.status_code == 200 and found.json()["state"] in FINAL:
                status: dict[str, Any] = found.json()
                return status
            await asyncio.sleep(0.02)


async def context_of(client: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    """Wait for the task that *answer* accepted and give its context."""
    assert answer.status_code == 202, answer.text
    status = await ended(client, answer.json()["task_id"])
    assert status["state"] == "succeeded", status
    context: dict[str, Any] = status["context"]
    return context


def problem(answer: httpx.Response, status: int, error_code: str) -> dict[str, Any]:
    """Check that *answer* is a whole problem document, and give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["error_code"] == error_code
    assert found["title"]
    assert found["detail"]
    assert found["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    return found


def said(answer: httpx.Response) -> dict[str, str]:
    """Give the problems of *answer* by name."""
    return {each["name"]: each["message"] for each in answer.json()["problems"]}


@contextmanager
def dara(
    words: Sequence[str], ready: str, environ: Mapping[str, str], log: Path
) -> Generator[tuple[str, "subprocess.Popen[str]"]]:
    """Run `dara` with *words*; give what follows *ready* in its output, and its process."""
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "dara_fp.cli", *words],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**clean_environment(), **environ},
            cwd=ROOT,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(ready), log.read_text()
            yield line.removeprefix(ready).strip(), process
        finally:
            process.terminate()
            process.wait(20)


def clean_environment() -> dict[str, str]:
    """Give this process's variables without those that DARA reads."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DARA_", "DATABRICKS_"))
    }


@contextmanager
def sandbox(data_dir: Path) -> Generator[str]:
    """Run a sandbox on files in *data_dir* and give its address."""
    data_dir.mkdir(parents=True, exist_ok=True)
    words = ("sandbox", "--port", "0", "--data-dir", str(data_dir))
    token = {"DARA_SANDBOX_TOKEN": TOKEN}
    with dara(words, "sandbox ready ", token, data_dir / "log") as (url, _):
        yield url


def stored(data_dir: Path) -> list[Path]:
    """Give the files that the sandbox holds in the volume of the tests."""
    folder = data_dir / "files" / VOLUME.lstrip("/")
    return sorted(path for path in folder.rglob("*") if path.is_file())
