"""Questions to a vector index: what may be asked, the answer, and its next pages."""

import secrets
from collections import OrderedDict
from typing import Annotated, Literal

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from dara_fp.sandbox.embedding import MODELS, Embedder
from dara_fp.sandbox.errors import invalid, missing
from dara_fp.sandbox.filters import parse_filters
from dara_fp.sandbox.index_specs import MODEL_DIMENSION, IndexSpec, are_numbers
from dara_fp.sandbox.indexes import Index
from dara_fp.sandbox.vectors import Hit
from dara_fp.sandbox.wire import Json

__all__ = ["Cursors", "Query", "Question", "answer", "check_columns", "question_vector"]

CURSOR_LIMIT = 200
RESULT_LIMIT = 10_000


class Query(msgspec.Struct, frozen=True):
    """The body of a query."""

    columns: tuple[str, ...] = ()
    num_results: Annotated[int, msgspec.Meta(ge=1, le=RESULT_LIMIT)] = 10
    query_vector: tuple[float, ...] | None = None
    query_text: str | None = None
    query_type: Literal["ANN", "HYBRID", "FULL_TEXT"] = "ANN"
    filters_json: str | None = None
    score_threshold: float = 0.0


@attrs.frozen(kw_only=True, eq=False)
class Question:
    """A query with its vector, at some page.

    Attributes:
        start: Number of rows that earlier pages have shown.
    """

    index: str
    query: Query
    vector: NDArray[np.float32]
    start: int = 0


class Cursors:
    """The questions that have more to show, the last ones asked."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Question] = OrderedDict()

    def keep(self, question: Question) -> str:
        """Give the page token of *question*."""
        token = secrets.token_urlsafe(16)
        self._known[token] = question
        while len(self._known) > CURSOR_LIMIT:
            self._known.popitem(last=False)
        return token

    def question(self, token: str, index: str) -> Question:
        """Give the question behind *token*, which must be about *index*."""
        question = self._known.get(token)
        if question is None or question.index != index:
            raise missing("The page_token is unknown or too old: ask the query again.")
        return question


async def question_vector(spec: IndexSpec, query: Query, embedder: Embedder) -> NDArray[np.float32]:
    """Give the vector of *query*, embedding its text when there is no vector.

    Raises:
        ApiError: 400; neither is there, the dimension is wrong, or no model embeds the text.
    """
    if query.query_vector is not None:
        if len(query.query_vector) != spec.dimension:
            raise invalid(
                f"query_vector has {len(query.query_vector)} dimensions, "
                f"the index has {spec.dimension}."
            )
        if not are_numbers(query.query_vector):
            raise invalid("query_vector holds a number that is no finite 32-bit float.")
        return np.asarray(query.query_vector, dtype=np.float32)
    if query.query_text is None:
        raise invalid("Give query_vector or query_text.")
    if not _embeds_text(spec):
        raise invalid(
            f"Index {spec.name} cannot embed query_text: give query_vector, or create it with an "
            f"embedding source column and one of {', '.join(MODELS)}."
        )
    vectors = await embedder.embed([query.query_text])
    return vectors.reshape(-1)


def check_columns(spec: IndexSpec, columns: tuple[str, ...]) -> None:
    """Refuse *columns* that are not in the index, by name."""
    known = {*spec.schema, *([] if spec.embeds else [spec.vector])}
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise invalid(
            f"Requested columns to fetch are not present in index: {', '.join(unknown)}. "
            f"The index has {', '.join(sorted(known))}."
        )


def answer(index: Index, question: Question) -> tuple[Json, bool]:
    """Give the page of *question*, and whether more follows."""
    query, spec = question.query, index.spec
    end = question.start + query.num_results
    keep = parse_filters(query.filters_json or "", frozenset(spec.schema))
    # One more than asked for tells whether there is a next page.
    hits = index.rows.nearest(question.vector, end + 1, keep, query.score_threshold)
    page = hits[question.start : end]
    columns = [*query.columns, "score"]
    body: Json = {
        "manifest": {
            "column_count": len(columns),
            "columns": [_column(spec, name) for name in columns],
        },
        "result": {
            "row_count": len(page),
            "data_array": [_cells(spec, hit, query.columns) for hit in page],
        },
    }
    return body, len(hits) > end


def _column(spec: IndexSpec, name: str) -> Json:
    kind = "double" if name == "score" else spec.schema.get(name, "array<float>")
    return {"name": name, "type_text": kind}


def _cells(spec: IndexSpec, hit: Hit, columns: tuple[str, ...]) -> list[object]:
    cells = [hit.vector if name == spec.vector else hit.row.get(name) for name in columns]
    return [*cells, hit.score]


def _embeds_text(spec: IndexSpec) -> bool:
    model = spec.source.query_model if spec.source else ""
    return model in MODELS and spec.dimension == MODEL_DIMENSION
