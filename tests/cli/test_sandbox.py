"""`dara sandbox` tells what to export, and nothing that was not to be told."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.sandbox.test_proxy import serving


def told(data_dir: Path, token: str | None) -> tuple[str, str]:
    """Run a sandbox until it listens; give what it printed on its two channels."""
    with running(data_dir, token) as process:
        assert process.stdout
        ready = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        return ready, process.communicate(timeout=10)[1]


@contextmanager
def running(data_dir: Path, token: str | None, *options: str) -> Generator["subprocess.Popen[str]"]:
    environ = os.environ | ({"DARA_SANDBOX_TOKEN": token} if token else {})
    command = [sys.executable, "-m", "dara_fp.cli", "sandbox", "--port=0"]
    process = subprocess.Popen(
        [*command, f"--data-dir={data_dir}", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )
    yield process
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.parametrize("token", [None, "dapi-that-was-given"])
def test_it_tells_what_to_export_and_no_token_that_was_given(
    tmp_path: Path, token: str | None
) -> None:
    ready, exports = told(tmp_path, token)
    host = ready.removeprefix("sandbox ready ").strip()
    assert f"export DATABRICKS_HOST={host} " in exports
    assert f"OPENAI_BASE_URL={host}/serving-endpoints " in exports
    assert (" DATABRICKS_TOKEN=" in exports) is (token is None)
    assert "dapi-that-was-given" not in exports


async def _events(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b"data: x\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(body(), media_type="text/event-stream")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_proxy_listens_where_it_is_told_and_holds_back_what_it_is_told(tmp_path: Path) -> None:
    port = free_port()
    with serving(Starlette(routes=[Route("/", _events)])) as app:
        options = (f"--apps-proxy={app}", f"--apps-port={port}", "--apps-buffer=20")
        with running(tmp_path, None, *options) as process:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(2)]
            assert lines[1] == f"apps proxy ready http://127.0.0.1:{port}\n"
            with httpx.stream("GET", f"http://127.0.0.1:{port}/") as answer:
                pieces = [len(piece) for piece in answer.iter_raw()]
    assert pieces == [27, 27]


def exported(process: "subprocess.Popen[str]") -> dict[str, dict[str, str]]:
    """Give what the lines say to export, and apart from it what they offer in place of a token."""
    assert process.stderr
    lines = [process.stderr.readline() for _ in range(4)]
    told: dict[str, dict[str, str]] = {"export": {}, "instead": {}}
    for line in lines:
        words = line.split("#")[0] if line.startswith("export ") else line
        found = dict(word.split("=", 1) for word in words.split() if "=" in word)
        told["export" if line.startswith("export ") else "instead"] |= found
    return told


def test_what_it_tells_lets_official_clients_in_by_either_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, None) as process:
        told = exported(process)
        for name, value in told["export"].items():
            monkeypatch.setenv(name, value)
        by_token = WorkspaceClient()
        assert by_token.current_user.me().active
        warehouse = by_token.warehouses.get(os.environ["DATABRICKS_WAREHOUSE_ID"])
        assert warehouse.odbc_params
        assert warehouse.odbc_params.path == os.environ["DATABRICKS_HTTP_PATH"]
        monkeypatch.delenv("DATABRICKS_TOKEN")
        for name, value in told["instead"].items():
            monkeypatch.setenv(name, value)
        by_client = WorkspaceClient()
        assert by_client.current_user.me().active
        assert (by_token.config.auth_type, by_client.config.auth_type) == ("pat", "oauth-m2m")
