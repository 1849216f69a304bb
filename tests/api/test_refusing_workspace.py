"""A workspace that refuses an upload: told as 502, what was sent is removed, the server goes on."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from tests.api.stage import FORM, PREFIX, Part, context_of, form, parcels, problem

ANY = {True, False}
PARTS = (
    Part(name="photos", data=b"1", filename="one"),
    Part(name="photos", data=b"2", filename="two"),
    Part(name="letter", data=b"Dear", filename="letter.txt"),
)


class Refusing(ThreadingHTTPServer):
    """A workspace on loopback that takes photos and answers letters with *status*."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.status = 500
        self.held: set[str] = set()
        self.refused = 0
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        path = self._path()
        if "/letter/" in path:
            self._workspace.refused += 1
            # As a workspace may: the file is there although the answer says otherwise.
            if self._workspace.status >= 500:
                self._workspace.held.add(path)
            self._answer(self._workspace.status, {"error_code": "SAID_SO", "message": "not today"})
        else:
            self._workspace.held.add(path)
            self._answer(204)

    def do_DELETE(self) -> None:
        there = self._path() in self._workspace.held
        self._workspace.held.discard(self._path())
        gone = {"error_code": "NOT_FOUND", "message": "no such file"}
        self._answer(204) if there else self._answer(404, gone)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""

    @property
    def _workspace(self) -> Refusing:
        assert isinstance(self.server, Refusing)
        return self.server

    def _path(self) -> str:
        return unquote(self.path.partition("?")[0]).removeprefix("/api/2.0/fs/files")

    def _answer(self, status: int, body: object = None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Databricks-Request-Id", "request-77")
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    with Refusing() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(403, {False}), (404, {False}), (409, {False}), (429, {True}), (500, ANY), (503, {True})],
)
async def test_a_refused_upload_is_told_with_all_that_the_workspace_said(
    refusing: Refusing, status: int, retryable: set[bool]
) -> None:
    refusing.status = status
    async with parcels(refusing.url) as client:
        answer = await client.post(f"{PREFIX}/parcel", content=form(*PARTS), headers=FORM)
        found = problem(answer, 502, "WORKSPACE_REFUSED")
        assert found["upstream"] == {
            "status": status,
            "error_code": "SAID_SO",
            "request_id": "request-77",
        }
        assert "not today" in found["detail"]
        assert found["retryable"] in retryable
        assert refusing.held == set()
        assert (await client.get(f"{PREFIX}/readyz")).status_code == 200


async def test_a_workspace_that_is_busy_is_asked_again_until_the_budget_is_used_up(
    refusing: Refusing,
) -> None:
    refusing.status = 429
    async with parcels(refusing.url, retry_seconds=1.5) as client:
        answer = await client.post(f"{PREFIX}/parcel", content=form(*PARTS), headers=FORM)
        assert problem(answer, 502, "WORKSPACE_REFUSED")["upstream"]["status"] == 429
        assert refusing.refused > 1


async def test_a_workspace_that_is_not_there_is_told() -> None:
    with Refusing() as server:
        gone = server.url
    async with parcels(gone) as client:
        answer = await client.post(f"{PREFIX}/parcel", content=form(*PARTS), headers=FORM)
        assert problem(answer, 502, "WORKSPACE_REFUSED")["upstream"]["status"] is None


async def test_the_server_goes_on_after_a_refusal(refusing: Refusing) -> None:
    refusing.status = 403
    async with parcels(refusing.url) as client:
        answer = await client.post(f"{PREFIX}/parcel", content=form(*PARTS), headers=FORM)
        problem(answer, 502, "WORKSPACE_REFUSED")
        refusing.status = 204
        answer = await client.post(f"{PREFIX}/parcel", content=form(*PARTS), headers=FORM)
        assert (await context_of(client, answer))["total"] == 6
