"""The OpenAPI document: valid, complete, and good to read."""

import re
import types
from collections.abc import Iterator
from typing import Any, cast

import attrs
import pytest

from dara_fp import Outcome, StepContext, Success, made, start, step, workflow
from dara_fp.api.app import create_app
from dara_fp.core.workflow import Workflow
from dara_fp.databricks.files.upload import Upload
from dara_fp.definitions.shipped import ask_documents, ingest_documents
from tests.api.stage import PREFIX, check, parcel, served
from tests.api.waiting import buy

DOCUMENT: dict[str, Any] = create_app(
    [ingest_documents, ask_documents, parcel, check, buy]
).openapi()


def nodes(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        found = cast("dict[str, Any]", node)
        yield found
        node = list(found.values())
    if isinstance(node, list):
        for each in cast("list[object]", node):
            yield from nodes(each)


def body(document: dict[str, Any], name: str) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][f"{PREFIX}/{name}"]["post"]
    (described,) = operation["requestBody"]["content"].values()
    schema: dict[str, Any] = described["schema"]
    return schema


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    found = {node["$ref"] for node in nodes(DOCUMENT) if isinstance(node.get("$ref"), str)}
    assert found
    assert {f"#/components/schemas/{name}" for name in schemas} >= found
    assert {name for name in schemas if "HTTPValidationError" in name} == set()


def test_names_and_operations_are_what_openapi_allows() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert all(re.fullmatch(r"[\w.-]+", name) for name in DOCUMENT["components"]["schemas"])
    operations = [one for path in DOCUMENT["paths"].values() for one in path.values()]
    ids = [one["operationId"] for one in operations]
    assert len(set(ids)) == len(ids)
    assert all(one["summary"] and one["responses"] for one in operations)
    for path, methods in DOCUMENT["paths"].items():
        for one in methods.values():
            declared = {each["name"] for each in one.get("parameters", []) if each["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))


def test_files_are_binary_parts_of_a_form() -> None:
    content = DOCUMENT["paths"][f"{PREFIX}/parcel"]["post"]["requestBody"]["content"]
    assert set(content) == {"multipart/form-data"}
    fields = body(DOCUMENT, "parcel")["properties"]
    binary = {"type": "string", "format": "binary"}
    assert fields["letter"] == {**binary, "description": "The letter itself."}
    assert fields["photos"] == {
        "type": "array",
        "items": binary,
        "description": "Pictures of it.",
    }
    assert fields["map"] == binary
    assert "path" not in str(fields)


@pytest.mark.parametrize(
    ("name", "fields", "required"),
    [
        ("ingest-documents", {"documents", "index"}, ["documents"]),
        ("ask-documents", {"question", "index", "results"}, ["question"]),
    ],
)
def test_a_body_has_what_a_caller_gives_and_nothing_a_step_makes(
    name: str, fields: set[str], required: list[str]
) -> None:
    schema = body(DOCUMENT, name)
    assert set(schema["properties"]) == fields
    assert schema["required"] == required
    assert schema["additionalProperties"] is False


def test_fields_carry_what_their_class_says_of_them() -> None:
    assert body(DOCUMENT, "check")["description"] == "Count the words of a text."
    fields = body(DOCUMENT, "check")["properties"]
    assert fields["text"]["description"] == "What to count; a text of several lines is fine."
    assert fields["times"] == {
        "type": "integer",
        "default": 1,
        "description": "How often to count it.",
    }
    status = DOCUMENT["components"]["schemas"]["TaskStatus"]
    assert status["properties"]["progress"]["description"].startswith("Recorded steps")
    assert ">>>" not in str(DOCUMENT)
    assert "Attributes:" not in str(DOCUMENT)


def test_a_signal_s_body_is_that_of_the_field_it_goes_into() -> None:
    operation = DOCUMENT["paths"][f"{PREFIX}/tasks/{{task_id}}/signal/{{name}}"]["post"]
    (schema,) = operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert schema["title"] == "buy: decision"
    refs = {each["$ref"] for each in nodes(schema) if "$ref" in each}
    (name,) = (ref.rpartition("/")[2] for ref in refs)
    fields = DOCUMENT["components"]["schemas"][name]["properties"]
    assert fields["by"]["description"] == "Who said so."


@pytest.mark.parametrize(
    ("method", "path", "parameters", "statuses"),
    [
        ("post", "/check", {"Idempotency-Key"}, {"202", "400", "422", "429", "503"}),
        ("post", "/parcel", {"Idempotency-Key"}, {"202", "400", "413", "422", "429", "502"}),
        ("get", "/tasks", {"workflow", "state", "owner", "limit", "cursor"}, {"200", "422"}),
        (
            "get",
            "/tasks/{task_id}/events",
            {"task_id", "after", "limit", "Last-Event-ID"},
            {"200", "204", "404", "422"},
        ),
        ("post", "/tasks/{task_id}/cancel", {"task_id"}, {"202", "404"}),
        ("post", "/tasks/{task_id}/resume", {"task_id", "from"}, {"202", "404", "409", "422"}),
        (
            "post",
            "/tasks/{task_id}/signal/{name}",
            {"task_id", "name"},
            {"202", "404", "409", "413", "415", "422"},
        ),
        ("get", "/schedules", set[str](), {"200"}),
        ("get", "/metrics", set[str](), {"200", "404"}),
    ],
)
def test_a_route_tells_its_parameters_and_all_it_answers(
    method: str, path: str, parameters: set[str], statuses: set[str]
) -> None:
    operation = DOCUMENT["paths"][f"{PREFIX}{path}"][method]
    assert {each["name"] for each in operation.get("parameters", [])} == parameters
    assert statuses <= set(operation["responses"])
    assert operation["description"]
    problems = {status: said for status, said in operation["responses"].items() if status > "399"}
    for said in problems.values():
        assert "ProblemDocument" in str(said["content"]["application/problem+json"])


def test_the_two_ways_to_read_events_are_told() -> None:
    answer = DOCUMENT["paths"][f"{PREFIX}/tasks/{{task_id}}/events"]["get"]["responses"]["200"]
    assert set(answer["content"]) == {"application/json", "text/event-stream"}


def test_limits_are_told() -> None:
    def told(name: str) -> str:
        return str(DOCUMENT["paths"][f"{PREFIX}/{name}"]["post"]["requestBody"]["description"])

    assert "1 MiB" in told("check")
    assert "letter, photos, map" in told("parcel")
    assert "1,000 parts" in told("parcel")


async def test_the_document_and_its_page_are_served() -> None:
    async with served(create_app([check])) as client:
        assert (await client.get("/openapi.json")).json()["paths"][f"{PREFIX}/check"]
        page = await client.get("/docs")
        assert page.status_code == 200
        assert "/openapi.json" in page.text


def taking(name: str, module: str, record: str = "Detail", **fields: type) -> Workflow[Any, Any]:
    """Give a workflow of a context with a record called `Detail`, as two teams may write it."""

    def in_module(namespace: dict[str, Any]) -> None:
        namespace["__annotations__"] = fields
        namespace["__module__"] = module

    detail = attrs.frozen(kw_only=True)(types.new_class(record, (), {}, in_module))

    def of_detail(namespace: dict[str, Any]) -> None:
        namespace["__annotations__"] = {"detail": detail}
        namespace["__module__"] = module

    context: type[Any] = attrs.frozen(kw_only=True)(
        types.new_class("Order", (StepContext,), {}, of_detail)
    )

    async def leave(ctx: Any) -> Outcome[Any]:
        return Success(ctx)

    return workflow(name, start(context) >> step(leave))


def detail_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    ref = body(document, name)["properties"]["detail"]["$ref"]
    schema: dict[str, Any] = document["components"]["schemas"][ref.rpartition("/")[2]]
    return schema


def test_two_records_of_one_name_stay_two() -> None:
    one, other = taking("one", "shop", a=int), taking("other", "depot", b=str)
    document = create_app([one, other]).openapi()
    assert set(detail_of(document, "one")["properties"]) == {"a"}
    assert set(detail_of(document, "other")["properties"]) == {"b"}


def test_a_record_called_like_an_answer_does_not_replace_it() -> None:
    document = create_app([taking("one", "shop", record="TaskStatus", a=int)]).openapi()
    assert set(detail_of(document, "one")["properties"]) == {"a"}
    assert "task_id" in document["components"]["schemas"]["TaskStatus"]["properties"]


def test_records_that_cannot_be_told_apart_are_refused() -> None:
    one, other = taking("one", "shop", a=int), taking("other", "shop", b=str)
    with pytest.raises(ValueError, match=r"shop\.Order: rename one"):
        create_app([one, other])


@attrs.frozen(kw_only=True)
class Crate:
    inside: Upload


@attrs.frozen(kw_only=True)
class Hidden(StepContext):
    crate: Crate


@attrs.frozen(kw_only=True)
class MadeInside(StepContext):
    name: str
    crate: Crate | None = made()


def test_an_upload_inside_another_value_is_refused_since_a_caller_could_claim_it() -> None:
    @step
    async def leave(ctx: Hidden) -> Outcome[Hidden]:
        return Success(ctx)

    with pytest.raises(ValueError, match=r"Hidden\.crate holds an Upload inside"):
        create_app([workflow("hidden", start(Hidden) >> leave)])


async def test_a_step_may_make_a_record_with_an_upload() -> None:
    @step
    async def leave(ctx: MadeInside) -> Outcome[MadeInside]:
        return Success(ctx)

    async with served(create_app([workflow("made", start(MadeInside) >> leave)])) as client:
        claim = {"inside": {"path": "/Volumes/a/b/c", "size": 1, "name": "c"}}
        answer = await client.post(f"{PREFIX}/made", json={"name": "x", "crate": claim})
        assert answer.status_code == 422
        assert "made by a step" in answer.text
