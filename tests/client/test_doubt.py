"""What is in doubt: its answer came and is not understood, or an earlier one was lost."""

import httpx
import pytest
import respx

from dara_fp.databricks.errors import DatabricksError, PermissionDenied, UnexpectedAnswer
from dara_fp.databricks.models.conversations import Message, MessageFailed
from dara_fp.databricks.workspace import Workspace


@pytest.mark.parametrize(
    ("verb", "reads", "doubt"),
    [
        ("POST", False, True),
        ("PATCH", False, True),
        ("POST", True, False),
        ("PUT", False, False),
        ("GET", False, False),
    ],
)
async def test_what_is_not_to_be_repeated_is_in_doubt_where_its_answer_is_not_understood(
    wire: respx.MockRouter, workspace: Workspace, verb: str, *, reads: bool, doubt: bool
) -> None:
    wire.route(method=verb, path="/x").respond(html="<title>Sign in</title>")
    with pytest.raises(UnexpectedAnswer) as caught:
        await workspace.do(verb, "/x", body={}, reads=reads)
    assert caught.value.in_doubt is doubt


@pytest.mark.parametrize("more", [{}, {"idempotency_token": "t"}])
async def test_a_call_of_the_sdk_is_in_doubt_where_its_answer_is_not_understood(
    wire: respx.MockRouter, workspace: Workspace, more: dict[str, str]
) -> None:
    path = "/api/2.2/jobs/run-now"
    wire.post(path).respond(html="<title>Sign in</title>")
    api = workspace._api  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(UnexpectedAnswer) as caught:
        await api.do("POST", path, body={"job_id": 1, **more})
    assert caught.value.in_doubt


CUT = b'data: {"choices": [{"delta": {"content": "It is"}}]}\n\n'
ODD = b"data: <html>\n\n"


@pytest.mark.parametrize("said", [CUT, ODD])
@pytest.mark.parametrize("reads", [True, False])
async def test_a_model_that_does_things_leaves_a_doubt_where_its_stream_breaks(
    wire: respx.MockRouter, workspace: Workspace, said: bytes, *, reads: bool
) -> None:
    wire.post("/serving-endpoints/m/invocations").respond(
        content=said, headers={"content-type": "text/event-stream"}
    )
    with pytest.raises(DatabricksError) as caught:
        async with workspace.models.stream("m", [], reads=reads) as stream:
            _ = [piece async for piece in stream]
    assert caught.value.in_doubt is not reads


@pytest.mark.parametrize(("first", "doubt"), [(httpx.ReadError("cut"), True), (429, False)])
async def test_a_refusal_after_a_lost_answer_leaves_a_run_in_doubt(
    wire: respx.MockRouter, workspace: Workspace, first: Exception | int, *, doubt: bool
) -> None:
    lost = httpx.Response(first) if isinstance(first, int) else first
    route = wire.post("/api/2.2/jobs/run-now").mock(side_effect=[lost, httpx.Response(403)])
    with pytest.raises(PermissionDenied) as caught:
        await workspace.runs.start(1, idempotency_token="t")
    assert (route.call_count, caught.value.in_doubt) == (2, doubt)


async def test_a_query_of_genie_s_is_run_again_where_its_answer_was_lost(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    message = Message(space_id="s", conversation_id="c", message_id="m", content="how many?")
    path = "/api/2.0/genie/spaces/s/conversations/c/messages/m/attachments/a/execute-query"
    failed = {"statement_response": {"status": {"state": "FAILED"}}}
    route = wire.post(path).mock(
        side_effect=[httpx.ReadError("cut"), httpx.Response(200, json=failed)]
    )
    with pytest.raises(MessageFailed) as caught:
        await workspace.conversations.run_again(message, "a")
    assert (route.call_count, caught.value.in_doubt, caught.value.lost_before) == (2, False, False)
