"""Steps on a workspace that refuses, is away or talks nonsense: always a failure, never a crash."""

import asyncio
import json
import re
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dara_fp import DatabricksEnv, Kind, Pipeline, StepError, Upload, Workspace
from dara_fp.databricks.http import polling
from dara_fp.definitions.ask_documents import AskDocuments, ask_documents
from dara_fp.definitions.ingest_documents import IngestDocuments, ingest_documents
from dara_fp.steps.embeddings import embed_passages
from dara_fp.steps.files import upload_file
from dara_fp.steps.jobs import JobRun, await_run, submit_run
from dara_fp.steps.one_time_runs import submit_tasks
from dara_fp.steps.pipelines import PipelineUpdate, start_update
from dara_fp.steps.repairs import start_repair
from dara_fp.steps.vectors import find_passages, upsert_vectors
from tests.steps.served import TOKEN, Asking, Embedding, Running, Sending, Storing
from tests.steps.test_pipelines import Updating
from tests.steps.test_repairs import Submitting

STEPS: dict[str, tuple[Pipeline[Any, Any], Any]] = {
    "upload_file": (upload_file, Sending(source=__file__, folder="/Volumes/a/b/c")),
    "submit_run": (submit_run, Running(job="7")),
    "await_run": (await_run, Running(job="7", run=JobRun(run_id=1, job_id=7))),
    "submit_tasks": (submit_tasks, Submitting(script="/Volumes/a/b/c/x.py")),
    "start_repair": (start_repair, Submitting(script="", run=JobRun(run_id=1, job_id=7))),
    "start_update": (start_update, Updating(update=PipelineUpdate(pipeline_id="p"))),
    "embed_passages": (embed_passages, Embedding(passages_path="/Volumes/a/b/c/p.jsonl")),
    "upsert_vectors": (upsert_vectors, Storing(vectors_path="/Volumes/a/b/c/v.jsonl")),
    "find_passages": (find_passages, Asking(question="why?")),
}
ASKING_JSON = ["submit_run", "await_run", "submit_tasks", "start_update", "find_passages"]
RESET = b"reset"
READING = [name for name in STEPS if name != "upload_file"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a wait for a run bear no trouble; by default it bears passing ones for minutes."""
    monkeypatch.setattr(polling, "Polling", partial(polling.Polling, patience=0.0))


def answer(status: str, content: bytes, kind: str = "application/json") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
        "X-Request-Id: req-7\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content


def refusal(status: str, code: str) -> bytes:
    body = {"error_code": code, "message": f"{code} was said"}
    return answer(status, json.dumps(body).encode())


@asynccontextmanager
async def answering(raw: bytes) -> AsyncGenerator[DatabricksEnv]:
    """Answer every request with *raw* and hang up; RESET hangs up at once."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        await reader.readexactly(int(length[1]) if length else 0)
        if raw == RESET:
            # To linger for no time at all is to reset.
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return
        writer.write(raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, reaching(port) as env:
        yield env


@asynccontextmanager
async def reaching(port: int, timeout_seconds: float = 10) -> AsyncGenerator[DatabricksEnv]:
    """Give a workspace at *port* of this machine that tries every call once."""
    host = f"http://127.0.0.1:{port}"
    workspace = Workspace(host, token=TOKEN, retry_seconds=0, timeout_seconds=timeout_seconds)
    env = DatabricksEnv(workspace=workspace)
    try:
        yield env
    finally:
        await env.aclose()


async def error_of(name: str, env: DatabricksEnv) -> StepError:
    step, ctx = STEPS[name]
    error = (await step(ctx, env)).failure()
    assert error.step == name
    assert error.kind is not Kind.DEFECT, error
    assert TOKEN not in f"{error!r} {error}"
    assert len(error.message) < 1000
    return error


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("400 Bad Request", "INVALID_PARAMETER_VALUE", Kind.REJECTED),
        ("401 Unauthorized", "UNAUTHENTICATED", Kind.REJECTED),
        ("403 Forbidden", "PERMISSION_DENIED", Kind.REJECTED),
        ("404 Not Found", "RESOURCE_DOES_NOT_EXIST", Kind.REJECTED),
        ("409 Conflict", "RESOURCE_CONFLICT", Kind.CONFLICT),
        ("418 Teapot", "NEVER_HEARD_OF", Kind.REJECTED),
        ("500 Internal Server Error", "INTERNAL_ERROR", Kind.FAILED),
    ],
)
async def test_a_refusal_is_told_with_status_code_and_request_id(
    status: str, code: str, kind: Kind
) -> None:
    async with answering(refusal(status, code)) as env:
        for name in STEPS:
            error = await error_of(name, env)
            assert (error.status, error.error_code, error.kind) == (int(status[:3]), code, kind)
            assert (error.request_id, error.retryable) == ("req-7", False)
            assert f"{code} was said" in error.message


@pytest.mark.parametrize(
    ("status", "code"),
    [("429 Too Many Requests", "REQUEST_LIMIT_EXCEEDED"), ("503 Away", "TEMPORARILY_UNAVAILABLE")],
)
async def test_a_refusal_that_passes_says_that_it_may_succeed_later(status: str, code: str) -> None:
    async with answering(refusal(status, code)) as env:
        for name in STEPS:
            error = await error_of(name, env)
            assert (error.status, error.error_code) == (int(status[:3]), code)
            assert (error.request_id, error.retryable) == ("req-7", True)


@pytest.mark.parametrize(
    "content", [b"", b"<html><title>Oops</title></html>", b"\x00\xff\xfe", b"[]", b'{"message": 7}']
)
async def test_a_refusal_without_sense_still_has_its_status(content: bytes) -> None:
    async with answering(answer("500 Internal Server Error", content, "text/html")) as env:
        for name in STEPS:
            error = await error_of(name, env)
            assert (error.status, error.request_id) == (500, "req-7")


@pytest.mark.parametrize(
    "content",
    [
        b"<html><title>Sign in</title></html>",
        b'{"run_id": 1, "data": [{"ind',
        b"[1, 2, 3]",
        b"{}",
        b"null",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"run_id": "seven", "data": "none", "manifest": 3, "id": 1}',
    ],
    ids=lambda content: repr(content[:40]),
)
async def test_an_answer_that_is_not_what_was_promised_is_a_failure(content: bytes) -> None:
    async with answering(answer("200 OK", content)) as env:
        for name in READING:
            error = await error_of(name, env)
            assert error.kind in {Kind.FAILED, Kind.REJECTED}
            if name in ASKING_JSON:
                assert (error.status, error.request_id) == (200, "req-7")


async def test_being_sent_elsewhere_is_a_failure() -> None:
    raw = answer("302 Found\r\nLocation: https://login.example/", b"")
    async with answering(raw) as env:
        for name in STEPS:
            error = await error_of(name, env)
            assert error.status == 302
            assert "https://login.example/" in error.message


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1",
        b"\x00\xffgarbage\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=lambda raw: repr(raw[:40]),
)
async def test_a_connection_that_breaks_or_garbles_is_a_failure(raw: bytes) -> None:
    async with answering(raw) as env:
        for name in STEPS:
            await error_of(name, env)


async def test_a_connection_that_is_reset_is_a_failure_that_may_pass() -> None:
    async with answering(RESET) as env:
        for name in STEPS:
            error = await error_of(name, env)
            assert (error.status, error.retryable) == (None, True)


async def test_a_workspace_that_is_away_is_a_failure_that_may_pass() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: every connection is refused
        async with reaching(unused.getsockname()[1]) as env:
            for name in STEPS:
                error = await error_of(name, env)
                assert (error.status, error.retryable) == (None, True)


async def test_a_workspace_that_never_answers_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with reaching(silent.getsockname()[1], timeout_seconds=0.1) as env:
            for name in STEPS:
                error = await error_of(name, env)
                assert (error.status, error.retryable) == (None, True)


@pytest.mark.parametrize("status", ["PARTIAL_SUCCESS", "FAILURE", ""])
async def test_rows_that_an_index_does_not_take_fail_the_step(status: str) -> None:
    result = {"success_row_count": 0, "failed_primary_keys": ["k7"]}
    body = {"status": status, "result": result}
    async with answering(answer("200 OK", json.dumps(body).encode())) as env:
        error = await error_of("upsert_vectors", env)
    assert error.error_code == (status or None)
    assert "k7" in error.message


@pytest.mark.parametrize(
    "found",
    [
        {"manifest": {"columns": [{"name": "source"}]}, "result": {"data_array": [["a"]]}},
        {"manifest": {"columns": [{"name": "source"}]}, "result": {"data_array": [["a", "b"]]}},
        {
            "manifest": {"columns": [{"name": name} for name in ("source", "text", "score")]},
            "result": {"data_array": [["a", "b", None]]},
        },
    ],
)
async def test_rows_that_are_no_passages_fail_the_step(found: dict[str, Any]) -> None:
    body = {"data": [{"index": 0, "embedding": [0.5]}], **found}
    async with answering(answer("200 OK", json.dumps(body).encode())) as env:
        error = await error_of("find_passages", env)
    assert "needs the columns source and text" in error.message


async def test_the_shipped_workflows_end_in_the_failure_of_their_first_call() -> None:
    folder = Path("/Volumes/a/b/c/d")
    documents = (Upload(path=str(folder / "a.md"), size=1, name="a.md"),)
    async with answering(refusal("403 Forbidden", "PERMISSION_DENIED")) as env:
        ingested = await ingest_documents(IngestDocuments(documents=documents), env)
        asked = await ask_documents(AskDocuments(question="why?"), env)
    for outcome, step in ((ingested, "submit_run"), (asked, "find_passages")):
        error = outcome.failure()
        assert (error.step, error.status, error.request_id) == (step, 403, "req-7")
