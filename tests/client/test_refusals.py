"""What every shape of refusal becomes."""

import logging
import pickle
from collections.abc import Mapping

import httpx
import pytest
import respx

from dara_fp.core.errors import Kind, StepFailed
from dara_fp.databricks import errors
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.http.refusals import Refusal, refused
from dara_fp.databricks.workspace import Workspace
from tests.client import stage


def refusal(
    body: bytes,
    status: int = 400,
    *,
    method: str = "GET",
    path: str = "/x",
    headers: Mapping[str, str] | None = None,
    reason: str = "",
) -> Refusal:
    return Refusal(
        method=method, path=path, status=status, reason=reason, headers=headers or {}, body=body
    )


@pytest.mark.parametrize(
    ("status", "body", "message", "code"),
    [
        (502, b"", "Bad Gateway", None),
        (599, b"", "no reason given", None),
        (404, b'{"error_code":"X","message":"m"}', "m", "X"),
        (404, b'{"error_code":7}', "request failed", "7"),
        (404, b"{}", "request failed", None),
        (500, b'{"error":"ContextNotFound"}', "ContextNotFound", None),
        (401, b'{"error":"invalid_client","error_description":"no"}', "invalid_client: no", None),
        (404, b'{"detail":"User not found.","status":"404"}', "User not found.", "SCIM_404"),
        (400, b'{"detail":"null","status":"400"}', "SCIM API Internal Error", "SCIM_400"),
        (409, b'{"detail":"d","status":"409","scimType":"uniqueness"}', "uniqueness d", "SCIM_409"),
        (
            400,
            b"MALFORMED_REQUEST: vpc_endpoints: x\ny",
            "vpc_endpoints: x\ny",
            "MALFORMED_REQUEST",
        ),
        (503, b"<html><title>Down</title><pre>a b</pre>", "a b", "SERVICE_UNAVAILABLE"),
        (403, b"<html><title>Stop</title>", "Stop", "FORBIDDEN"),
        (
            403,
            b"<Error><Code>AccessDenied</Code><Message>No</Message></Error>",
            "No",
            "AccessDenied",
        ),
        (500, b"[1, 2]", "cannot be read: [1, 2]", None),
        (500, b"\xff\xfe\x00", "cannot be read: ", None),
        (500, b"[" * 100_000, "... (100000 long)", None),
        (500, b'{"error_code":"X","message":{"a":1}}', "{'a': 1}", "X"),
        (500, b'{"message":"m","details":[3]}', "m", None),
    ],
)
def test_each_shape_of_body_is_understood(
    status: int, body: bytes, message: str, code: str | None
) -> None:
    error = refused(refusal(body, status))
    assert message in error.message
    assert error.message.startswith("GET /x: ")
    assert (error.status, error.error_code) == (status, code)
    assert len(error.message) < 5000


@pytest.mark.parametrize(
    ("status", "code", "name", "kind", "retryable"),
    [
        (400, "INVALID_STATE", "InvalidState", Kind.REJECTED, False),
        (400, "INVALID_PARAMETER_VALUE", "InvalidParameterValue", Kind.REJECTED, False),
        (404, "RESOURCE_DOES_NOT_EXIST", "ResourceDoesNotExist", Kind.REJECTED, False),
        (409, "ABORTED", "Aborted", Kind.CONFLICT, False),
        (409, "ALREADY_EXISTS", "AlreadyExists", Kind.CONFLICT, False),
        (409, "RESOURCE_ALREADY_EXISTS", "ResourceAlreadyExists", Kind.CONFLICT, False),
        (429, "RESOURCE_EXHAUSTED", "ResourceExhausted", Kind.FAILED, True),
        (429, "REQUEST_LIMIT_EXCEEDED", "RequestLimitExceeded", Kind.FAILED, True),
        (500, "UNKNOWN", "Unknown", Kind.FAILED, False),
        (500, "DATA_LOSS", "DataLoss", Kind.FAILED, False),
        (400, "NEW", "BadRequest", Kind.REJECTED, False),
        (401, "NEW", "Unauthenticated", Kind.REJECTED, False),
        (403, "NEW", "PermissionDenied", Kind.REJECTED, False),
        (404, "NEW", "NotFound", Kind.REJECTED, False),
        (409, "NEW", "ResourceConflict", Kind.CONFLICT, False),
        (413, "NEW", "DatabricksError", Kind.REJECTED, False),
        (429, "NEW", "TooManyRequests", Kind.FAILED, True),
        (499, "NEW", "Cancelled", Kind.REJECTED, False),
        (500, "NEW", "InternalError", Kind.FAILED, False),
        (501, "NEW", "NotImplemented_", Kind.FAILED, False),
        (502, "NEW", "DatabricksError", Kind.FAILED, True),
        (503, "NEW", "TemporarilyUnavailable", Kind.FAILED, True),
        (504, "NEW", "DeadlineExceeded", Kind.TIMEOUT, True),
    ],
)
def test_codes_and_statuses_lead_to_the_sdk_s_classes(
    status: int, code: str, name: str, kind: Kind, *, retryable: bool
) -> None:
    error = refused(refusal(b'{"error_code":"%s","message":"m"}' % code.encode(), status))
    assert type(error) is getattr(errors, name)
    assert (error.error.kind, error.retryable) == (kind, retryable)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/2.1/clusters/get", "Cluster 1 does not exist"),
        ("/api/2.2/jobs/get", "Job 7 does not exist."),
        ("/api/2.2/jobs/runs/get", "Run 7 does not exist."),
        ("/api/2.2/jobs/runs/get", "Run: 7 in job: 8 doesn't exist"),
        ("/api/2.2/jobs/runs/get-output", "Run 7 does not exist."),
    ],
)
def test_missing_things_that_come_as_400_are_not_found(path: str, message: str) -> None:
    body = b'{"error_code":"INVALID_PARAMETER_VALUE","message":"%s"}' % message.encode()
    assert type(refused(refusal(body, path=path))) is errors.ResourceDoesNotExist
    posted = refused(refusal(body, path=path, method="POST"))
    assert type(posted) is errors.InvalidParameterValue


def test_an_error_is_a_step_s_failure_and_can_travel() -> None:
    headers = {"retry-after": "7", "x-request-id": "r-1"}
    body = b'{"error_code":"Q","message":"m","details":[{"reason":"R"}]}'
    error = refused(refusal(body, 429, headers=headers))
    assert isinstance(error, StepFailed)
    assert (error.retry_after, error.request_id, error.reasons) == (7.0, "r-1", ("R",))
    assert str(error) == "GET /x: m (HTTP 429, Q, request r-1)"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), again.error, again.retry_after) == (type(error), error.error, 7.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0.5", 0.5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        ("", None),
    ],
)
def test_how_long_to_wait_is_read_in_seconds_or_as_a_date(
    header: str, seconds: float | None
) -> None:
    assert refused(refusal(b"", 429, headers={"retry-after": header})).retry_after == seconds


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("Mon, 23 Nov 2026 12:00:00 GMT", 90.0),
        ("Mon, 23 Nov 2026 12:00:00 -0000", 90.0),
        ("Mon, 23 Nov 2026 14:00:00 +0200", 90.0),
        ("Mon, 23 Nov 2026 13:00:00 GMT", 0.0),
        ("some day", None),
    ],
)
def test_a_date_to_come_back_is_counted_by_the_clock_of_whoever_gave_it(
    date: str, seconds: float | None
) -> None:
    headers = {"retry-after": "Mon, 23 Nov 2026 12:01:30 GMT", "date": date}
    assert refused(refusal(b"", 429, headers=headers)).retry_after == seconds


async def test_a_refused_head_has_the_meaning_of_its_status(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.head("/api/2.0/fs/files/Volumes/a").respond(404, headers={"x-request-id": "r-2"})
    with pytest.raises(errors.NotFound, match="Not Found") as caught:
        await workspace.files.get_metadata("/Volumes/a")
    assert caught.value.request_id == "r-2"


async def test_a_private_link_is_told_from_any_other_redirect(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    to = "https://h.test/login.html?error=private-link-validation-error:1"
    wire.get("/x").respond(302, headers={"Location": to, "x-request-id": "r-3"})
    with pytest.raises(errors.PrivateLinkValidationError, match="private link") as private:
        await workspace.do("GET", "/x")
    assert private.value.request_id == "r-3"
    wire.get("/y").respond(302, headers={"Location": "https://h.test/sign-in?secret=1"})
    with pytest.raises(errors.UnexpectedAnswer, match=r"https://h\.test/sign-in:") as caught:
        await workspace.do("GET", "/y")
    assert "secret=1" not in str(caught.value)


async def test_a_workspace_that_repeats_our_token_does_not_give_it_away(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    said = f"token {stage.TOKEN} is not valid"
    wire.get("/x").respond(403, json={"error_code": "X", "message": said})
    with pytest.raises(DatabricksError, match=r"token \[redacted\] is not valid") as caught:
        await workspace.do("GET", "/x")
    assert stage.TOKEN not in repr(caught.value) + str(caught.value.error)
    wire.get("/y").respond(403, json={"message": "token of-the-user is not valid"})
    with pytest.raises(DatabricksError, match=r"\[redacted\]"):
        await workspace.do("GET", "/y", headers={"Authorization": "Bearer of-the-user"})


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text=f"<p>you sent {stage.TOKEN}</p>"),
        httpx.Response(200, text="<p>" + "x" * 390 + stage.TOKEN),  # where the excerpt ends
        httpx.Response(200, text="<p>", headers={"x-request-id": stage.TOKEN}),
        httpx.Response(302, headers={"Location": f"https://h.test/{stage.TOKEN}"}),
        httpx.Response(400, json={"message": "m"}, headers={"x-request-id": stage.TOKEN}),
        httpx.Response(400, text='{"message":"' + stage.TOKEN.replace("d", "\\u0064") + '"}'),
        httpx.Response(400, json={"message": "m", "error_code": stage.TOKEN}),
    ],
)
async def test_no_part_of_an_answer_gives_our_token_away(
    wire: respx.MockRouter,
    workspace: Workspace,
    caplog: pytest.LogCaptureFixture,
    answer: httpx.Response,
) -> None:
    caplog.set_level(logging.DEBUG)
    wire.get("/x").mock(return_value=answer)
    with pytest.raises(DatabricksError) as caught:
        await workspace.do("GET", "/x")
    assert stage.TOKEN[:7] not in str(caught.value) + repr(caught.value) + caplog.text
