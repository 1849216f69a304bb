"""The words of a command line as the context of a workflow, files and all."""

import asyncio
import mimetypes
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs
import msgspec

from dara_fp.api.bodies import form_value, upload_fields
from dara_fp.api.uploads import Uploader
from dara_fp.cli.mistakes import CannotLoad
from dara_fp.core.codec import InvalidFields, codec_of
from dara_fp.core.workflow import Workflow
from dara_fp.databricks.files.upload import Upload
from dara_fp.databricks.workspace import Workspace
from dara_fp.steps.files import chunks_of, open_file

__all__ = ["Words", "read_words", "upload_words"]


@attrs.frozen(kw_only=True)
class Words:
    """What the words of a command line give.

    Attributes:
        values: JSON by field name.
        files: Paths on this machine by field name.
    """

    values: Mapping[str, bytes]
    files: Mapping[str, tuple[str, ...]]


def read_words(workflow: Workflow[Any, Any], words: Iterable[str]) -> Words:
    """Sort *words*, each `FIELD=VALUE` or `FIELD=@FILE`, by the fields of *workflow*.

    Raises:
        CannotLoad: A word is neither, or a field that takes one file is given several.
    """
    codec = codec_of(workflow.context)
    fields = upload_fields(workflow.context)
    values: dict[str, bytes] = {}
    files: dict[str, tuple[str, ...]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise CannotLoad(f"{word!r} is no field: write FIELD=VALUE or FIELD=@FILE")
        if name in fields and value.startswith("@"):
            files[name] = (*files.get(name, ()), value[1:])
        else:
            values[name] = form_value(codec, name, value)
    for name, sources in files.items():
        if len(sources) > 1 and not fields[name]:
            raise CannotLoad(f"{workflow.name}: {name}: takes one file, got several")
    return Words(values=values, files=files)


async def upload_words(
    workflow: Workflow[Any, Any], words: Words, env: object, folder: str | None
) -> object:
    """Give the context of *workflow* that *words* describe, after uploading their files.

    Args:
        workflow: Whose context it is.
        words: What `read_words` gave.
        env: Has the workspace that files go to.
        folder: Where they go, or None if no volume is set.

    Raises:
        CannotLoad: The fields do not fit, or a file cannot be read; nothing stays uploaded.
        DatabricksError: The workspace refused a file; nothing stays uploaded.
    """
    if not words.files:
        return _context(workflow, words.values)
    workspace = getattr(env, "workspace", None)
    if not isinstance(workspace, Workspace) or folder is None:
        raise CannotLoad("uploading needs a workspace, and DARA_UPLOAD_VOLUME set to a volume")
    uploader = Uploader(workspace, folder)
    complete = False
    try:
        context = _context(workflow, {**words.values, **await _uploads(workflow, words, uploader)})
        complete = True
    finally:
        if not complete:
            await uploader.remove()
    return context


async def _uploads(
    workflow: Workflow[Any, Any], words: Words, uploader: Uploader
) -> dict[str, bytes]:
    fields = upload_fields(workflow.context)
    given: dict[str, bytes] = {}
    for name, sources in words.files.items():
        sent = [await _upload(uploader, name, source) for source in sources]
        given[name] = msgspec.json.encode(sent if fields[name] else sent[0])
    return given


async def _upload(uploader: Uploader, field: str, source: str) -> Upload:
    try:
        file, _ = await asyncio.to_thread(open_file, Path(source))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CannotLoad(f"cannot upload {source!r} as {field}: {why}") from error
    with file:
        kind = mimetypes.guess_type(source)[0] or ""
        return await uploader.send(field, Path(source).name, kind, chunks_of(file))


def _context(workflow: Workflow[Any, Any], given: Mapping[str, bytes]) -> object:
    try:
        return codec_of(workflow.context).decode_given(given)
    except InvalidFields as error:
        raise CannotLoad(f"{workflow.name}: {error}") from error
