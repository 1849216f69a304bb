"""Neither the token of an upload nor an address of its parts comes out of what goes wrong."""

import logging
import traceback
from collections.abc import Callable, Iterator

import httpx
import pytest
import respx

from dara_fp.databricks.errors import BadRequest, DatabricksError, UnexpectedAnswer
from dara_fp.databricks.workspace import Workspace
from tests.client.volume import MIB, PATH, QUOTED, STORE, stream

SESSION = "session/never+to be seen"
ADDRESS = f"{STORE}/part?sig=never-to-be-seen"
PARTS = "/api/2.0/fs/create-upload-part-urls"
PIECES = "/api/2.0/fs/create-resumable-upload-url"
ABORT = "/api/2.0/fs/create-abort-upload-url"


def chain(error: BaseException | None) -> Iterator[str]:
    """Give all that a program could show of *error* and of what it follows from."""
    if error is not None:
        yield from (str(error), repr(error), *map(str, traceback.format_exception(error)))
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


def check(error: DatabricksError, logged: pytest.LogCaptureFixture) -> None:
    everything = "\n".join((*chain(error), *(record.getMessage() for record in logged.records)))
    assert "never" not in everything


def begun(wire: respx.MockRouter, kind: str, end: httpx.Response) -> None:
    def post(request: httpx.Request) -> httpx.Response:
        if request.url.params["action"] == "complete-upload":
            return end
        return httpx.Response(200, json={f"{kind}_upload": {"session_token": SESSION}})

    wire.post(path=httpx.URL(QUOTED).path).mock(side_effect=post)
    wire.put(host="store.test").respond(headers={"ETag": "e"})
    wire.delete(host="store.test").respond(200)


@pytest.mark.parametrize(
    ("kind", "at"),
    [("multipart", PARTS), ("multipart", ABORT), ("multipart", QUOTED), ("resumable", PIECES)],
)
async def test_the_token_of_an_upload_that_a_refusal_echoes_is_not_shown(
    wire: respx.MockRouter,
    workspace: Workspace,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    at: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = httpx.Response(400, json={"error_code": "X", "message": f"bad token {SESSION}"})
    begun(wire, kind, echo)
    wire.post(PARTS).respond(json={"upload_part_urls": [{"url": ADDRESS}]})
    for path in {at, ABORT} - {QUOTED}:
        wire.post(path).mock(return_value=echo)
    with pytest.raises(BadRequest, match=r"bad token \[redacted\]") as caught:
        await workspace.files.upload(PATH, stream(bytes(9 * MIB)))
    check(caught.value, caplog)


NOT_UNDERSTOOD: dict[str, Callable[[], tuple[str, str, object]]] = {
    "parts": lambda: ("multipart", PARTS, {"upload_part_urls": {"url": ADDRESS}}),
    "pieces": lambda: ("resumable", PIECES, {"resumable_upload_url": [ADDRESS]}),
}


@pytest.mark.parametrize("case", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
async def test_an_address_in_an_answer_that_is_not_understood_is_not_shown_even_in_what_it_follows(
    wire: respx.MockRouter,
    workspace: Workspace,
    caplog: pytest.LogCaptureFixture,
    case: Callable[[], tuple[str, str, object]],
) -> None:
    caplog.set_level(logging.DEBUG)
    kind, at, said = case()
    begun(wire, kind, httpx.Response(200))
    wire.post(at).respond(json=said)
    wire.post(ABORT).respond(json={"abort_upload_url": ADDRESS})
    with pytest.raises(UnexpectedAnswer, match="which is kept secret") as caught:
        await workspace.files.upload(PATH, stream(bytes(9 * MIB)))
    check(caught.value, caplog)
