"""Steps that fill and search vector indexes."""

from typing import Protocol

import attrs
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, fail
from dara_fp.core.pipeline import step
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.indexes import IndexRows
from dara_fp.steps.lines import batches, lines, share

__all__ = [
    "Indexed",
    "Passage",
    "SearchesPassages",
    "UpsertsVectors",
    "find_passages",
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
        """Name of the embeddings endpoint that filled the index."""
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
    """Put each row of a file into the index; a row of the same id is replaced."""
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
async def find_passages(ctx: SearchesPassages, env: HasWorkspace) -> Outcome[SearchesPassages]:
    """Embed the question and find the passages nearest to it."""
    if not ctx.question.strip() or len(ctx.question) > _LONGEST_QUESTION:
        said = f"the question has {len(ctx.question)} characters: ask in 1 to {_LONGEST_QUESTION}"
        return fail(said, kind="rejected")
    if not 1 <= ctx.results <= _MOST_RESULTS:
        return fail(f"results is {ctx.results}: ask for 1 to {_MOST_RESULTS}", kind="rejected")
    workspace = env.workspace
    [vector] = await workspace.models.embed(ctx.model, [ctx.question])
    found = await workspace.vectors.query(
        ctx.index, columns=("source", "text"), query_vector=vector, num_results=ctx.results
    )
    return Success(ctx.evolve(passages=_passages(ctx.index, found)))


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
