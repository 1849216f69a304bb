"""Request bodies as contexts: JSON, or a form whose files go straight to a volume."""

import typing
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import attrs
import msgspec
from starlette.requests import Request

from dara_fp.api.forms import FormReader
from dara_fp.api.problems import Rejected
from dara_fp.api.uploads import Uploader
from dara_fp.core.codec import Codec, InvalidFields, codec_of
from dara_fp.core.context import given_fields
from dara_fp.core.workflow import Workflow
from dara_fp.databricks.files.upload import Upload

__all__ = [
    "JSON_LIMIT",
    "Given",
    "form_value",
    "json_body",
    "read_form",
    "read_json",
    "upload_fields",
]

JSON_LIMIT = 1024 * 1024
"""Longest JSON body, in bytes."""


@attrs.frozen(kw_only=True)
class Given:
    """What a request gave to start a workflow.

    Attributes:
        context: The context that its fields make.
        fields: The names of the fields that it gave; the others have their defaults.
    """

    context: object
    fields: tuple[str, ...]


async def json_body(request: Request) -> bytes:
    """Give the body of *request*, which is JSON as far as it says.

    Raises:
        Rejected: 413 over 1 MiB, 415 for another media type.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in {"application/json", ""}:
        detail = f"The body is {media_type!r:.200}: send application/json"
        raise Rejected(415, "UNSUPPORTED_MEDIA_TYPE", detail)
    return await _bounded(request.stream())


async def read_json(request: Request, workflow: Workflow[Any, Any]) -> Given:
    """Give the context that the JSON body of *request* describes.

    Raises:
        Rejected: 413 over 1 MiB, 415 for another media type, 422 for fields that do not fit.
    """
    body = await json_body(request)
    try:
        fields = msgspec.json.decode(body or b"{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(422, "INVALID_JSON", f"The body is not a JSON object: {error}") from error
    return _given(workflow, fields, {})


async def read_form(request: Request, workflow: Workflow[Any, Any], uploader: Uploader) -> Given:
    """Give the context that the form in *request* describes, its files uploaded by *uploader*.

    Raises:
        Rejected: 413, 415 or 422, as for JSON; the files sent so far are the caller's to remove.
        DatabricksError: The workspace refused a file.
        ClientDisconnect: The form was cut in the middle.
    """
    files = upload_fields(workflow.context)
    codec = codec_of(workflow.context)
    form = await FormReader(request, files, uploader).read()
    fields: dict[str, bytes] = {}
    problems = dict(form.problems)
    for name, texts in form.texts.items():
        try:
            fields[name] = _form_values(codec, name, texts)
        except RecursionError as error:
            problems[name] = f"is nested too deep: {error}"
    for name, found in form.uploads.items():
        fields[name] = msgspec.json.encode(found if files[name] else found[0])
    return _given(workflow, fields, problems)


def upload_fields(context: type[Any]) -> Mapping[str, bool]:
    """Name the fields of the class *context* that take uploads, and whether they take many.

    Raises:
        ValueError: An upload lies inside another value, where no file part can be put.
    """
    hints = typing.get_type_hints(context)
    found: dict[str, bool] = {}
    for name in given_fields(context):
        options = _options(hints[name])
        if Upload in options:
            found[name] = False
        elif any(_is_many(each) for each in options):
            found[name] = True
        elif any(each is Upload for each in _parts(hints[name])):
            raise ValueError(
                f"{context.__name__}.{name} holds an Upload inside another value, and no file "
                "part can be put there: use a field of type Upload or tuple[Upload, ...]"
            )
    return found


def form_value(codec: Codec[Any], name: str, text: str) -> bytes:
    """Read a form's *text* as a string where the field takes one, else as JSON."""
    decoder = codec.decoders.get(name)
    quoted, plain = msgspec.json.encode(text), text.encode()
    said = _refusal(decoder, quoted)
    # Where neither fits, the one that is nearer tells what is wrong: "too long", not "no JSON".
    is_nearer = said.endswith("got `str`") and not _refusal(_ANYTHING, plain)
    return plain if said and (is_nearer or not _refusal(decoder, plain)) else quoted


def _form_values(codec: Codec[Any], name: str, texts: tuple[str, ...]) -> bytes:
    """Read the *texts* of equally named parts: one value, or the items of an array."""
    decoder = codec.decoders.get(name)
    alone = (form_value(codec, name, texts[0]),) if len(texts) == 1 else ()
    items = b"[" + ",".join(texts).encode() + b"]"
    readings: tuple[bytes, ...] = (*alone, msgspec.json.encode(texts), items)
    return next((each for each in readings if not _refusal(decoder, each)), readings[0])


def _refusal(decoder: "msgspec.json.Decoder[Any] | None", value: bytes) -> str:
    """Say why *decoder* refuses *value*; nothing if it takes it."""
    try:
        if decoder is not None:
            decoder.decode(value)
    except (msgspec.DecodeError, ValueError) as error:
        return str(error)
    return ""


_ANYTHING: "msgspec.json.Decoder[Any]" = msgspec.json.Decoder()


def _options(hint: Any) -> tuple[Any, ...]:
    """Give the members of a union, or the one type."""
    origin = typing.get_origin(hint)
    return (hint,) if origin in {tuple, frozenset} else (typing.get_args(hint) or (hint,))


def _is_many(hint: Any) -> bool:
    plain = set(typing.get_args(hint)) <= {Upload, ...}
    return plain and typing.get_origin(hint) in {tuple, frozenset} and Upload in _parts(hint)


def _parts(hint: Any) -> Iterator[Any]:
    """Give the type *hint* and all types it is made of."""
    yield hint
    for each in typing.get_args(hint):
        yield from _parts(each)
    if hint is not Upload and isinstance(hint, type) and attrs.has(hint):
        for each in typing.get_type_hints(hint).values():
            yield from _parts(each)


def _given(
    workflow: Workflow[Any, Any],
    fields: Mapping[str, bytes | msgspec.Raw],
    found: Mapping[str, str],
) -> Given:
    """Build the context from *fields*, unless problems were *found* already; tell all at once."""
    files = upload_fields(workflow.context)
    problems: dict[str, str] = {}
    context: object = None
    try:
        context = codec_of(workflow.context).decode_given(fields)
    except InvalidFields as error:
        problems = {
            name: _file_wanted(name) if name in files and name not in fields else said
            for name, said in error.problems.items()
        }
    problems.update(found)
    if problems:
        detail = f"The body does not fit workflow {workflow.name!r}: see {', '.join(problems)}"
        raise Rejected(422, "INVALID_FIELDS", f"{detail:.2000}", problems=problems)
    return Given(context=context, fields=tuple(fields))


def _file_wanted(name: str) -> str:
    return f"is required: send a file part named {name!r}, with a file name"


async def _bounded(chunks: AsyncIterator[bytes]) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > JSON_LIMIT:
            detail = f"The body is over {JSON_LIMIT} bytes: send large data as a file"
            raise Rejected(413, "BODY_TOO_LARGE", detail)
    return bytes(body)
