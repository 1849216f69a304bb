"""A workspace and a cloud's store that take one file in parts."""

import asyncio
import json
import re
from collections.abc import AsyncIterator

import httpx
import respx

MIB = 1024 * 1024
PATH = "/Volumes/main/default/in/ä 100%.pdf"
QUOTED = "/api/2.0/fs/files/Volumes/main/default/in/%C3%A4%20100%25.pdf"
STORE = "https://store.test"


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def query(request: httpx.Request) -> dict[str, str]:
    return dict(request.url.params)


class Volume:
    """A workspace and a cloud's store that take uploads in parts."""

    def __init__(self, wire: respx.MockRouter) -> None:
        self.parts: dict[int, bytes] = {}
        self.events: list[str] = []
        self.refusals: list[httpx.Response] = []
        self.requests: list[httpx.Request] = []
        self.headers: list[dict[str, str]] = []
        self.etags: dict[int, str] = {}
        self.blocked: set[int] = set()
        self.block = asyncio.Event()
        self.open_parts = self.most_parts = self.release_at = 0
        self.reached = asyncio.Event()
        self.stored: bytes | None = None
        wire.post(path=httpx.URL(QUOTED).path).mock(side_effect=self.post)
        wire.post("/api/2.0/fs/create-upload-part-urls").mock(side_effect=self.part_url)
        wire.post("/api/2.0/fs/create-abort-upload-url").mock(side_effect=self.abort_url)
        wire.put(host="store.test", path="/part").mock(side_effect=self.part)
        wire.delete(host="store.test", path="/abort").mock(side_effect=self.abort)

    def post(self, request: httpx.Request) -> httpx.Response:
        action = query(request)["action"]
        self.events.append(action)
        if action == "initiate-upload":
            return httpx.Response(200, json={"multipart_upload": {"session_token": "s/1"}})
        assert query(request) == {
            "action": "complete-upload",
            "upload_type": "multipart",
            "session_token": "s/1",
        }
        parts = json.loads(request.content)["parts"]
        assert [part["part_number"] for part in parts] == [*range(1, len(parts) + 1)]
        self.stored = b"".join(self.parts[part["part_number"]] for part in parts)
        for part in parts:
            number = part["part_number"]
            assert part["etag"] == self.etags.get(number, f"e{number}")
        return httpx.Response(200)

    def part_url(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.events.append("url")
        assert (body["path"], body["session_token"], body["count"]) == (PATH, "s/1", 1)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["expire_time"])
        number = body["start_part_number"]
        headers = [{"name": "x-ms-blob-type", "value": "BlockBlob"}]
        url = f"{STORE}/part?n={number}&sig=hush"
        target = {"url": url, "part_number": number, "headers": headers}
        return httpx.Response(200, json={"upload_part_urls": [target]})

    async def part(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.events.append("part")
        number = int(query(request)["n"])
        self.open_parts += 1
        self.most_parts = max(self.most_parts, self.open_parts)
        try:
            if number in self.blocked:
                self.reached.set()
                if self.open_parts == self.release_at:
                    # Later, so that parts that should not be on their way yet would be seen.
                    asyncio.get_running_loop().call_later(0.05, self.block.set)
                await self.block.wait()
        finally:
            self.open_parts -= 1
        if self.refusals:
            return self.refusals.pop(0)
        self.parts[number] = request.content
        more = self.headers.pop(0) if self.headers else {}
        return httpx.Response(201, headers={"ETag": f"e{number}", **more})

    def abort_url(self, request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content)["session_token"] == "s/1"
        target = {"url": f"{STORE}/abort?sig=hush"}
        return httpx.Response(200, json={"abort_upload_url": target})

    def abort(self, request: httpx.Request) -> httpx.Response:
        assert "Authorization" not in request.headers
        self.events.append("abort")
        return httpx.Response(200)


class GoogleVolume:
    """A workspace and a store that take one stream in pieces, and keep as much as they like."""

    def __init__(self, wire: respx.MockRouter) -> None:
        self.stored = b""
        self.whole: bytes | None = None
        self.ranges: list[str] = []
        self.keeps: list[int | httpx.Response] = []
        self.headers: dict[str, str] = {}
        self.dropped = 0
        self.initiating = wire.post(path=httpx.URL(QUOTED).path).respond(
            json={"resumable_upload": {"session_token": "s/2"}}
        )
        self.asking = wire.post("/api/2.0/fs/create-resumable-upload-url").mock(
            side_effect=self.target
        )
        wire.put(host="store.test", path="/resumable").mock(side_effect=self.piece)
        wire.delete(host="store.test", path="/resumable").mock(side_effect=self.drop)

    def target(self, request: httpx.Request) -> httpx.Response:
        assert json.loads(request.content) == {"path": PATH, "session_token": "s/2"}
        headers = [{"name": "x-goog-resumable", "value": "yes"}]
        target = {"url": f"{STORE}/resumable?sig=hush", "headers": headers}
        return httpx.Response(200, json={"resumable_upload_url": target})

    def piece(self, request: httpx.Request) -> httpx.Response:
        assert "Authorization" not in request.headers
        assert request.headers["x-goog-resumable"] == "yes"
        given = request.headers["Content-Range"]
        self.ranges.append(given)
        found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", given)
        assert found
        start, last, total = found.groups()
        assert len(request.content) == int(last) - int(start) + 1
        assert int(start) == len(self.stored)
        keep = self.keeps.pop(0) if self.keeps else len(request.content)
        if isinstance(keep, httpx.Response):
            return keep
        self.stored += request.content[:keep]
        if total != "*" and len(self.stored) == int(total):
            self.whole = self.stored
            return httpx.Response(200, headers=self.headers)
        told = {"Range": f"bytes=0-{len(self.stored) - 1}"} if self.stored else {}
        return httpx.Response(308, headers=told)

    def drop(self, _request: httpx.Request) -> httpx.Response:
        self.dropped += 1
        return httpx.Response(499)
