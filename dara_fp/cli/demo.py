"""`dara demo`: a sandbox, a server and an app's user, on this machine."""

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dara_fp.cli.children import child
from dara_fp.cli.demo_documents import Material, Question, documents_in, packages
from dara_fp.cli.demo_user import User
from dara_fp.cli.demo_workspace import VOLUME, prepare
from dara_fp.cli.progress import TaskProgress
from dara_fp.cli.serving import READY
from dara_fp.core.errors import WorkflowFailed
from dara_fp.databricks.workspace import Workspace
from dara_fp.sandbox.server.server import READY as SANDBOX_READY
from dara_fp.steps.vectors import Passage

__all__ = ["play"]

_NEEDED = 2

console = Console(highlight=False)


@attrs.frozen(kw_only=True)
class Stage:
    """Where the demo plays: addresses and the log folder."""

    workspace: str
    api: str
    token: str
    logs: Path


async def play(docs: Path | None, *, keep: bool) -> int:
    """Play the story once; with *keep*, leave it running until Ctrl-C.

    Returns:
        0 if at least two of the questions, or the only one, found the right document first,
        else 1.
    """
    material = documents_in(docs) if docs else packages()
    needed = min(_NEEDED, len(material.questions))
    async with _stage() as stage:
        began = time.monotonic()
        async with User(stage.api) as user:
            await _ingest(user, material)
            right = [await _ask(user, question) for question in material.questions]
        _sum_up(right, needed, time.monotonic() - began)
        if keep:
            await _kept(stage)
        else:
            console.print(f"\nTo keep it running, with its API documents: {_again()}")
    return 0 if sum(right) >= needed else 1


@asynccontextmanager
async def _stage() -> AsyncGenerator[Stage]:
    token = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory(prefix="dara-demo-") as folder:
        root = Path(folder)
        async with _sandbox(root, token) as host, _server(root, token, host) as api:
            yield Stage(workspace=host, api=api, token=token, logs=root)


@asynccontextmanager
async def _sandbox(root: Path, token: str) -> AsyncGenerator[str]:
    words = ["sandbox", "--port", "0", "--data-dir", str(root / "workspace")]
    environ = {"DARA_SANDBOX_TOKEN": token}
    async with child(words, SANDBOX_READY, environ, root / "sandbox.log") as host:
        console.print(f"[green]✓[/] workspace   {host}   a local sandbox")
        async with Workspace(host, token=token) as workspace:
            await prepare(workspace)
        yield host


@asynccontextmanager
async def _server(root: Path, token: str, host: str) -> AsyncGenerator[str]:
    environ = {
        "DATABRICKS_HOST": host,
        "DATABRICKS_TOKEN": token,
        "DATABRICKS_CLIENT_ID": "",
        "DATABRICKS_CLIENT_SECRET": "",
        "DARA_DATA_DIR": str(root / "store"),
        "DARA_REDIS_URL": "",
        "DARA_GRACE_SECONDS": "0",
        "DARA_UPLOAD_VOLUME": f"{VOLUME}/uploads",
    }
    async with child(["serve", "--port", "0"], READY, environ, root / "server.log") as api:
        console.print(f"[green]✓[/] API         {api}   with a worker and an embedded store")
        yield api


async def _ingest(user: User, material: Material) -> None:
    documents = material.documents
    size = sum(len(document.text) for document in documents)
    if material.left_out:
        console.print(f"\nTaking the first {len(documents)} texts, leaving out {material.left_out}")
    console.print(f"\nUploading {len(documents)} documents, {size / 1e6:.1f} MB of text")
    task_id = await user.upload("ingest-documents", "documents", documents, console)
    with TaskProgress(console) as progress:
        last = await progress.follow(user.watch(task_id))
    if last.error is not None:
        raise WorkflowFailed(last.error)


async def _ask(user: User, question: Question) -> bool:
    passages = await user.ask(question.text)
    right = bool(passages) and passages[0].source in question.answers
    mark = ("✓", "green") if right else ("✗", "red")
    console.print(Text.assemble("\n", mark, " ", (question.text, "bold")))
    console.print(_table(passages))
    return right


def _table(passages: tuple[Passage, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 1), show_header=False, expand=True)
    table.add_column(justify="right", style="cyan", no_wrap=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(style="dim", no_wrap=True, overflow="ellipsis", ratio=1)
    for passage in passages:
        table.add_row(f"{passage.score:.3f}", Text(passage.source), Text(passage.text))
    return table


def _sum_up(right: list[bool], needed: int, seconds: float) -> None:
    enough = sum(right) >= needed
    said = f"{sum(right)} of {len(right)} questions found the right document first"
    style = "green" if enough else "red"
    console.print(f"\n[{style}]{said}[/], in {seconds:.1f} s.")


def _again() -> str:
    """Give the command that plays the demo and keeps it running, as it was called here."""
    return f"{sys.argv[0]} demo --keep" if sys.argv[0].endswith("dara") else "dara demo --keep"


async def _kept(stage: Stage) -> None:
    console.print(
        f"\n  API documents   {stage.api}/docs\n"
        f"  workflows       {stage.api}/api/v1/workflow\n"
        f"  workspace       export DATABRICKS_HOST={stage.workspace}\n"
        f"                  export DATABRICKS_TOKEN={stage.token}\n"
        f"  logs            {stage.logs}\n\nCtrl-C ends it and removes its data.",
        soft_wrap=True,
        markup=False,
        emoji=False,
    )
    await asyncio.Event().wait()
