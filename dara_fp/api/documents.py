"""The OpenAPI document: schemas of bodies and answers, written by msgspec."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI

from dara_fp.api.bodies import upload_fields
from dara_fp.api.problems import MEDIA_TYPE, ProblemDocument
from dara_fp.core.codec import codec_of
from dara_fp.core.workflow import Workflow

__all__ = ["add_schemas", "request_body", "responses"]

_REF = "#/components/schemas/{name}"
_FILE = {"type": "string", "format": "binary"}


def request_body(workflow: Workflow[Any, Any]) -> dict[str, Any]:
    """Describe the body that starts *workflow*: JSON, or a form where it takes files."""
    schema, _ = codec_of(workflow.context).schema(_REF)
    files = upload_fields(workflow.context)
    properties = dict(schema["properties"])
    for name, many in files.items():
        properties[name] = {"type": "array", "items": _FILE} if many else _FILE
    media_type = "multipart/form-data" if files else "application/json"
    body = {**schema, "properties": properties}
    return {"required": bool(schema["required"]), "content": {media_type: {"schema": body}}}


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
    app: FastAPI, answers: Sequence[Any], workflows: Mapping[str, Workflow[Any, Any]]
) -> None:
    """Put the schemas that the routes refer to into the OpenAPI document of *app*."""
    generate: Callable[[], dict[str, Any]] = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        _, known = msgspec.json.schema_components((*answers, ProblemDocument), ref_template=_REF)
        schemas.update(known)
        for each in workflows.values():
            schemas.update(codec_of(each.context).schema(_REF)[1])
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI documents this as the way
