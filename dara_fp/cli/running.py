"""Running one workflow from the command line."""

import os
import uuid
from contextlib import AsyncExitStack

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from dara_fp.api.environment import closing, make_environment
from dara_fp.api.settings import ApiSettings, read_all
from dara_fp.cli.loading import Loaded
from dara_fp.cli.progress import TaskProgress
from dara_fp.cli.words import read_words, upload_words
from dara_fp.runtime.executor import WorkflowExecutor
from dara_fp.runtime.queue import Leases
from dara_fp.runtime.status import TaskStatus
from dara_fp.store.settings import StoreSettings
from dara_fp.store.store import Store

__all__ = ["run_here"]


async def run_here(loaded: Loaded, words: list[str]) -> int:
    """Run the *loaded* workflow on the fields that *words* give, showing each step.

    Returns:
        The exit code: 0 if it succeeded, else 1.

    Raises:
        ConfigurationError: Names every variable that is unset or does not fit.
        CannotLoad: Says which of *words* does not fit.
    """
    workflow = loaded.workflow
    given = read_words(workflow, words)
    settings, found, needed = read_all(
        ApiSettings.from_environment,
        lambda: StoreSettings.from_environment(os.environ),
        lambda: make_environment([workflow], loaded.env),
    )
    task_id = uuid.uuid4().hex
    folder = settings.upload_volume and f"{settings.upload_volume}/{task_id}"
    async with AsyncExitStack() as stack:
        env = await stack.enter_async_context(closing(needed, loaded.env))
        store = await stack.enter_async_context(Store.open(found.url, found.data_dir))
        # Whoever presses Ctrl-C waits for nothing.
        executor = WorkflowExecutor([workflow], store, env, leases=Leases(grace=0))
        await stack.enter_async_context(executor)
        await stack.enter_async_context(executor.working())
        context = await upload_words(workflow, given, env, folder)
        await executor.start(workflow.name, context, task_id=task_id)
        console = Console(stderr=True)
        with TaskProgress(console) as progress:
            status = await progress.follow(executor.watch(task_id))
    return _told(status, console)


def _told(status: TaskStatus, console: Console) -> int:
    typer.echo(msgspec.json.format(msgspec.json.encode(status.context)))
    if status.error is not None:
        failed = (f"{status.workflow} failed", "bold red")
        console.print(Text.assemble(failed, f" at {status.error}"), soft_wrap=True)
        return 1
    return 0
