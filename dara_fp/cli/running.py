"""Running one workflow from the command line."""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import typer
from rich.console import Console

from dara_fp.api.bodies import form_value, upload_fields
from dara_fp.api.environment import environment_for
from dara_fp.api.settings import ApiSettings
from dara_fp.cli.mistakes import CannotLoad
from dara_fp.cli.progress import TaskProgress
from dara_fp.core.codec import InvalidFields, codec_of
from dara_fp.core.workflow import Workflow
from dara_fp.databricks.upload import Upload
from dara_fp.databricks.workspace import Workspace
from dara_fp.runtime.executor import WorkflowExecutor
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.settings import StoreSettings
from dara_fp.store.store import Store

__all__ = ["run_here"]


async def run_here(workflow: Workflow[Any, Any], words: list[str]) -> int:
    """Run *workflow* on the fields that *words* give, showing each step.

    Returns:
        The exit code: 0 if it succeeded, else 1.
    """
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(environment_for([workflow]))
        found = StoreSettings.from_environment(os.environ)
        store = await stack.enter_async_context(Store.open(found.url, found.data_dir))
        executor = await stack.enter_async_context(WorkflowExecutor([workflow], store, env))
        await stack.enter_async_context(executor.working(concurrency=1))
        task_id = uuid.uuid4().hex
        context = await _context(workflow, words, env, task_id)
        await executor.start(workflow.name, context, task_id=task_id)
        console = Console(stderr=True)
        with TaskProgress(console) as progress:
            status = await progress.follow(executor.watch(task_id))
    return _told(status, console)


def _told(status: TaskStatus, console: Console) -> int:
    typer.echo(msgspec.json.format(msgspec.json.encode(status.context)))
    if status.error is not None:
        console.print(f"[bold red]{status.workflow} failed[/] at {status.error}", soft_wrap=True)
        return 1
    return 0


async def _context(
    workflow: Workflow[Any, Any], words: Iterable[str], env: object, task_id: str
) -> object:
    codec = codec_of(workflow.context)
    files = upload_fields(workflow.context)
    given: dict[str, bytes] = {}
    uploads: dict[str, list[Upload]] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise CannotLoad(f"{word!r} is no field: write FIELD=VALUE or FIELD=@FILE")
        if name in files and value.startswith("@"):
            uploads.setdefault(name, []).append(await _uploaded(env, task_id, name, value[1:]))
        else:
            given[name] = form_value(codec, name, value)
    for name, found in uploads.items():
        given[name] = msgspec.json.encode(found if files[name] else found[0])
    try:
        return codec.decode_given(given)
    except InvalidFields as error:
        raise CannotLoad(f"{workflow.name}: {error}") from error


async def _uploaded(env: object, task_id: str, field: str, source: str) -> Upload:
    workspace = getattr(env, "workspace", None)
    volume = ApiSettings.from_environment().upload_volume
    if not isinstance(workspace, Workspace) or volume is None:
        raise CannotLoad("uploading needs a workspace, and DARA_UPLOAD_VOLUME set to a volume")
    path = Path(source)
    try:
        size = (await asyncio.to_thread(path.stat)).st_size
    except OSError as error:
        raise CannotLoad(f"cannot upload {source!r} as {field}: {error.strerror}") from error
    target = f"{volume}/{task_id}/{field}/{path.name}"
    await workspace.files.upload(target, _chunks(path), length=size, overwrite=True)
    return Upload(path=target, size=size, name=path.name)


async def _chunks(path: Path) -> AsyncGenerator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            yield chunk
