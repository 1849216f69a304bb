"""The commands, their options and their help; each imports what it needs when it is called."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

__all__ = ["main"]

app = typer.Typer(
    name="dara",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Compose Databricks workflows, run them durably, serve them as a REST API.",
)
errors = Console(stderr=True, highlight=False)

Target = Annotated[
    str,
    typer.Argument(
        help="my_module, my_module:app or my_module:workflow; the workflows that ship with DARA "
        "if left out.",
        show_default=False,
    ),
]
_STOPPED = 130  # what shells give for a process that Ctrl-C ended
SHIPPED = "dara_fp.definitions.shipped"


def main() -> None:
    """Run the command line; expected errors end it with one line and exit code 1."""
    from dara_fp.cli.mistakes import CannotLoad  # noqa: PLC0415 - keeps --help quick
    from dara_fp.core.errors import ConfigurationError, StepFailed  # noqa: PLC0415
    from dara_fp.runtime.errors import QueueFull  # noqa: PLC0415
    from dara_fp.store.errors import StoreUnavailable  # noqa: PLC0415

    try:
        app()
    except (CannotLoad, ConfigurationError, QueueFull, StepFailed, StoreUnavailable) as error:
        # A Text, since what others wrote is no markup.
        errors.print(Text.assemble(("dara:", "bold red"), f" {error}"), soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(_STOPPED)


@app.command()
def demo(
    docs: Annotated[
        Path | None, typer.Option(help="Folder of text files to ingest instead of your packages.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keep it running until Ctrl-C.")] = False,
) -> None:
    """Play the whole story on this machine: upload, job, vector index, three questions."""
    from dara_fp.cli.demo import play  # noqa: PLC0415

    raise typer.Exit(_run(play(docs, keep=keep)))


@app.command()
def serve(
    target: Target = SHIPPED,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port; 0 picks a free one.", show_default="8000")
    ] = None,
) -> None:
    """Serve workflows as a REST API, with a worker inside.

    In a Databricks App it listens where the platform expects it (DATABRICKS_APP_PORT).
    """
    from dara_fp.cli.loading import load_app  # noqa: PLC0415
    from dara_fp.cli.serving import place_of, serve_app  # noqa: PLC0415
    from dara_fp.telemetry.logs import configure_logging  # noqa: PLC0415

    configure_logging()
    default_host, default_port = place_of(os.environ)
    serve_app(load_app(target), host or default_host, default_port if port is None else port)


@app.command()
def worker(
    target: Target = SHIPPED,
    concurrency: Annotated[int, typer.Option(min=1, help="Tasks at the same time.")] = 10,
) -> None:
    """Run queued tasks, beside a server or another worker on the same store."""
    from dara_fp.cli.loading import load_app  # noqa: PLC0415
    from dara_fp.cli.serving import work  # noqa: PLC0415
    from dara_fp.telemetry.logs import configure_logging  # noqa: PLC0415

    configure_logging()
    _run(work(load_app(target), concurrency))


@app.command()
def run(
    workflow: Annotated[
        str, typer.Argument(help="Name of a shipped workflow, or my_module:name of your own.")
    ],
    fields: Annotated[
        list[str] | None,
        typer.Argument(help="FIELD=VALUE, or FIELD=@FILE to upload a file; repeat for several."),
    ] = None,
) -> None:
    """Run one workflow here, recorded like any other task, and print its context as JSON."""
    from dara_fp.cli.loading import load_workflow  # noqa: PLC0415
    from dara_fp.cli.running import run_here  # noqa: PLC0415

    logging.basicConfig(level=logging.CRITICAL)
    raise typer.Exit(_run(run_here(load_workflow(workflow, SHIPPED), fields or [])))


@app.command()
def tasks(
    task_id: Annotated[
        str | None, typer.Argument(help="A task to follow; if left out, tasks are listed.")
    ] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="End it, and undo what it did.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after it failed.")] = False,
    signal: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="NAME JSON", help="Give it what it waits for.", show_default=False),
    ] = None,
    target: Annotated[
        str,
        typer.Option(
            help="App or workflow the task belongs to, for --resume and --signal.",
            show_default="the workflows that ship with DARA",
        ),
    ] = SHIPPED,
    workflow: Annotated[str | None, typer.Option(help="List tasks of this workflow.")] = None,
    state: Annotated[
        Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"] | None,
        typer.Option(help="List tasks in this state."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="List so many at most.")] = 20,
) -> None:
    """List tasks, follow one to its end, or cancel, resume or signal it."""
    from dara_fp.cli.tasks import Asked, control_task, list_tasks  # noqa: PLC0415
    from dara_fp.store.records import State  # noqa: PLC0415

    logging.basicConfig(level=logging.CRITICAL)
    if cancel + resume + (signal is not None) > (task_id is not None):
        raise typer.BadParameter("name one task, and one of --cancel, --resume and --signal")
    console = Console(highlight=False)
    if task_id is None:
        found = State(state) if state else None
        raise typer.Exit(_run(list_tasks(console, workflow=workflow, state=found, limit=limit)))
    asked = Asked(cancel=cancel, resume=resume, signal=signal)
    raise typer.Exit(_run(control_task(console, task_id, asked, target)))


@app.command()
def graph(
    workflow: Annotated[
        str, typer.Argument(help="Name of a shipped workflow, or my_module:name of your own.")
    ],
    form: Annotated[
        Literal["outline", "mermaid", "svg"], typer.Option("--format", help="What to print.")
    ] = "outline",
) -> None:
    """Draw a workflow: its steps as text, a mermaid chart, or an SVG picture."""
    from dara_fp.cli.loading import load_workflow  # noqa: PLC0415

    pipeline = load_workflow(workflow, SHIPPED).workflow.pipeline
    drawn = {"outline": pipeline.outline, "mermaid": pipeline.mermaid, "svg": pipeline.svg}
    typer.echo(drawn[form]())


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port; 0 picks a free one.")] = 8666,
    data_dir: Annotated[Path, typer.Option(help="Where files and indexes are kept.")] = Path(
        ".dara/sandbox"
    ),
    token: Annotated[
        str | None,
        typer.Option(
            envvar="DARA_SANDBOX_TOKEN", help="The access token.", show_default="drawn and printed"
        ),
    ] = None,
    rate_limits: Annotated[
        bool, typer.Option(help="Refuse calls beyond the limits of a workspace.")
    ] = True,
    apps_proxy: Annotated[
        str | None,
        typer.Option(
            help="Address of an app to stand before, as Databricks Apps does.", show_default="none"
        ),
    ] = None,
    apps_port: Annotated[
        int, typer.Option(help="Port of that proxy; 0 picks a free one.", min=0, max=65535)
    ] = 8667,
    apps_buffer: Annotated[
        int, typer.Option(help="Bytes of an event stream that the proxy holds back.", min=0)
    ] = 4096,
) -> None:
    """Run a local Databricks-compatible workspace that official clients accept."""
    from dara_fp.cli.sandbox import Before, run_sandbox  # noqa: PLC0415

    before = Before(app=apps_proxy, port=apps_port, buffer_bytes=apps_buffer)
    run_sandbox(port, data_dir, token, rate_limits=rate_limits, before=before)


def _run(coroutine: Coroutine[Any, Any, int]) -> int:
    """Run *coroutine*, and cancel it on Ctrl-C or SIGTERM, so that it can clean up."""
    from uvicorn.loops.auto import auto_loop_factory  # noqa: PLC0415 - keeps --help quick

    async def until_stopped() -> int:
        task = asyncio.ensure_future(coroutine)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await task

    try:
        # The loop that a server has, too: uvloop, where there is one.
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            return runner.run(until_stopped())
    except asyncio.CancelledError:
        return _STOPPED
