"""Requests that cannot be served: each answer says what was wrong and what to do."""

import json
import re

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dara_fp.api.app import create_app
from tests.api.stage import PREFIX, Gate, check, count, problem, said, served

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def sent(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    kind = {"Content-Type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return await client.post(f"{PREFIX}/check", content=body, headers=kind)


async def test_an_unknown_workflow_is_named_beside_those_there_are() -> None:
    async with served(create_app([count, check], env=Gate())) as client:
        found = problem(await client.post(f"{PREFIX}/chekc", json={}), 404, "UNKNOWN_WORKFLOW")
        assert "'chekc'" in found["detail"]
        assert found["known"] == ["check", "count"]


async def test_all_that_does_not_fit_is_told_at_once(client: httpx.AsyncClient) -> None:
    answer = await sent(client, b'{"times": "three", "wrods": 1, "words": 4, "checked": true}')
    found = problem(answer, 422, "INVALID_FIELDS")
    problems = said(answer)
    assert set(problems) == {"text", "times", "wrods", "words", "checked"}
    assert problems["text"] == "is required"
    assert "got `str`" in problems["times"]
    assert "text, times" in problems["wrods"]
    assert "made by a step" in problems["words"]
    assert all(name in found["detail"] for name in problems)


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b"null", b'"text"', b"\xff", b"{}x", b"\x00", b"[" * 9999, b'{"a":']
)
async def test_what_is_no_json_object_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    problem(await sent(client, body), 422, "INVALID_JSON")


async def test_json_that_is_nested_too_deep_is_refused(client: httpx.AsyncClient) -> None:
    body = b'{"text":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    problem(await sent(client, body), 422, "INVALID_JSON")


async def test_an_empty_body_lacks_its_fields(client: httpx.AsyncClient) -> None:
    assert said(await sent(client, b"")) == {"text": "is required"}


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data"])
async def test_another_media_type_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    found = problem(await sent(client, b"{}", Content_Type=kind), 415, "UNSUPPORTED_MEDIA_TYPE")
    assert kind in found["detail"]
    assert "application/json" in found["detail"]


async def test_a_json_body_of_one_mebibyte_is_taken_and_a_longer_one_is_not(
    client: httpx.AsyncClient,
) -> None:
    limit = 1024 * 1024
    around = len(json.dumps({"text": ""}).encode())
    assert (
        await sent(client, json.dumps({"text": "x" * (limit - around)}).encode())
    ).status_code == 202
    answer = await sent(client, json.dumps({"text": "x" * (limit - around + 1)}).encode())
    assert str(limit) in problem(answer, 413, "BODY_TOO_LARGE")["detail"]


async def test_a_thousand_unknown_fields_make_a_short_answer(client: httpx.AsyncClient) -> None:
    answer = await sent(client, json.dumps({"n" * 300 + str(n): n for n in range(1000)}).encode())
    found = problem(answer, 422, "INVALID_FIELDS")
    assert len(found["problems"]) == 100
    assert len(answer.content) < 50_000


async def test_an_unknown_route_points_to_the_documents() -> None:
    async with served(create_app([check])) as client:
        assert "/docs" in problem(await client.get("/nowhere"), 404, "NOT_FOUND")["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/check", "POST"), ("DELETE", "/check", "POST"), ("POST", "/status/x", "GET")],
)
async def test_a_wrong_method_is_told_the_right_one(method: str, path: str, allowed: str) -> None:
    async with served(create_app([check])) as client:
        answer = await client.request(method, f"{PREFIX}{path}")
        assert allowed in problem(answer, 405, "METHOD_NOT_ALLOWED")["detail"]
        assert answer.headers["allow"] == allowed


async def test_an_unexpected_error_keeps_its_reason_to_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = create_app([check])

    async def fault() -> None:
        raise LookupError("the secret of the house")

    app.add_api_route("/fault", fault)
    async with served(app, raises=False) as client:
        answer = await client.get("/fault", headers={"X-Request-Id": "mine"})
        problem(answer, 500, "INTERNAL_ERROR")
        assert answer.headers["x-request-id"] == "mine"
        assert "secret" not in answer.text
        assert "the secret of the house" in caplog.text
        assert (await client.get(f"{PREFIX}/livez")).status_code == 200


@pytest.mark.parametrize("mine", ["a", "req-1.2:3_4", "x" * 128])
async def test_a_sane_request_id_is_echoed(client: httpx.AsyncClient, mine: str) -> None:
    answer = await sent(client, b"{", X_Request_Id=mine)
    assert problem(answer, 422, "INVALID_JSON")["request_id"] == mine


@pytest.mark.parametrize("mine", ["", "a b", "x" * 129, "<script>", "a/b", 'a"b'])
async def test_another_request_id_is_replaced(client: httpx.AsyncClient, mine: str) -> None:
    answer = await sent(client, b"{", X_Request_Id=mine)
    assert re.fullmatch("[0-9a-f]{32}", problem(answer, 422, "INVALID_JSON")["request_id"])


async def test_a_good_answer_has_a_request_id_too(client: httpx.AsyncClient) -> None:
    assert (await sent(client, b'{"text": "a"}', X_Request_Id="mine")).headers[
        "x-request-id"
    ] == "mine"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
bodies = st.binary(max_size=60) | st.dictionaries(
    st.sampled_from(["text", "times", "words", "a\n", "é"]), json_values, max_size=4
).map(lambda fields: json.dumps(fields).encode())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies)
async def test_whatever_is_sent_is_accepted_or_refused_with_a_problem(
    client: httpx.AsyncClient, body: bytes
) -> None:
    answer = await sent(client, body)
    if answer.status_code != 202:
        problem(answer, 422, answer.json()["error_code"])
