"""No token, client secret or signed address comes out anywhere, whatever the peer echoes."""

import base64
import json
import pickle
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
import respx

from dara_fp.databricks.auth.auth import TokenAuth
from dara_fp.databricks.auth.settings import Settings
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http import pool
from dara_fp.databricks.http.body import Body
from dara_fp.databricks.http.calls import Calls
from dara_fp.databricks.http.transport import Call, Transport
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import HOST, TOKEN, VirtualTime

SECRET = "dose/never+to=be%seen&"
GRANTED = "granted-never-to-be-seen"
USER = "user-never-to-be-seen"
SIGNATURE = "sig/never+to=be-seen"
STORE = f"https://store.test/container/file?X-Sig={quote(SIGNATURE, safe='')}&part=1"
BASIC = base64.b64encode(f"c:{SECRET}".encode()).decode()
HIDDEN = (TOKEN, SECRET, GRANTED, USER, SIGNATURE, BASIC)

Answering = Callable[[str], httpx.Response]


def said(text: str, **more: str) -> bytes:
    return json.dumps({"message": text, **more}).encode()


def escaped(text: str, before: str) -> bytes:
    """Write *text* so that its bytes are other ones; *before* brings it to where texts are cut."""
    letters = "".join(f"\\u{ord(letter):04x}" for letter in text)
    details = f'[{{"reason": "{letters}"}}]'
    said = f'"error_code": "{letters}", "message": "{before}{letters}", "details": {details}'
    return f"{{{said}}}".encode()


ECHOES: Mapping[str, Answering] = {
    "json": lambda s: httpx.Response(400, content=said(s, error_code=s)),
    "json, escaped": lambda s: httpx.Response(400, content=escaped(s, "")),
    "json, escaped and cut": lambda s: httpx.Response(400, content=escaped(s, "x" * 3990)),
    "details": lambda s: httpx.Response(
        400, json={"message": s, "error_code": s, "details": [{"reason": s}]}
    ),
    "scim": lambda s: httpx.Response(404, json={"detail": s, "scimType": s, "status": s}),
    "oauth": lambda s: httpx.Response(403, json={"error": s, "error_description": s}),
    "text": lambda s: httpx.Response(500, text=f"SOME_CODE: {s}"),
    "code": lambda s: httpx.Response(500, text=f"{s}: {s}"),
    "html": lambda s: httpx.Response(404, html=f"<title>{s}</title><pre>{s}</pre>"),
    "xml": lambda s: httpx.Response(403, text=f"<Code>{s}</Code><Message>{s}</Message>"),
    "bytes": lambda s: httpx.Response(500, content=b"\xff\x00" + s.encode()),
    "cut": lambda s: httpx.Response(500, content=b"\xff" + b"y" * 395 + s.encode()),
    "header": lambda s: httpx.Response(500, headers={"x-request-id": s}),
    "retry": lambda s: httpx.Response(500, headers={"retry-after": s}),
    "reason": lambda s: httpx.Response(500, extensions={"reason_phrase": s.encode()}),
    "redirect": lambda s: httpx.Response(302, headers={"location": f"https://a.test/{s}?{s}"}),
    "no json": lambda s: httpx.Response(200, text=f"hello {s}"),
    "quoted": lambda s: httpx.Response(400, content=said(quote(s, safe=""))),
    "quoted and cut": lambda s: httpx.Response(500, text="\t" + "y" * 392 + quote(s, safe="")),
    "html, quoted and cut": lambda s: httpx.Response(
        404, html=f"<pre>{'y' * 392}{quote(s, safe='')}</pre>"
    ),
}


def follows(error: BaseException) -> Iterator[BaseException]:
    """Give what *error* follows from, shown in a traceback or not."""
    for before in (error.__cause__, error.__context__):
        if before is not None:
            yield before
            yield from follows(before)


class Seen:
    """Everything that a program could show of a failed call."""

    def __init__(self, logged: pytest.LogCaptureFixture) -> None:
        self._logged = logged
        self.shown: list[str] = []

    def logged(self, beginning: str) -> bool:
        return any(each.getMessage().startswith(beginning) for each in self._logged.records)

    def fails(self, error: DatabricksError) -> None:
        self.shown += [
            str(error),
            repr(error),
            repr(error.error),
            repr(error.args),
            repr(error.reasons),
            msgspec.json.encode(msgspec.to_builtins(error.error)).decode(),
            pickle.dumps(error.error).decode("latin-1"),
            "".join(traceback.format_exception(error)),
            *map(repr, follows(error)),
        ]

    def check(self, *others: object) -> None:
        logged = [record.getMessage() for record in self._logged.records]
        traces = [str(record.exc_info) for record in self._logged.records]
        everything = "\n".join((*self.shown, *logged, *traces, *map(repr, others)))
        for secret in HIDDEN:
            quoted = quote(secret, safe="")
            for form in (secret, quoted, secret[:8], quoted[:8]):
                assert form not in everything, form


@pytest.fixture
async def calls(time: VirtualTime) -> AsyncIterator[Calls]:
    made = Calls(
        settings=Settings(host=HOST, token=TOKEN),
        auth=TokenAuth(TOKEN),
        transport=Transport(timeout_seconds=60, max_connections=1),
        retries=time.retries(),
        timeout_seconds=60,
    )
    yield made
    await made.aclose()


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture) -> Seen:
    caplog.set_level(1)
    return Seen(caplog)


async def failing(seen: Seen, calling: Coroutine[Any, Any, object]) -> None:
    with pytest.raises(DatabricksError) as caught:
        await calling
    seen.fails(caught.value)


async def test_an_echoed_token_is_not_shown(
    wire: respx.MockRouter, workspace: Workspace, seen: Seen
) -> None:
    for echo in ECHOES.values():
        wire.get("/api/2.2/jobs/runs/get").mock(return_value=echo(TOKEN))
        await failing(seen, workspace.runs.get(1))
        seen.check(workspace, vars(workspace))


async def test_an_echoed_token_of_a_user_is_not_shown(
    wire: respx.MockRouter, workspace: Workspace, seen: Seen
) -> None:
    headers = {"Authorization": f"Bearer {GRANTED}"}
    for echo in ECHOES.values():
        wire.get("/x").mock(return_value=echo(USER))
        with workspace.on_behalf_of(USER):
            await failing(seen, workspace.do("GET", "/x"))
        wire.get("/x").mock(return_value=echo(GRANTED))
        await failing(seen, workspace.do("GET", "/x", headers=headers))
        seen.check(workspace, vars(workspace))


async def test_an_echoed_client_secret_is_not_shown_nor_is_the_token_it_got(
    wire: respx.MockRouter, time: VirtualTime, seen: Seen
) -> None:
    discovery = wire.get("/oidc/.well-known/oauth-authorization-server")
    discovery.respond(json={"token_endpoint": f"{HOST}/oidc/v1/token"})
    granted = wire.post("/oidc/v1/token")
    retries = time.retries()
    async with Workspace(HOST, client_id="c", client_secret=SECRET, retries=retries) as made:
        for echo in ECHOES.values():
            for secret in (SECRET, BASIC):
                granted.mock(return_value=echo(secret))
                await failing(seen, made.runs.get(1))
        granted.mock(return_value=None)
        granted.respond(json={"access_token": GRANTED, "expires_in": 3600})
        for echo in ECHOES.values():
            wire.get("/api/2.2/jobs/runs/get").mock(return_value=echo(GRANTED))
            await failing(seen, made.runs.get(1))
        seen.check(made, vars(made))


async def test_an_echoed_signature_of_an_address_is_not_shown(
    wire: respx.MockRouter, calls: Calls, seen: Seen
) -> None:
    call = Call(method="PUT", url=STORE, headers={}, body=Body(b"part"))
    for name, echo in ECHOES.items():
        for echoed in (SIGNATURE, STORE):
            wire.put(host="store.test").mock(return_value=echo(echoed))
            if name != "no json":  # what succeeds is an answer here, whatever it says
                await failing(seen, calls.elsewhere(call))
                await failing(seen, calls.open_elsewhere(call))
    seen.check(call)


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
async def test_what_the_http_library_says_of_an_address_is_not_shown(
    wire: respx.MockRouter, calls: Calls, workspace: Workspace, seen: Seen, kind: Any
) -> None:
    wire.put(host="store.test").mock(side_effect=kind(f"cannot reach {STORE}"))
    await failing(seen, calls.elsewhere(Call(method="PUT", url=STORE, headers={})))
    wire.get("/api/2.2/jobs/runs/get").mock(side_effect=kind(f"with Bearer {TOKEN}"))
    await failing(seen, workspace.runs.get(1))
    seen.check(workspace, vars(workspace))


async def test_what_succeeds_is_logged_without_secrets(
    wire: respx.MockRouter, calls: Calls, workspace: Workspace, seen: Seen
) -> None:
    headers = {"x-request-id": TOKEN, "set-cookie": f"a={TOKEN}"}
    wire.get(f"/x/{TOKEN}").respond(json={}, headers=headers)
    wire.get(host="store.test").respond(headers={"x-request-id": SIGNATURE})
    await workspace.do("GET", f"/x/{TOKEN}", query={"token": TOKEN}, body={"a": TOKEN})
    await calls.elsewhere(Call(method="GET", url=STORE, headers={}))
    seen.check()
    assert seen.logged("GET /x/[redacted] -> 200 in ")
    assert seen.logged("GET /container/file -> 200 in ")


async def test_an_address_that_holds_a_secret_is_not_kept(
    wire: respx.MockRouter, calls: Calls
) -> None:
    kept = pool._address  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    wire.get(host="store.test").respond(json={})
    wire.get("/x").respond(json={})
    before = kept.cache_info().misses
    await calls.elsewhere(Call(method="GET", url=STORE, headers={}))
    await calls.json("GET", "/x", query={"session": SECRET}, secrets=(SECRET,))
    assert kept.cache_info().misses == before
    await calls.json("GET", "/x", query={"of": "this test alone"})
    assert kept.cache_info().misses == before + 1


# What a workspace may say one day beside an address of a result, and is not understood.
UNEXPECTED: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "a field": lambda link: {"chunk_index": None, "external_links": [link]},
    "a link's": lambda link: {"external_links": [{**link, "chunk_index": [1]}]},
    "a list": lambda link: {"external_links": {"first": link}},
}


@pytest.mark.parametrize("result", UNEXPECTED.values(), ids=UNEXPECTED)
async def test_the_address_of_a_result_is_not_shown_where_the_answer_is_not_understood(
    wire: respx.MockRouter,
    workspace: Workspace,
    seen: Seen,
    result: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> None:
    told = result({"external_link": STORE, "http_headers": {"x-key": SIGNATURE}})
    ended = {"statement_id": "s", "status": {"state": "SUCCEEDED"}}
    manifest = {"total_chunk_count": 1}
    statement = {**ended, "manifest": manifest, "result": told}
    wire.get("/api/2.0/sql/history/queries").respond(403, json={"message": "no"})
    begun = wire.post("/api/2.0/sql/statements/")
    begun.respond(json=statement)
    await failing(seen, workspace.sql.execute("select", warehouse_id="w").rows())
    await failing(seen, workspace.sql.submit("select", warehouse_id="w"))
    wire.get("/api/2.0/sql/statements/s").respond(json=statement)
    await failing(seen, workspace.sql.get("s"))
    begun.respond(json={**ended, "manifest": manifest})
    wire.get("/api/2.0/sql/statements/s/result/chunks/0").respond(json=told)
    rows = await workspace.sql.execute("select", warehouse_id="w")
    await failing(seen, rows.all())
    seen.check(rows)
    assert "the answer, which is kept secret, is not what the API promises" in seen.shown[0]
