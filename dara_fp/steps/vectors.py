"""Steps that fill vector indexes, have them follow their tables, and search them."""

from typing import Protocol

import attrs
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, fail
from dara_fp.core.pipeline import step
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.vectors.indexes import IndexRows, VectorIndex
from dara_fp.databricks.workspace import Workspace
from dara_fp.steps.lines import batches, lines, share

__all__ = [
    "Indexed",
    "Passage",
    "SearchesPassages",
    "SyncedIndex",
    "SyncsIndex",
    "UpsertsVectors",
    "find_passages",
    "sync_index",
    "upsert_vectors",
]

_BATCH = 100
_LONGEST_QUESTION = 2000
_MOST_RESULTS = 100


@attrs.frozen(kw_only=True)
class Indexed:
    """Rows that a vector index has taken.

    Attributes:
        index: Full name of the index.
        rows: How many rows.
    """

    index: str
    rows: int


@attrs.frozen(kw_only=True)
class Passage:
    """A passage that answers a question.

    Attributes:
        source: The document it stands in.
        text: The passage.
        score: Nearness to the question, 1 for the same, towards 0 for anything else.
    """

    source: str
    text: str
    score: float


@attrs.frozen(kw_only=True)
class SyncedIndex:
    """An index that has what its table had.

    Attributes:
        index: Full name of the index.
        rows: How many rows it has; None where the workspace does not tell.
        version: The table's version that it has; None where the workspace does not tell.
    """

    index: str
    rows: int | None = None
    version: int | None = None


class UpsertsVectors(Evolves, Protocol):
    """What `upsert_vectors` needs of a context."""

    @property
    def vectors_path(self) -> str:
        """A JSON-lines file on a volume; each line is a row of the index."""
        ...

    @property
    def index(self) -> str:
        """Full name of a direct-access index, such as `main.default.documents`."""
        ...

    @property
    def indexed(self) -> Indexed | None:
        """What this step makes."""
        ...


class SyncsIndex(Evolves, Protocol):
    """What `sync_index` needs of a context."""

    @property
    def index(self) -> str:
        """Full name of an index over a Delta table, whose updates are triggered."""
        ...

    @property
    def synced(self) -> SyncedIndex | None:
        """What this step makes."""
        ...


class SearchesPassages(Evolves, Protocol):
    """What `find_passages` needs of a context."""

    @property
    def question(self) -> str:
        """What to look for, in plain words."""
        ...

    @property
    def index(self) -> str:
        """Full name of the index."""
        ...

    @property
    def model(self) -> str:
        """The embeddings endpoint that filled the index; empty where the index embeds by itself."""
        ...

    @property
    def results(self) -> int:
        """How many passages to find, 1 to 100."""
        ...

    @property
    def passages(self) -> tuple[Passage, ...]:
        """What this step finds, nearest first."""
        ...


@step
async def upsert_vectors(
    ctx: UpsertsVectors, env: HasWorkspace, at: Position
) -> Outcome[UpsertsVectors]:
    """Put each row of a file into the index (`POST vector-search/indexes/{index}/upsert-data`).

    The file is read as it is needed (`GET fs/files`). A row of the same id is replaced, so that all
    of them may be put again after a crash.
    """
    workspace = env.workspace
    rows = done = 0
    async with workspace.files.download(ctx.vectors_path) as chunks:
        total = chunks.metadata.content_length
        async for batch in batches(lines(chunks), _BATCH):
            inputs = _json_list(batch)
            await workspace.vectors.upsert(ctx.index, inputs)
            rows += len(batch)
            done += sum(len(line) + 1 for line in batch)
            await at.report(f"{rows} rows", share(done, total))
    return Success(ctx.evolve(indexed=Indexed(index=ctx.index, rows=rows)))


@step
async def sync_index(ctx: SyncsIndex, env: HasWorkspace, at: Position) -> Outcome[SyncsIndex]:
    """Have the index take what is new in its table (`POST vector-search/indexes/{index}/sync`).

    It waits for an update that is under way, and then until the index has what is new
    (`GET vector-search/indexes/{index}`); the endpoint has to be up
    (`GET vector-search/endpoints/{endpoint}`). It may be done again at any time: a step that is cut
    leaves the update to end by itself.
    """
    told = ""

    async def report(index: VectorIndex) -> None:
        nonlocal told
        status = index.status
        now = f"{status.detailed_state or 'ready'}, {status.indexed_row_count or 0} rows"
        if now != told:
            told = now
            await at.report(now)

    index = await env.workspace.vectors.sync_and_wait(ctx.index, on_look=report)
    follows = index.status.triggered_update_status
    synced = SyncedIndex(
        index=ctx.index,
        rows=index.status.indexed_row_count,
        version=follows.last_processed_commit_version if follows else None,
    )
    return Success(ctx.evolve(synced=synced))


@step
async def find_passages(ctx: SearchesPassages, env: HasWorkspace) -> Outcome[SearchesPassages]:
    """Find the passages nearest to the question (`POST vector-search/indexes/{index}/query`).

    The question is embedded first (`POST serving-endpoints/{model}/invocations`), unless the index
    does that by itself.
    """
    if not ctx.question.strip() or len(ctx.question) > _LONGEST_QUESTION:
        said = f"the question has {len(ctx.question)} characters: ask in 1 to {_LONGEST_QUESTION}"
        return fail(said, kind="rejected")
    if not 1 <= ctx.results <= _MOST_RESULTS:
        return fail(f"results is {ctx.results}: ask for 1 to {_MOST_RESULTS}", kind="rejected")
    found = await _nearest(ctx, env.workspace)
    return Success(ctx.evolve(passages=_passages(ctx.index, found)))


async def _nearest(ctx: SearchesPassages, workspace: Workspace) -> IndexRows:
    vectors = await workspace.models.embed(ctx.model, [ctx.question]) if ctx.model else []
    return await workspace.vectors.query(
        ctx.index,
        columns=("source", "text"),
        query_vector=vectors[0] if vectors else None,
        query_text=None if vectors else ctx.question,
        num_results=ctx.results,
    )


def _json_list(batch: tuple[bytes, ...]) -> str:
    try:
        return f"[{b','.join(batch).decode()}]"
    except UnicodeDecodeError as error:
        said = f"the rows are not UTF-8 text ({error}): check what wrote them"
        raise StepFailed(StepError(kind=Kind.REJECTED, message=said)) from None


def _passages(index: str, found: IndexRows) -> tuple[Passage, ...]:
    try:
        return tuple(
            Passage(source=str(row["source"]), text=str(row["text"]), score=float(row["score"]))
            for row in found.records
        )
    except (KeyError, TypeError, ValueError) as error:
        said = (
            f"the index {index} answered rows that are no passages ({error!r}):"
            " it needs the columns source and text"
        )
        raise StepFailed(StepError(message=said)) from None
