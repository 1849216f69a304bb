"""What goes over the wire, verb by verb, and what comes back."""

import json
from typing import Any

import httpx
import msgspec
import pytest
import respx

from dara_fp.databricks.errors import UnexpectedAnswer, UpsertFailed
from dara_fp.databricks.records import Run
from dara_fp.databricks.vectors.vectors import direct_access_spec
from dara_fp.databricks.workspace import Workspace
from tests.client.stage import HOST, TOKEN, last


def sent(route: respx.Route) -> Any:
    return json.loads(last(route).content)


def url(route: respx.Route) -> str:
    return str(last(route).url).removeprefix(HOST)


async def test_every_call_is_signed_and_says_who_calls(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.get("/api/2.2/jobs/get").respond(json={"job_id": 7})
    assert await workspace.do("GET", "/api/2.2/jobs/get", query={"job_id": 7}) == {"job_id": 7}
    headers = last(route).headers
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("dara-fp/")
    assert headers["User-Agent"].endswith(" auth/pat")
    assert "X-Databricks-Workspace-Id" not in headers
    assert "Content-Type" not in headers


async def test_a_known_workspace_id_is_sent_along(wire: respx.MockRouter) -> None:
    route = wire.get("/x").respond(json={})
    async with Workspace(HOST, token=TOKEN, workspace_id="42") as workspace:
        await workspace.do("GET", "/x")
    assert last(route).headers["X-Databricks-Workspace-Id"] == "42"


async def test_a_user_s_own_token_replaces_ours_for_one_call_only(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.get("/x").respond(json={})
    await workspace.do("GET", "/x", headers={"authorization": "Bearer of-the-user"})
    assert last(route).headers.get_list("Authorization") == ["Bearer of-the-user"]
    await workspace.do("GET", "/x")
    assert last(route).headers.get_list("Authorization") == [f"Bearer {TOKEN}"]


async def test_parameters_are_written_as_the_official_sdk_writes_them(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.get("/x").respond(json={})
    query = {"a": True, "b": None, "c": ["1", 2], "filter_by": {"user": {"ids": [3]}}, "d": "ä &"}
    await workspace.do("GET", "/x", query=query)
    assert url(route) == "/x?a=true&c=1&c=2&filter_by.user.ids=3&d=%C3%A4+%26"


@pytest.mark.parametrize("content", [b"", b"null", b" null\n"])
async def test_no_answer_is_an_empty_object(
    wire: respx.MockRouter, workspace: Workspace, content: bytes
) -> None:
    wire.post("/x").respond(content=content)
    assert await workspace.do("POST", "/x", body={}) == {}


async def test_a_list_is_given_as_it_is(wire: respx.MockRouter, workspace: Workspace) -> None:
    wire.get("/x").respond(json=[1])
    given: Any = await workspace.do("GET", "/x")
    assert given == [1]


async def test_what_cannot_be_sent_is_refused_before_it_is_sent(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="from the root"):
        await workspace.do("GET", "https://elsewhere.test/")
    with pytest.raises(ValueError, match="NaN"):
        await workspace.do("POST", "/x", body={"vector": [1.0, float("nan")]})


async def test_a_page_instead_of_json_is_an_error_that_shows_its_beginning(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.get("/x").respond(html="<html>Sign in</html>" + "x" * 9999)
    with pytest.raises(UnexpectedAnswer, match="Sign in") as caught:
        await workspace.do("GET", "/x")
    assert caught.value.status == 200
    assert len(caught.value.message) < 1000


async def test_a_login_page_has_not_stored_a_file(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.put("/api/2.0/fs/files/Volumes/a/b/c/f").respond(200, html="<html>Sign in</html>")
    with pytest.raises(UnexpectedAnswer, match="Sign in"):
        await workspace.files.upload("/Volumes/a/b/c/f", b"data")


async def test_an_empty_answer_is_not_an_empty_result(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post("/api/2.0/vector-search/indexes/a.b.i/query").respond(json={})
    with pytest.raises(UnexpectedAnswer, match="result"):
        await workspace.vectors.query("a.b.i", columns=["x"], query_text="q")


async def test_run_now_sends_its_token(wire: respx.MockRouter, workspace: Workspace) -> None:
    route = wire.post("/api/2.2/jobs/run-now").respond(json={"run_id": "455", "number_in_job": 1})
    run_id = await workspace.runs.start(
        11, idempotency_token="t" * 64, job_parameters={"in": "/a"}, python_params=["--x"]
    )
    assert run_id == 455
    assert sent(route) == {
        "job_id": 11,
        "idempotency_token": "t" * 64,
        "job_parameters": {"in": "/a"},
        "python_params": ["--x"],
    }
    assert last(route).headers["Content-Type"] == "application/json"


async def test_run_now_leaves_out_what_is_not_given(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.post("/api/2.2/jobs/run-now").respond(json={"run_id": 1})
    await workspace.runs.start(11)
    assert sent(route) == {"job_id": 11}


@pytest.mark.parametrize("token", ["", "t" * 65])
async def test_a_token_the_api_would_refuse_is_refused_at_once(
    workspace: Workspace, token: str
) -> None:
    with pytest.raises(ValueError, match="1 to 64"):
        await workspace.runs.start(1, idempotency_token=token)


async def test_a_run_has_the_tasks_of_all_its_pages(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    first = {"run_id": 5, "tasks": [{"run_id": 6, "task_key": "a"}], "next_page_token": "p2"}
    second = {"run_id": 5, "tasks": [{"run_id": 7, "task_key": "b"}], "iterations": [{"run_id": 8}]}
    wire.get("/api/2.2/jobs/runs/get", params={"run_id": 5, "page_token": "p2"}).respond(
        json=second
    )
    wire.get("/api/2.2/jobs/runs/get", params={"run_id": 5}).respond(json=first)
    run = await workspace.runs.get(5)
    assert [task.task_key for task in run.tasks] == ["a", "b"]
    assert [task.run_id for task in run.iterations] == [8]
    assert run.next_page_token is None


async def test_a_run_whose_pages_never_end_is_left_after_many(
    wire: respx.MockRouter, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dara_fp.databricks.runs.runs._PAGES", 3)
    page = httpx.Response(200, json={"run_id": 5, "next_page_token": "on"})
    route = wire.get("/api/2.2/jobs/runs/get").mock(side_effect=[page] * 10)
    assert (await workspace.runs.get(5)).run_id == 5
    assert route.call_count == 4


async def test_words_and_fields_that_are_new_to_us_survive(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    state = {"life_cycle_state": "DREAMING", "result_state": "LUCID", "mood": 1}
    wire.get("/api/2.2/jobs/runs/get").respond(json={"run_id": "5", "state": state, "new": {}})
    run = await workspace.runs.get(5)
    assert (run.life_cycle, run.result, run.has_ended) == ("DREAMING", "LUCID", False)


def test_the_newer_status_is_understood_where_the_older_state_is_missing() -> None:
    status = {"state": "TERMINATED", "termination_details": {"code": "SUCCESS", "message": "ok"}}
    run = msgspec.convert({"run_id": 1, "status": status}, Run)
    assert (run.has_ended, run.has_succeeded, run.said) == (True, True, "ok")


async def test_output_cancel_and_create_go_where_they_should(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    output = wire.get("/api/2.2/jobs/runs/get-output").respond(json={"error": "boom", "logs": "l"})
    assert (await workspace.runs.output(6)).error == "boom"
    assert url(output) == "/api/2.2/jobs/runs/get-output?run_id=6"
    cancel = wire.post("/api/2.2/jobs/runs/cancel").respond(json={})
    await workspace.runs.cancel(6)
    assert sent(cancel) == {"run_id": 6}
    create = wire.post("/api/2.2/jobs/create").respond(json={"job_id": 12})
    assert await workspace.runs.create_job(name="n", tasks=[{"task_key": "a"}]) == 12
    assert sent(create) == {"name": "n", "tasks": [{"task_key": "a"}]}


async def test_jobs_are_listed_page_after_page(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    pages = [
        httpx.Response(
            200, json={"jobs": [{"job_id": 1, "settings": {"name": "a"}}], "next_page_token": "n"}
        ),
        httpx.Response(200, json={"jobs": [{"job_id": 2}], "has_more": False}),
    ]
    route = wire.get("/api/2.2/jobs/list").mock(side_effect=pages)
    found = [(job.job_id, job.settings.name) async for job in workspace.runs.jobs(name="a")]
    assert found == [(1, "a"), (2, "")]
    assert url(route) == "/api/2.2/jobs/list?limit=100&name=a&page_token=n"


async def test_an_index_is_made_and_looked_at(wire: respx.MockRouter, workspace: Workspace) -> None:
    endpoint = wire.post("/api/2.0/vector-search/endpoints").respond(
        json={"name": "e", "endpoint_status": {"state": "PROVISIONING"}}
    )
    made = await workspace.vectors.create_endpoint("e", "STANDARD")
    assert made.endpoint_status.state == "PROVISIONING"
    assert sent(endpoint) == {"name": "e", "endpoint_type": "STANDARD"}
    wire.get("/api/2.0/vector-search/endpoints/e").respond(json={"name": "e", "num_indexes": 2})
    assert (await workspace.vectors.get_endpoint("e")).num_indexes == 2
    index = wire.post("/api/2.0/vector-search/indexes").respond(json={"name": "c.s.i"})
    spec = direct_access_spec({"id": "string"}, vector_column="v", dimension=2)
    await workspace.vectors.create_index("c.s.i", "e", "id", direct_access_index_spec=spec)
    assert sent(index) == {
        "name": "c.s.i",
        "endpoint_name": "e",
        "primary_key": "id",
        "index_type": "DIRECT_ACCESS",
        "direct_access_index_spec": {
            "schema_json": '{"id":"string"}',
            "embedding_vector_columns": [{"name": "v", "embedding_dimension": 2}],
        },
    }
    wire.get("/api/2.0/vector-search/indexes/c.s.i").respond(
        json={"name": "c.s.i", "status": {"ready": True, "indexed_row_count": "3"}}
    )
    seen = await workspace.vectors.get_index("c.s.i")
    assert (seen.status.ready, seen.status.indexed_row_count) == (True, 3)


async def test_rows_are_sent_as_a_json_text(wire: respx.MockRouter, workspace: Workspace) -> None:
    route = wire.post("/api/2.0/vector-search/indexes/c.s.i/upsert-data").respond(
        json={"status": "SUCCESS", "result": {"success_row_count": 1}}
    )
    result = await workspace.vectors.upsert("c.s.i", b'[{"id":1}]')
    assert result.success_row_count == 1
    assert sent(route) == {"inputs_json": '[{"id":1}]'}


@pytest.mark.parametrize("status", ["PARTIAL_SUCCESS", "FAILURE", "NEW_WORD"])
async def test_rows_that_were_not_taken_are_an_error_that_names_some(
    wire: respx.MockRouter, workspace: Workspace, status: str
) -> None:
    failed = [f"key-{number}" for number in range(5000)]
    wire.post("/api/2.0/vector-search/indexes/c.s.i/upsert-data").respond(
        json={"status": status, "result": {"success_row_count": 3, "failed_primary_keys": failed}}
    )
    with pytest.raises(UpsertFailed, match=r"key-0, .*key-9 and 4,990 more") as caught:
        await workspace.vectors.upsert("c.s.i", "[]")
    assert caught.value.error_code == status
    assert len(caught.value.message) < 500


async def test_a_query_gives_rows_with_their_columns(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.post("/api/2.0/vector-search/indexes/c.s.i/query").respond(
        json={
            "manifest": {"column_count": 2, "columns": [{"name": "id"}, {"name": "score"}]},
            "result": {"row_count": 1, "data_array": [["a", 0.5]]},
            "next_page_token": "",
        }
    )
    found = await workspace.vectors.query(
        "c.s.i", columns=["id"], query_vector=[1.0, 0.0], num_results=3, filters_json='{"a":1}'
    )
    assert found.records == ({"id": "a", "score": 0.5},)
    assert found.next_page_token is None
    assert sent(route) == {
        "columns": ["id"],
        "query_vector": [1.0, 0.0],
        "num_results": 3,
        "filters_json": '{"a":1}',
    }


async def test_a_query_that_finds_nothing_has_no_rows(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    wire.post("/api/2.0/vector-search/indexes/i/query").respond(json={"result": {"row_count": 0}})
    found = await workspace.vectors.query("i", columns=["id"], query_text="t")
    assert found.rows == ()


async def test_a_query_asks_for_a_vector_or_a_text(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="either"):
        await workspace.vectors.query("i", columns=["id"])


async def test_embeddings_come_in_the_order_of_the_texts(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.post("/serving-endpoints/gte/invocations").respond(
        json={"data": [{"index": 1, "embedding": [2, 0.5]}, {"index": 0, "embedding": [1.0]}]}
    )
    assert await workspace.models.embed("gte", ["a", "b"]) == [[1.0], [2.0, 0.5]]
    assert sent(route) == {"input": ["a", "b"]}
    assert await workspace.models.embed("gte", []) == []
    assert route.call_count == 1


@pytest.mark.parametrize("indexes", [[0], [0, 0], [0, 1, 2], [0, 2]])
async def test_not_one_embedding_a_text_is_an_error(
    wire: respx.MockRouter, workspace: Workspace, indexes: list[int]
) -> None:
    data = [{"index": index, "embedding": [1.0]} for index in indexes]
    wire.post("/serving-endpoints/gte/invocations").respond(json={"data": data})
    with pytest.raises(UnexpectedAnswer, match="for 2 texts"):
        await workspace.models.embed("gte", ["a", "b"])


async def test_a_model_is_asked_with_what_it_takes(
    wire: respx.MockRouter, workspace: Workspace
) -> None:
    route = wire.post("/serving-endpoints/m/invocations").respond(json={"predictions": [1]})
    assert await workspace.models.query("m", input="hi") == {"predictions": [1]}
    assert sent(route) == {"input": "hi"}


async def test_a_name_cannot_lead_elsewhere(wire: respx.MockRouter, workspace: Workspace) -> None:
    route = wire.post(path__startswith="/serving-endpoints/").respond(json={})
    await workspace.models.query("../api/2.0/secrets?x", input=1)
    assert (
        last(route).url.raw_path == b"/serving-endpoints/..%2Fapi%2F2.0%2Fsecrets%3Fx/invocations"
    )
