"""Request bodies as contexts: JSON, or a form whose files go straight to a volume."""

import typing
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
from starlette.requests import Request

from dara_fp.api.problems import Rejected
from dara_fp.api.uploads import FormReader, Uploader
from dara_fp.core.codec import Codec, InvalidFields, codec_of
from dara_fp.core.context import given_fields
from dara_fp.core.workflow import Workflow
from dara_fp.databricks.upload import Upload

__all__ = ["form_value", "read_form", "read_json", "upload_fields"]

_JSON_LIMIT = 1024 * 1024


async def read_json(request: Request, workflow: Workflow[Any, Any]) -> object:
    """Give the context that the JSON body of *request* describes.

    Raises:
        Rejected: 413 over 1 MiB, 415 for another media type, 422 for fields that do not fit.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {"application/json", ""}:
        detail = f"The body is {media_type!r}: send application/json"
        raise Rejected(415, "UNSUPPORTED_MEDIA_TYPE", detail)
    body = await _bounded(request.stream())
    try:
        fields = msgspec.json.decode(body or b"{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected(422, "INVALID_JSON", f"The body is not a JSON object: {error}") from error
    return _context(workflow, fields)


async def read_form(request: Request, workflow: Workflow[Any, Any], uploader: Uploader) -> object:
    """Give the context that the form in *request* describes, its files uploaded by *uploader*.

    Raises:
        Rejected: 413, 415 or 422, as for JSON; files that were uploaded are removed again.
        DatabricksError: The workspace refused a file.
    """
    files = upload_fields(workflow.context)
    codec = codec_of(workflow.context)
    reader = FormReader(request, files, uploader)
    texts, uploads = await reader.read()
    fields: dict[str, bytes] = {
        name: form_value(codec, name, text) for name, text in texts.items()
    }
    for name, found in uploads.items():
        fields[name] = msgspec.json.encode(found if files[name] else found[0])
    return _context(workflow, fields)


def upload_fields(context: type[Any]) -> Mapping[str, bool]:
    """Name the fields of the class *context* that take uploads, and whether they take many."""
    hints = typing.get_type_hints(context)
    found: dict[str, bool] = {}
    for name in given_fields(context):
        parts = {part for each in _options(hints[name]) for part in (each, *typing.get_args(each))}
        if Upload in parts:
            found[name] = Upload not in _options(hints[name])
    return found


def _options(hint: Any) -> tuple[Any, ...]:
    """Give the members of a union, or the one type."""
    origin = typing.get_origin(hint)
    return (hint,) if origin is tuple else (typing.get_args(hint) or (hint,))


def _context(workflow: Workflow[Any, Any], fields: Mapping[str, bytes | msgspec.Raw]) -> object:
    try:
        return codec_of(workflow.context).decode_given(fields)
    except InvalidFields as error:
        files = upload_fields(workflow.context)
        problems = {
            name: f"send a file part named {name!r}" if name in files else said
            for name, said in error.problems.items()
        }
        said = ", ".join(problems)
        detail = f"The body does not fit workflow {workflow.name!r}: see {said}"
        raise Rejected(422, "INVALID_FIELDS", detail, problems=problems) from error


def form_value(codec: Codec[Any], name: str, text: str) -> bytes:
    """Read a form's *text* as a string where the field takes one, else as JSON."""
    quoted = msgspec.json.encode(text)
    decoder = codec.decoders.get(name)
    if decoder is None:
        return quoted
    try:
        decoder.decode(quoted)
    except msgspec.DecodeError:
        return text.encode()
    return quoted


async def _bounded(chunks: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > _JSON_LIMIT:
            detail = f"The body is over {_JSON_LIMIT} bytes: send large data as a file"
            raise Rejected(413, "BODY_TOO_LARGE", detail)
    return bytes(body)
