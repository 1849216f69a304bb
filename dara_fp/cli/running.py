"""Running one workflow from the command line."""

import uuid

import attrs
import msgspec
import typer
from rich.console import Console
from rich.text import Text

from dara_fp.api.opening import find_needs, open_executor
from dara_fp.cli.loading import Loaded
from dara_fp.cli.progress import TaskProgress
from dara_fp.cli.words import read_words, upload_words
from dara_fp.runtime.status import TaskStatus

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
    needs = find_needs([workflow], loaded.env)
    task_id = uuid.uuid4().hex
    volume = needs.settings.upload_volume
    folder = volume and f"{volume}/{task_id}"
    # Whoever presses Ctrl-C waits for nothing.
    leases = attrs.evolve(needs.settings.leases, grace=0)
    async with open_executor(needs, leases=leases) as executor, executor.working():
        context = await upload_words(workflow, given, executor.env, folder)
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
