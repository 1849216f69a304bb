"""Who gets in, and what those who do not are told."""

import math
import os
import signal
from pathlib import Path

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import Unauthenticated

from dara_fp.sandbox.server.auth import WORKSPACE_ID, Tokens, digest
from dara_fp.sandbox.server.identity import FORM_LIMIT
from tests.sandbox.served import CLIENT_ID, CLIENT_SECRET, TOKEN, Served, serve

ME = "/api/2.0/preview/scim/v2/Me"


def test_the_sdk_gets_in_with_a_token_and_learns_the_workspace(workspace: WorkspaceClient) -> None:
    assert workspace.current_user.me().user_name == "developer@sandbox.local"
    assert workspace.config.workspace_id == WORKSPACE_ID
    assert workspace.get_workspace_id() == int(WORKSPACE_ID)


def test_the_sdk_gets_in_as_a_service_principal(sandbox: Served) -> None:
    client = WorkspaceClient(
        host=sandbox.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, auth_type="oauth-m2m"
    )
    assert client.current_user.me().active
    assert client.config.oauth_token().access_token != TOKEN


def test_a_wrong_token_is_an_unauthenticated_error_of_the_sdk(sandbox: Served) -> None:
    client = WorkspaceClient(host=sandbox.url, token="dapi-of-somebody-else")
    with pytest.raises(Unauthenticated, match=r"Invalid access token\. \[ReqId: "):
        client.current_user.me()


@pytest.mark.parametrize("path", [ME, "/api/2.0/nothing", "/serving-endpoints/x/invocations"])
@pytest.mark.parametrize("header", [None, "Basic abc", "Bearer", "Bearer "])
def test_no_token_is_refused_before_anything_else(
    sandbox: Served, path: str, header: str | None
) -> None:
    headers = {"Authorization": header.strip()} if header else {}
    answer = httpx.get(sandbox.url + path, headers=headers)
    said = "Credential was not sent or was of an unsupported type for this API."
    assert answer.status_code == 401
    assert answer.json() == {
        "error_code": 401,
        "message": f"{said} [ReqId: {answer.headers['x-request-id']}]",
    }


def test_the_ledger_and_the_root_of_the_api_are_guarded_too(sandbox: Served) -> None:
    assert httpx.get(f"{sandbox.url}/_sandbox/unanswered").status_code == 401
    assert httpx.get(f"{sandbox.url}/api").status_code == 401


def test_what_pages_of_a_workspace_call_is_refused_and_listed(
    sandbox: Served, http: httpx.Client
) -> None:
    path = "/ajax-api/2.0/mlflow/experiments/search"
    assert httpx.post(sandbox.url + path).status_code == 401
    answer = http.post(path)
    assert (answer.status_code, answer.json()["error_code"]) == (501, "NOT_IMPLEMENTED")
    calls = http.get("/_sandbox/unanswered").json()["calls"]
    assert {"method": "POST", "path": path, "count": 1} in calls


def test_every_answer_has_a_request_id_of_its_own(http: httpx.Client) -> None:
    answers = [http.get(ME), http.get(ME), http.get("/api/none"), http.get("/none")]
    assert [answer.status_code for answer in answers] == [200, 200, 501, 404]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)
    assert answers[0].headers["X-Databricks-Org-Id"] == WORKSPACE_ID


def test_discovery_needs_no_token_and_leads_to_the_token_service(sandbox: Served) -> None:
    config = httpx.get(f"{sandbox.url}/.well-known/databricks-config").json()
    assert config["workspace_id"] == WORKSPACE_ID
    well_known = f"{config['oidc_endpoint']}/.well-known/oauth-authorization-server"
    assert httpx.get(well_known).json()["token_endpoint"] == f"{sandbox.url}/oidc/v1/token"


@pytest.mark.parametrize(
    ("credentials", "form", "status", "code"),
    [
        ((CLIENT_ID, "wrong"), {"grant_type": "client_credentials"}, 401, "invalid_client"),
        (("other", CLIENT_SECRET), {"grant_type": "client_credentials"}, 401, "invalid_client"),
        (None, {"grant_type": "client_credentials"}, 401, "invalid_client"),
        ((CLIENT_ID, CLIENT_SECRET), {"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_the_token_service_refuses_in_the_words_of_oauth(
    sandbox: Served,
    credentials: tuple[str, str] | None,
    form: dict[str, str],
    status: int,
    code: str,
) -> None:
    answer = httpx.post(f"{sandbox.url}/oidc/v1/token", data=form, auth=credentials)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert CLIENT_SECRET not in answer.text


def test_a_form_beyond_its_limit_is_refused(sandbox: Served) -> None:
    form = {"grant_type": "client_credentials", "scope": "x" * FORM_LIMIT}
    auth = (CLIENT_ID, CLIENT_SECRET)
    answer = httpx.post(f"{sandbox.url}/oidc/v1/token", data=form, auth=auth)
    assert (answer.status_code, answer.json()["error_code"]) == (413, "MAX_REQUEST_SIZE_EXCEEDED")


def test_the_token_service_answers_a_token_for_an_hour(sandbox: Served) -> None:
    form = {"grant_type": "client_credentials", "scope": "all-apis"}
    body = httpx.post(
        f"{sandbox.url}/oidc/v1/token", data=form, auth=(CLIENT_ID, CLIENT_SECRET)
    ).json()
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert httpx.get(sandbox.url + ME, headers=bearer).status_code == 200


def issued(served: Served) -> str:
    form = {"grant_type": "client_credentials", "scope": "all-apis"}
    credentials = (CLIENT_ID, CLIENT_SECRET)
    answer = httpx.post(f"{served.url}/oidc/v1/token", data=form, auth=credentials)
    return str(answer.json()["access_token"])


def test_a_token_of_oauth_is_good_after_a_restart_and_nowhere_on_the_disk(tmp_path: Path) -> None:
    served = serve(tmp_path, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    token = issued(served)
    served.end(signal.SIGKILL)
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert token.encode() not in written
    served = serve(tmp_path, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    answer = httpx.get(served.url + ME, headers={"Authorization": f"Bearer {token}"})
    served.end()
    assert answer.status_code == 200


def test_only_tokens_that_end_by_themselves_outlive_the_sandbox(tmp_path: Path) -> None:
    first, kept = digest(TOKEN), tmp_path / "tokens.json"
    tokens = Tokens.known(first, kept)
    over, of_a_run, revoked, hour = (tokens.issue(life) for life in (0, math.inf, 60, 3600))
    tokens.revoke(revoked)
    again = Tokens.known(first, kept)
    all_of_them = (TOKEN, over, of_a_run, revoked, hour)
    assert [again.accepts(token) for token in all_of_them] == [True, False, False, False, True]


def test_a_token_ends_with_its_time_or_when_it_is_revoked() -> None:
    tokens = Tokens(TOKEN)
    over, kept = tokens.issue(0), tokens.issue(math.inf)
    assert [tokens.accepts(token) for token in (TOKEN, over, kept)] == [True, False, True]
    tokens.revoke(kept)
    assert not tokens.accepts(kept)
    assert not tokens.accepts(os.urandom(8).hex())
