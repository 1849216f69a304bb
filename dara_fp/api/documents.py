"""The OpenAPI document: bodies that start workflows, and answers."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from dara_fp.api.bodies import JSON_LIMIT, upload_fields
from dara_fp.api.forms import MOST_PARTS, MOST_TEXT
from dara_fp.api.problems import MEDIA_TYPE, ProblemDocument
from dara_fp.api.schemas import body_schemas, noted_schemas, signal_schemas
from dara_fp.core.workflow import Workflow

__all__ = ["add_schemas", "request_bodies", "responses", "signal_body"]

_REF = "#/components/schemas/{name}"
# A prefix of their own: a user's record may be called like one of our answers.
_INPUT = "#/components/schemas/input.{name}"
_MIB = 1024 * 1024


def request_bodies(workflows: Mapping[str, Workflow[Any, Any]]) -> dict[str, dict[str, Any]]:
    """Describe the body that starts each of *workflows*: JSON, or a form where it takes files.

    Raises:
        ValueError: Records of two contexts cannot be told apart.
    """
    schemas = body_schemas(workflows.values(), _INPUT).each
    return {
        name: _body(workflow, schema)
        for (name, workflow), schema in zip(workflows.items(), schemas, strict=True)
    }


def signal_body(workflows: Mapping[str, Workflow[Any, Any]]) -> dict[str, Any]:
    """Describe the body of a signal: what any of *workflows* waits for."""
    found = signal_schemas(workflows.values(), _INPUT).each
    known = [
        {**schema, "title": f"{workflow}: {signal}"}
        for workflow, each in zip(workflows, found, strict=True)
        for signal, schema in each.items()
    ]
    return {
        "description": "What the task waits for, as JSON; nothing is taken for null.",
        "required": False,
        "content": {"application/json": {"schema": {"anyOf": known} if known else {}}},
    }


def responses(status: int, model: str | None, *problems: int) -> dict[int | str, dict[str, Any]]:
    """Describe the answer *status*, which holds *model*, and the *problems* that may come."""
    good: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if model is not None:
        good["content"] = {"application/json": {"schema": {"$ref": _REF.format(name=model)}}}
    problem = {"schema": {"$ref": _REF.format(name="ProblemDocument")}}
    found: dict[int | str, dict[str, Any]] = {status: good}
    for each in problems:
        found[each] = {
            "description": HTTPStatus(each).phrase,
            "content": {MEDIA_TYPE: problem},
        }
    return found


def add_schemas(
    app: FastAPI, answers: Iterable[type[Any]], workflows: Mapping[str, Workflow[Any, Any]]
) -> None:
    """Put the schemas that the routes refer to into the OpenAPI document of *app*."""
    generate: Callable[[], dict[str, Any]] = app.openapi
    known = noted_schemas((*answers, ProblemDocument), _REF).components
    inputs = {
        **body_schemas(workflows.values(), _INPUT).components,
        **signal_schemas(workflows.values(), _INPUT).components,
    }

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(known)
        schemas.update({f"input.{name}": schema for name, schema in inputs.items()})
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI documents this as the way


def _body(workflow: Workflow[Any, Any], schema: dict[str, Any]) -> dict[str, Any]:
    files = upload_fields(workflow.context)
    media_type = "multipart/form-data" if files else "application/json"
    said = f"A JSON object of {JSON_LIMIT // _MIB} MiB at most."
    if files:
        said = (
            f"A form of {MOST_PARTS:,} parts at most. Files ({', '.join(files)}) are file parts of "
            f"any size, with a file name; repeat a part to send several. Other fields are text, "
            f"{MOST_TEXT // _MIB} MiB in all; write what is no string as JSON."
        )
    return {
        "description": said,
        "required": bool(schema["required"]),
        "content": {media_type: {"schema": schema}},
    }
