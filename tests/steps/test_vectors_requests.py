"""What is sent, kept and told when rows go into an index and passages are looked for."""

import json
from typing import Any

import httpx
import pytest
import respx

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, unwrap
from dara_fp.steps.vectors import (
    Indexed,
    Passage,
    find_passages,
    upsert_vectors,
)
from tests.steps.mocked import asked, body_of, check_refused, crashed, refused, said
from tests.steps.served import Asking, Storing

NAME = "main.default.docs"
INDEX = f"/api/2.0/vector-search/indexes/{NAME}"
EMBED = "/serving-endpoints/gte/invocations"
VECTORS = "/api/2.0/fs/files/Volumes/a/b/c/v.jsonl"
STORING = Storing(vectors_path="/Volumes/a/b/c/v.jsonl", index=NAME)
ASKING = Asking(question="why?", index=NAME, model="gte", results=2)


@pytest.fixture
def file(wire: respx.MockRouter) -> respx.Route:
    lines = b"".join(b'{"id":"%03d"}\n' % number for number in range(250))
    return wire.get(VECTORS).respond(content=lines)


@pytest.fixture
def upsert(wire: respx.MockRouter) -> respx.Route:
    return wire.post(f"{INDEX}/upsert-data").respond(json={"status": "SUCCESS"})


def rows_of(route: respx.Route) -> list[list[str]]:
    sent = [body_of(route, place) for place in range(route.call_count)]
    assert all(body.keys() == {"inputs_json"} for body in sent)
    return [[row["id"] for row in json.loads(body["inputs_json"])] for body in sent]


async def test_rows_go_into_the_index_by_hundreds_in_order(
    wire: respx.MockRouter, file: respx.Route, upsert: respx.Route, reached: DatabricksEnv
) -> None:
    journal = MemoryJournal()
    ended = unwrap(await upsert_vectors(STORING, reached, scope=Scope(journal=journal)))
    assert ended == STORING.evolve(indexed=Indexed(index=NAME, rows=250))
    assert asked(wire) == [f"GET {VECTORS}", *[f"POST {INDEX}/upsert-data"] * 3]
    spans = (range(100), range(100, 200), range(200, 250))
    assert rows_of(upsert) == [[f"{number:03}" for number in span] for span in spans]
    told = [("100 rows", 0.4), ("200 rows", 0.8), ("250 rows", 1.0)]
    assert said(journal, "upsert_vectors") == told


async def test_a_refusal_of_file_or_rows_is_the_failure_of_the_step(
    file: respx.Route, upsert: respx.Route, reached: DatabricksEnv
) -> None:
    upsert.mock(return_value=refused())
    error = (await upsert_vectors(STORING, reached)).failure()
    check_refused(error, "upsert_vectors", f"POST {INDEX}/upsert-data")
    file.mock(return_value=refused())
    error = (await upsert_vectors(STORING, reached)).failure()
    check_refused(error, "upsert_vectors", f"GET {VECTORS}")
    assert upsert.call_count == 1


async def test_rows_that_the_index_did_not_take_are_named(
    file: respx.Route, upsert: respx.Route, reached: DatabricksEnv
) -> None:
    taken = httpx.Response(200, json={"status": "SUCCESS"})
    result = {"success_row_count": 98, "failed_primary_keys": ["101", "107"]}
    partly = {"status": "PARTIAL_SUCCESS", "result": result}
    upsert.mock(
        side_effect=[taken, httpx.Response(200, json=partly, headers={"x-request-id": "req-9"})]
    )
    journal = MemoryJournal()
    error = (await upsert_vectors(STORING, reached, scope=Scope(journal=journal))).failure()
    assert (error.kind, error.error_code) == (Kind.FAILED, "PARTIAL_SUCCESS")
    assert (error.status, error.request_id) == (200, "req-9")
    assert error.message == (
        f"the index {NAME} answered PARTIAL_SUCCESS: it took 98 rows and refused those of the keys"
        " 101, 107: compare them with the index's columns and dimension"
    )
    assert said(journal, "upsert_vectors") == [("100 rows", 0.4)]


async def test_rows_that_are_no_text_are_refused_before_they_are_sent(
    file: respx.Route, upsert: respx.Route, reached: DatabricksEnv
) -> None:
    file.respond(content=b'{"id":"\xff"}\n')
    error = (await upsert_vectors(STORING, reached)).failure()
    assert error.kind is Kind.REJECTED
    assert error.message.startswith("the rows are not UTF-8 text (")
    assert error.message.endswith("): check what wrote them")
    assert not upsert.called


async def test_a_delivery_after_a_crash_puts_all_rows_again_which_replaces_them(
    file: respx.Route, upsert: respx.Route, reached: DatabricksEnv
) -> None:
    scopes = Scope(task_id="t"), crashed("upsert_vectors")
    first, second = [
        unwrap(await upsert_vectors(STORING, reached, scope=scope)) for scope in scopes
    ]
    assert first == second
    assert rows_of(upsert)[:3] == rows_of(upsert)[3:]


@pytest.fixture
def embed(wire: respx.MockRouter) -> respx.Route:
    return wire.post(EMBED).respond(json={"data": [{"index": 0, "embedding": [0.5, 1.0]}]})


@pytest.fixture
def query(wire: respx.MockRouter) -> respx.Route:
    found = [["a.md", "At noon.", 0.9], ["b.md", "Blue.", 0.5]]
    return wire.post(f"{INDEX}/query").respond(json=answer(found))


def answer(rows: list[list[Any]], *columns: str) -> dict[str, Any]:
    names = columns or ("source", "text", "score")
    manifest = {"columns": [{"name": name} for name in names]}
    return {"manifest": manifest, "result": {"row_count": len(rows), "data_array": rows}}


async def test_a_question_is_embedded_and_the_nearest_passages_are_kept(
    wire: respx.MockRouter, embed: respx.Route, query: respx.Route, reached: DatabricksEnv
) -> None:
    ended = unwrap(await find_passages(ASKING, reached))
    found = (
        Passage(source="a.md", text="At noon.", score=0.9),
        Passage(source="b.md", text="Blue.", score=0.5),
    )
    assert ended == ASKING.evolve(passages=found)
    assert asked(wire) == [f"POST {EMBED}", f"POST {INDEX}/query"]
    assert body_of(embed) == {"input": ["why?"]}
    near = {"columns": ["source", "text"], "query_vector": [0.5, 1.0], "num_results": 2}
    assert body_of(query) == near


async def test_an_index_that_embeds_by_itself_is_given_the_words(
    wire: respx.MockRouter, query: respx.Route, reached: DatabricksEnv
) -> None:
    query.respond(json=answer([]))
    ended = unwrap(await find_passages(ASKING.evolve(model=""), reached))
    assert ended.passages == ()
    assert asked(wire) == [f"POST {INDEX}/query"]
    near = {"columns": ["source", "text"], "query_text": "why?", "num_results": 2}
    assert body_of(query) == near


async def test_a_refusal_of_model_or_index_is_the_failure_of_the_search(
    embed: respx.Route, query: respx.Route, reached: DatabricksEnv
) -> None:
    query.mock(return_value=refused())
    error = (await find_passages(ASKING, reached)).failure()
    check_refused(error, "find_passages", f"POST {INDEX}/query")
    embed.mock(return_value=refused())
    error = (await find_passages(ASKING, reached)).failure()
    check_refused(error, "find_passages", f"POST {EMBED}")
    assert query.call_count == 1


@pytest.mark.usefixtures("embed")
async def test_rows_that_are_no_passages_are_told_with_the_columns_it_needs(
    query: respx.Route, reached: DatabricksEnv
) -> None:
    query.respond(json=answer([["a.md", 0.9]], "source", "score"))
    error = (await find_passages(ASKING, reached)).failure()
    assert (error.kind, error.step) == (Kind.FAILED, "find_passages")
    assert error.message == (
        f"the index {NAME} answered rows that are no passages (KeyError('text')):"
        " it needs the columns source and text"
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"question": " \n"}, "the question has 2 characters: ask in 1 to 2000"),
        ({"question": "x" * 2001}, "the question has 2001 characters: ask in 1 to 2000"),
        ({"results": 0}, "results is 0: ask for 1 to 100"),
        ({"results": 101}, "results is 101: ask for 1 to 100"),
    ],
)
async def test_a_question_that_cannot_be_asked_is_not_sent(
    wire: respx.MockRouter, reached: DatabricksEnv, changed: dict[str, Any], message: str
) -> None:
    error = (await find_passages(ASKING.evolve(**changed), reached)).failure()
    assert (error.kind, error.step, error.message) == (Kind.REJECTED, "find_passages", message)
    assert not asked(wire)
