"""The proxy before an app says who calls, waits so long and not longer, and holds streams back."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from dara_fp.sandbox.server.auth import USER, WORKSPACE_ID
from dara_fp.sandbox.server.proxy import CALLER, AppsProxy, Beside, Habits
from dara_fp.sandbox.server.stumbling import Connection
from tests.sandbox.served import TOKEN, launch

HASTY = Habits(request_seconds=0.3, stream_seconds=0.6, buffer_bytes=12)
EVENTS = 20
CUT = (httpx.ReadError, httpx.RemoteProtocolError)

went = threading.Event()


async def _echo(request: Request) -> Response:
    body = (await request.body()).decode()
    told = {"path": str(request.url.path), "query": request.url.query, "body": body}
    shown = JSONResponse(told | {"headers": dict(request.headers)}, 207)
    shown.raw_headers.extend([(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")])
    return shown


async def _slow(_request: Request) -> Response:
    await asyncio.sleep(1)
    return Response("too late")


async def _patient(request: Request) -> Response:
    """Wait until the caller has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    went.set()
    return Response("nobody hears it")


async def _halting(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(1)

    return StreamingResponse(body(), media_type="text/plain")


async def _events(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(EVENTS):
            yield b"data: x\n\n"
            await asyncio.sleep(0.05)

    return StreamingResponse(body(), media_type="text/event-stream")


@contextmanager
def serving(app: ASGIApp) -> Generator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if isinstance(app, AppsProxy):
            app = Beside(Starlette(), app, port)
        config = uvicorn.Config(app, log_level="critical", http=Connection, lifespan="on")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    every = ["GET", "POST", "HEAD"]
    routes = [
        Route("/slow", _slow),
        Route("/patient", _patient),
        Route("/halting", _halting),
        Route("/events", _events),
        Route("/{path:path}", _echo, methods=every),
    ]
    with serving(Starlette(routes=routes)) as url:
        yield url


@pytest.fixture(scope="module")
def hasty(app: str) -> Iterator[httpx.Client]:
    with ExitStack() as opened:
        url = opened.enter_context(serving(AppsProxy(app, "dapi-of-the-user", HASTY)))
        yield opened.enter_context(httpx.Client(base_url=url, timeout=10, trust_env=False))


def test_an_app_is_told_who_calls_by_the_proxy_alone(hasty: httpx.Client) -> None:
    forged = {
        "X-Forwarded-User": "admin",
        "X-Forwarded-Email": "admin@example.org",
        "X-Forwarded-Groups": "admins",
        "X-Forwarded-Access-Token": "forged",
        "X-Real-Ip": "192.0.2.1",
        "X-Request-Id": "mine",
    }
    answers = [hasty.get("/who", headers=forged).json()["headers"] for _ in range(2)]
    told = answers[0]
    assert told["x-forwarded-email"] == told["x-forwarded-preferred-username"] == USER
    assert told["x-forwarded-user"].endswith(f"@{WORKSPACE_ID}")
    assert told["x-forwarded-access-token"] == "dapi-of-the-user"
    assert told["x-forwarded-host"] == httpx.URL(str(hasty.base_url)).netloc.decode()
    assert told["x-real-ip"] == "127.0.0.1"
    assert "x-forwarded-groups" not in told
    assert len({answer["x-request-id"] for answer in answers} | {"mine"}) == 3


def test_a_developer_chooses_who_calls(hasty: httpx.Client) -> None:
    told = [
        hasty.get("/", headers={CALLER: f"{name}@example.org"}).json()["headers"]
        for name in ("ann", "bob", "ann")
    ]
    assert [each["x-forwarded-email"] for each in told][:2] == [
        "ann@example.org",
        "bob@example.org",
    ]
    users = [each["x-forwarded-user"] for each in told]
    assert users[0] == users[2] != users[1]
    assert CALLER not in told[0]


def test_a_request_and_its_answer_go_through_as_they_are(hasty: httpx.Client) -> None:
    pieces = iter([b"in ", b"pieces"])
    answer = hasty.post("/a%2Fb/c?x=%20y&x=2", content=pieces)
    assert answer.status_code == 207
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert [len(answer.headers.get_list(name)) for name in ("date", "server")] == [1, 1]
    told = answer.json()
    assert (told["path"], told["query"], told["body"]) == ("/a/b/c", "x=%20y&x=2", "in pieces")
    assert hasty.post("/", content=b"whole").json()["headers"]["content-length"] == "5"
    assert hasty.head("/").status_code == 207


def test_what_takes_too_long_is_a_504_that_the_app_does_not_make(hasty: httpx.Client) -> None:
    began = time.monotonic()
    answer = hasty.get("/slow")
    assert answer.status_code == 504
    assert HASTY.request_seconds <= time.monotonic() - began < 5


def test_an_answer_that_began_is_cut_when_its_time_is_over(hasty: httpx.Client) -> None:
    with hasty.stream("GET", "/halting") as answer:
        assert answer.status_code == 200
        with pytest.raises(CUT):
            answer.read()


def test_an_event_stream_is_held_back_and_cut_later_than_other_answers(hasty: httpx.Client) -> None:
    began, pieces = time.monotonic(), list[bytes]()
    with hasty.stream("GET", "/events") as answer, pytest.raises(CUT):
        pieces.extend(answer.iter_raw())
    assert HASTY.stream_seconds <= time.monotonic() - began < 5
    assert pieces
    assert min(map(len, pieces)) >= HASTY.buffer_bytes


def test_a_stream_is_held_back_when_nothing_else_is_asked_for(app: str) -> None:
    with serving(AppsProxy(app, TOKEN)) as url, httpx.stream("GET", f"{url}/events") as answer:
        pieces = [*answer.iter_raw()]
    assert pieces == [b"data: x\n\n" * EVENTS]


def test_a_stream_goes_through_at_once_when_nothing_is_to_be_held_back(app: str) -> None:
    direct = Habits(buffer_bytes=0)
    proxy = AppsProxy(app, TOKEN, direct)
    with serving(proxy) as url, httpx.stream("GET", f"{url}/events") as answer:
        assert next(answer.iter_raw()) == b"data: x\n\n"


def test_an_app_hears_that_its_caller_has_left(app: str) -> None:
    went.clear()
    with serving(AppsProxy(app, TOKEN)) as url, pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{url}/patient", timeout=0.3)
    assert went.wait(5)


def test_an_app_that_is_not_there_is_a_502_that_says_so() -> None:
    with serving(AppsProxy("http://127.0.0.1:9", TOKEN)) as url:
        answer = httpx.get(url)
    assert answer.status_code == 502
    assert "The app at http://127.0.0.1:9 did not answer" in answer.text


def test_the_sandbox_stands_before_an_app_when_asked(tmp_path: Path, app: str) -> None:
    process = launch(tmp_path, options={"apps_proxy": app})
    assert process.stdout
    sandbox, proxy = (process.stdout.readline().split()[-1] for _ in range(2))
    told = httpx.get(f"{proxy}/who").json()["headers"]
    me = "/api/2.0/preview/scim/v2/Me"
    forwarded = {"Authorization": f"Bearer {told['x-forwarded-access-token']}"}
    assert httpx.get(sandbox + me, headers=forwarded).json()["userName"] == USER
    process.terminate()
    assert process.communicate(timeout=10) == ("", "")
    assert process.returncode == 0
