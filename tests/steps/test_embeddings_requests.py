"""What `embed_passages` sends, keeps and tells, on a workspace that answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, unwrap
from dara_fp.databricks.files.upload_sessions import UploadSizes
from dara_fp.steps.embeddings import Embedded, embed_passages
from tests.client import stage
from tests.steps.mocked import asked, body_of, check_refused, crashed, refused, said
from tests.steps.served import Embedding

FILES = "/api/2.0/fs/files"
PASSAGES = "/Volumes/a/b/c/p.jsonl"
VECTORS = "/Volumes/a/b/c/p.vectors.jsonl"
PATH = "/serving-endpoints/gte/invocations"
GIVEN = Embedding(passages_path=PASSAGES, model="gte")


def passages(count: int) -> bytes:
    rows = [{"id": f"{n:03}", "source": "s", "text": f"t{n:03}"} for n in range(count)]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def embedded(request: httpx.Request) -> httpx.Response:
    """Give each text the vector of its number, the last one first."""
    texts = json.loads(request.content)["input"]
    data = [{"index": n, "embedding": [float(text[1:])]} for n, text in enumerate(texts)]
    return httpx.Response(200, json={"data": data[::-1]})


@pytest.fixture
def get(wire: respx.MockRouter) -> respx.Route:
    return wire.get(f"{FILES}{PASSAGES}").respond(content=passages(120))


@pytest.fixture
def put(wire: respx.MockRouter) -> respx.Route:
    return wire.put(f"{FILES}{VECTORS}").respond(204)


@pytest.fixture
def post(wire: respx.MockRouter) -> respx.Route:
    return wire.post(PATH).mock(side_effect=embedded)


async def test_passages_are_embedded_by_fifties_and_put_beside_their_file_in_order(
    wire: respx.MockRouter,
    get: respx.Route,
    post: respx.Route,
    put: respx.Route,
    reached: DatabricksEnv,
) -> None:
    journal = MemoryJournal()
    ended = unwrap(await embed_passages(GIVEN, reached, scope=Scope(journal=journal)))
    assert ended == GIVEN.evolve(embedded=Embedded(path=VECTORS, count=120))
    assert asked(wire) == [
        f"GET {FILES}{PASSAGES}", *[f"POST {PATH}"] * 3, f"PUT {FILES}{VECTORS}?overwrite=true"
    ]  # fmt: skip
    sent = sorted(body_of(post, place)["input"] for place in range(3))
    assert sent == [
        [f"t{n:03}" for n in part] for part in (range(50), range(50, 100), range(100, 120))
    ]
    rows = [json.loads(line) for line in stage.last(put).content.splitlines()]
    assert rows == [
        {"id": f"{n:03}", "source": "s", "text": f"t{n:03}", "vector": [float(n)]}
        for n in range(120)
    ]
    told = [("50 passages", 50 / 120), ("100 passages", 100 / 120), ("120 passages", 1.0)]
    assert said(journal, "embed_passages") == told


@pytest.mark.parametrize("call", ["GET", "POST", "PUT"])
async def test_a_refusal_is_the_failure_of_the_step(
    get: respx.Route, post: respx.Route, put: respx.Route, reached: DatabricksEnv, call: str
) -> None:
    route, path = {
        "GET": (get, f"{FILES}{PASSAGES}"), "POST": (post, PATH), "PUT": (put, f"{FILES}{VECTORS}")
    }[call]  # fmt: skip
    route.mock(side_effect=None, return_value=refused())
    error = (await embed_passages(GIVEN, reached)).failure()
    check_refused(error, "embed_passages", f"{call} {path}")
    assert put.called == (call == "PUT")


@pytest.mark.usefixtures("post")
async def test_a_line_that_is_no_passage_is_shown_and_nothing_is_stored(
    get: respx.Route, put: respx.Route, reached: DatabricksEnv
) -> None:
    get.respond(content=passages(1) + b'{"id": 7}\n')
    error = (await embed_passages(GIVEN, reached)).failure()
    assert (error.kind, error.step) == (Kind.REJECTED, "embed_passages")
    assert error.message.startswith("the line '{\"id\": 7}' is no passage (")
    assert error.message.endswith("): check the job that wrote it")
    assert not put.called


@pytest.mark.usefixtures("put")
async def test_a_file_without_passages_is_named(
    get: respx.Route, post: respx.Route, reached: DatabricksEnv
) -> None:
    get.respond(content=b"\n \n")
    error = (await embed_passages(GIVEN, reached)).failure()
    assert error.message == f"{PASSAGES} has no passages: were the documents empty?"
    assert not post.called


async def test_a_model_of_another_kind_is_told(
    get: respx.Route, post: respx.Route, put: respx.Route, reached: DatabricksEnv
) -> None:
    post.mock(side_effect=None, return_value=httpx.Response(200, json={"data": []}))
    error = (await embed_passages(GIVEN, reached)).failure()
    assert error.message == (
        f"POST {PATH}: 0 embeddings for 50 texts: check that the endpoint serves an embedding model"
    )
    assert not put.called


async def test_a_delivery_after_a_crash_replaces_the_vectors(
    get: respx.Route, post: respx.Route, put: respx.Route, reached: DatabricksEnv
) -> None:
    scopes = Scope(task_id="t"), crashed("embed_passages")
    first, second = [unwrap(await embed_passages(GIVEN, reached, scope=scope)) for scope in scopes]
    assert first == second
    calls: Any = put.calls
    assert calls[0].request.content == calls[1].request.content


async def test_a_store_that_refuses_leaves_no_request_to_the_model_under_way(
    wire: respx.MockRouter, get: respx.Route, post: respx.Route, reached: DatabricksEnv
) -> None:
    reached.workspace.files.sizes = UploadSizes(small=1, part=1)
    wire.post(f"{FILES}{VECTORS}").mock(return_value=refused())
    cut = 0

    async def slowly(request: httpx.Request) -> httpx.Response:
        nonlocal cut
        if json.loads(request.content)["input"][0] != "t000":
            try:
                await asyncio.Event().wait()
            finally:
                cut += 1
        return embedded(request)

    post.mock(side_effect=slowly)
    error = (await embed_passages(GIVEN, reached)).failure()
    check_refused(error, "embed_passages", f"POST {FILES}{VECTORS}")
    assert cut == 1


async def test_a_step_that_is_cut_leaves_no_request_to_the_model_under_way(
    get: respx.Route, post: respx.Route, put: respx.Route, reached: DatabricksEnv
) -> None:
    both, open_now = asyncio.Event(), 0

    async def slowly(_request: httpx.Request) -> httpx.Response:
        nonlocal open_now
        open_now += 1
        try:
            if open_now == 2:
                both.set()
            await asyncio.Event().wait()
        finally:
            open_now -= 1
        raise AssertionError

    post.mock(side_effect=slowly)
    running = asyncio.ensure_future(embed_passages(GIVEN, reached))
    await both.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (open_now, put.called) == (0, False)


async def test_passages_are_read_as_they_come(
    get: respx.Route, post: respx.Route, put: respx.Route, reached: DatabricksEnv
) -> None:
    async def cut_anywhere() -> AsyncIterator[bytes]:
        content = passages(3)
        for start in range(0, len(content), 7):
            yield content[start : start + 7]

    get.mock(return_value=httpx.Response(200, content=cut_anywhere()))
    journal = MemoryJournal()
    ended = unwrap(await embed_passages(GIVEN, reached, scope=Scope(journal=journal)))
    assert ended.embedded == Embedded(path=VECTORS, count=3)
    # The answer does not say how long it is, so nobody knows the share.
    assert said(journal, "embed_passages") == [("3 passages", None)]
