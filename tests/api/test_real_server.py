"""A real server process: large uploads, clients that go away, and requests made to exhaust it."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.api.stage import FORM, PREFIX, ROOT, Part, clean_environment, form, problem, stored
from tests.api.uploading import MIB, Server, server_and_sandbox, upload


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server_and_sandbox(tmp_path_factory.mktemp("s")) as running:
        upload(running, 16)  # what is loaded at the first upload is not memory of the next one
        yield running


def wait_until(holds: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def connected(server: Server) -> socket.socket:
    parts = urlsplit(server.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def test_a_large_upload_needs_little_memory_and_no_disk(server: Server) -> None:
    found = upload(server, 256)
    assert found.status == 202
    assert found.added < 64 * MIB
    assert found.written < MIB
    (large,) = (path for path in stored(server.workspace_dir) if path.stat().st_size > 200 * MIB)
    assert large.stat().st_size == 256 * MIB
    large.unlink()


def test_what_a_client_sent_before_it_went_away_is_removed(server: Server) -> None:
    whole = form(
        Part(name="photos", data=b"p" * 1000, filename="gone.png"),
        Part(name="letter", data=b"x" * 20 * MIB, filename="half.txt"),
    )
    head = (
        f"POST {PREFIX}/parcel HTTP/1.1\r\nHost: api\r\nContent-Length: {len(whole)}\r\n"
        f"Content-Type: {FORM['Content-Type']}\r\n\r\n"
    ).encode()

    def there() -> set[str]:
        return {path.name for path in stored(server.workspace_dir)} & {"gone.png", "half.txt"}

    with connected(server) as client:
        client.sendall(head + whole[: 18 * MIB])
        wait_until(there)
    wait_until(lambda: not there())
    folder = server.workspace_dir / "files/Volumes/main/default/inbox"
    wait_until(lambda: not [each for each in folder.rglob("*") if each.name == "photos"])
    assert httpx.get(f"{server.url}{PREFIX}/livez", trust_env=False).status_code == 200


def test_a_large_form_that_is_refused_is_answered(server: Server) -> None:
    content = form(
        Part(name="virus", data=b"v", filename="v"),
        Part(name="letter", data=b"x" * 20 * MIB, filename="a"),
    )
    answer = httpx.post(
        f"{server.url}{PREFIX}/parcel", content=content, headers=FORM, trust_env=False, timeout=30
    )
    problem(answer, 422, "INVALID_FIELDS")


def test_ten_thousand_parts_are_refused_without_memory(server: Server) -> None:
    parts = [Part(name=f"n{n}", data=b"x" * 100) for n in range(10_000)]
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    answer = httpx.post(
        f"{server.url}{PREFIX}/parcel", content=form(*parts), headers=FORM, trust_env=False
    )
    problem(answer, 413, "BODY_TOO_LARGE")
    assert process.memory_info().rss - before < 32 * MIB


BOUNDED = """
import sys, uvicorn
from dara_fp.api.limits import BoundedHttp
from tests.api.stage import check, create_app

class Telling(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(self.servers[0].sockets[0].getsockname()[1], flush=True)

Telling(uvicorn.Config(create_app([check]), port=0, http=BoundedHttp, log_level="error")).run()
"""


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, psutil.Process]]:
    """A server with our protocol class, at its port."""
    environ = {**clean_environment(), "DARA_DATA_DIR": str(tmp_path_factory.mktemp("b"))}
    words = [sys.executable, "-c", BOUNDED]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env=environ, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline()), psutil.Process(process.pid)
        process.terminate()


HEAD = f"GET {PREFIX}/livez HTTP/1.1\r\nHost: api\r\n".encode()
CHUNKED = (
    f"POST {PREFIX}/check HTTP/1.1\r\nHost: api\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
)


@pytest.mark.parametrize(
    "start",
    [
        HEAD + b"X-Long: ",
        b"GET /",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ",
        CHUNKED + b"1;x=",
    ],
)
def test_a_long_head_is_refused_without_memory(
    bounded: tuple[int, psutil.Process], start: bytes
) -> None:
    port, process = bounded
    before = process.memory_info().rss
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        try:
            client.sendall(start)
            while sent < 10 * MIB:
                sent += client.send(b"x" * 4096)
                time.sleep(0)
            while received := client.recv(4096):
                answer += received
        except ConnectionError:
            answer += b"HTTP/1.1 431"  # cut in the middle of our sending, so that it is lost
    assert b"HTTP/1.1 431" in answer, answer
    assert sent < 5 * MIB
    assert process.memory_info().rss - before < 8 * MIB


def test_a_long_head_is_told_what_is_wrong(bounded: tuple[int, psutil.Process]) -> None:
    with socket.create_connection(("127.0.0.1", bounded[0]), timeout=20) as client:
        client.sendall(HEAD + b"X-Long: " + b"x" * 65_536)
        answer = client.recv(4096)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["error_code"] == "HEADERS_TOO_LARGE"


def test_ordinary_requests_pass_on_one_connection(bounded: tuple[int, psutil.Process]) -> None:
    address = f"http://127.0.0.1:{bounded[0]}{PREFIX}"
    with httpx.Client(trust_env=False) as client:
        for _ in range(30):
            assert client.get(f"{address}/livez", headers={"X": "x" * 4000}).status_code == 200
        large = {"text": "x" * 900_000}
        assert client.post(f"{address}/check", json=large).status_code == 202
