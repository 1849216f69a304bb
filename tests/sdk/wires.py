"""Both wires, cut: what the SDK and what ours would have sent, answered as told."""

import io
import json
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx
import requests

from dara_fp.databricks.http.transport import Call, Reply, Transport
from dara_fp.databricks.sdk.waits import Clock

__all__ = ["HOST", "TOKEN", "Request", "Wires", "cut"]

HOST = "https://dbc-1.cloud.databricks.test"
TOKEN = "dapi-made-up"
_COMPARED = ("accept", "content-type", "authorization", "x-databricks-org-id")


@attrs.frozen(kw_only=True)
class Request:
    """What went out, in the form in which two requests are the same."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: Any


class Wires:
    """Hears what both clients send, and answers both alike.

    Attributes:
        sync: What the SDK sent.
        ours: What ours sent.
        naps: Whole seconds that each slept, the SDK first.
    """

    def __init__(self) -> None:
        self.answers: Sequence[Any] = [{}]
        self.sync: list[Request] = []
        self.ours: list[Request] = []
        self.naps: tuple[list[int], list[int]] = ([], [])
        self.now = 1_000_000.0

    def expect(self, answers: Sequence[Any]) -> None:
        """Answer with *answers* in turn, the last one for ever; forget what was heard.

        One with bytes as its contents is answered as those bytes, as what is downloaded is.
        """
        self.answers = answers
        self.sync.clear()
        self.ours.clear()
        for naps in self.naps:
            naps.clear()

    def hear_sync(
        self, _session: requests.Session, request: requests.PreparedRequest, **_: Any
    ) -> requests.Response:
        """Stand in for `requests.Session.send`."""
        url, method = request.url or "", request.method or ""
        self.sync.append(_request(method, url, dict(request.headers), request.body))
        response = requests.Response()
        response.status_code = 200
        response.url = url
        response.headers["Content-Type"] = "application/json"
        response.request = request
        response.raw = io.BytesIO(self._answer(self.sync))
        return response

    async def hear_ours(self, _transport: Transport, call: Call) -> Reply:
        """Stand in for `Transport.send`."""
        body = call.body.whole if call.body else None
        self.ours.append(_request(call.method, call.url, dict(call.headers), body))
        headers = {"Content-Type": "application/json"}
        content = self._answer(self.ours)
        return Reply(call, httpx.Response(200, headers=headers, content=content))

    def sleep_sync(self, seconds: float) -> None:
        """Stand in for `time.sleep`."""
        self.naps[0].append(int(seconds))
        self.now += int(seconds)  # without the jitter, which differs

    async def sleep_ours(self, seconds: float) -> None:
        """Stand in for the sleep of ours."""
        self.naps[1].append(int(seconds))
        self.now += int(seconds)  # without the jitter, which differs

    def _answer(self, heard: list[Request]) -> bytes:
        answer: Any = self.answers[min(len(heard), len(self.answers)) - 1]
        held: Any = answer.get("contents") if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - of JSON
        return held if isinstance(held, bytes) else json.dumps(answer).encode()


@contextmanager
def cut() -> Generator[Wires]:
    """Cut the wires, and let time pass only when someone sleeps."""
    wires = Wires()
    stand_ins: list[tuple[Any, str, Callable[..., Any]]] = [
        (requests.Session, "send", _as_method(wires.hear_sync)),
        (requests.Session, "merge_environment_settings", lambda *_: {}),  # slow, and no proxy here
        (Transport, "send", _as_method(wires.hear_ours)),
        (uuid, "uuid4", lambda: uuid.UUID(int=7)),
        (time, "sleep", wires.sleep_sync),
        (time, "time", lambda: wires.now),
        (Clock, "sleep", wires.sleep_ours),
    ]
    with ExitStack() as stack:
        for owner, name, stand_in in stand_ins:
            stack.enter_context(patch.object(owner, name, stand_in))
        yield wires


def _as_method(heard: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function, which a class binds, for *heard*, which is bound already."""

    def method(*args: Any, **named: Any) -> Any:
        return heard(*args, **named)

    return method


def _request(method: str, url: str, headers: dict[str, Any], body: Any) -> Request:
    parts = urlsplit(url)
    said = {name.lower(): str(value) for name, value in headers.items()}
    said.setdefault("accept", "*/*")  # which either library sends where nothing is said
    # Inside of records the SDK writes booleans as Python does, and elsewhere in lower case.
    query = [(k, v.lower() if v in {"True", "False"} else v) for k, v in parse_qsl(parts.query)]
    return Request(
        method=method,
        path=parts.path,
        query=tuple(sorted(query)),
        headers=tuple((name, said[name]) for name in _COMPARED if name in said),
        body=json.loads(body) if body else None,
    )
