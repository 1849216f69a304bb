"""Steps that turn text into vectors with a serving endpoint."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import Protocol

import attrs
import msgspec
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, fail
from dara_fp.core.pipeline import step
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.files.files import Download
from dara_fp.databricks.http.refusals import excerpt
from dara_fp.databricks.workspace import Workspace
from dara_fp.steps.lines import batches, lines, share

__all__ = ["Embedded", "EmbedsPassages", "Row", "embed_passages"]

_BATCH = 50
_AT_ONCE = 2


@attrs.frozen(kw_only=True)
class Embedded:
    """Vectors on a volume.

    Attributes:
        path: A JSON-lines file; each line is a `Row`.
        count: How many rows it has.
    """

    path: str
    count: int


@attrs.frozen(kw_only=True)
class Row:
    """One row of a vector index, as it stands in a file of vectors."""

    id: str
    source: str
    text: str
    vector: tuple[float, ...] = ()


class EmbedsPassages(Evolves, Protocol):
    """What `embed_passages` needs of a context."""

    @property
    def passages_path(self) -> str:
        """A JSON-lines file on a volume; each line has `id`, `source` and `text`."""
        ...

    @property
    def model(self) -> str:
        """Name of an embeddings endpoint."""
        ...

    @property
    def embedded(self) -> Embedded | None:
        """What this step makes."""
        ...


@step
async def embed_passages(
    ctx: EmbedsPassages, env: HasWorkspace, at: Position
) -> Outcome[EmbedsPassages]:
    """Embed each passage of a file (`POST serving-endpoints/{model}/invocations`).

    It is read (`GET fs/files`), and the vectors written beside it (`PUT fs/files`), as they come:
    nothing is held whole, and from 8 MiB on they go up in parts, as by `upload_file`.
    """
    workspace = env.workspace
    path = f"{ctx.passages_path.removesuffix('.jsonl')}.vectors.jsonl"
    count = 0

    async def written(passages: Download) -> AsyncGenerator[bytes]:
        nonlocal count
        done = 0
        async with aclosing(_embedded(workspace, passages, ctx.model)) as found:
            async for batch, rows in found:
                yield b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
                count += len(rows)
                done += sum(len(line) + 1 for line in batch)
                total = passages.metadata.content_length
                await at.report(f"{count} passages", share(done, total))

    async with (
        workspace.files.download(ctx.passages_path) as passages,
        aclosing(written(passages)) as vectors,  # an upload that fails leaves it where it is
    ):
        await workspace.files.upload(path, vectors, overwrite=True)
    if not count:
        return fail(f"{ctx.passages_path} has no passages: were the documents empty?")
    return Success(ctx.evolve(embedded=Embedded(path=path, count=count)))


Batch = tuple[tuple[bytes, ...], tuple[Row, ...]]


async def _embedded(
    workspace: Workspace, passages: AsyncIterable[bytes], model: str
) -> AsyncGenerator[Batch]:
    """Embed the lines of *passages*, a few requests at once, and give them in order."""
    waiting: deque[asyncio.Task[Batch]] = deque()
    try:
        async for batch in batches(lines(passages), _BATCH):
            waiting.append(asyncio.create_task(_embed_batch(workspace, model, batch)))
            if len(waiting) >= _AT_ONCE:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def _embed_batch(workspace: Workspace, model: str, batch: tuple[bytes, ...]) -> Batch:
    rows = [_row(line) for line in batch]
    vectors = await workspace.models.embed(model, [row.text for row in rows])
    pairs = zip(rows, vectors, strict=True)
    return batch, tuple(attrs.evolve(row, vector=tuple(vector)) for row, vector in pairs)


def _row(line: bytes) -> Row:
    try:
        return msgspec.json.decode(line, type=Row)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        said = (
            f"the line {excerpt(line, 100)!r} is no passage ({error}): check the job that wrote it"
        )
        raise StepFailed(StepError(kind=Kind.REJECTED, message=said)) from None
