"""Questions to a vector index: what may be asked, the answer, and its next pages."""

import secrets
from collections import OrderedDict
from typing import Annotated

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from dara_fp.sandbox.server.errors import invalid, missing
from dara_fp.sandbox.server.wire import Json
from dara_fp.sandbox.serving.embedding import MODELS, Embedder
from dara_fp.sandbox.vectors.filters import Predicate, parse_filters
from dara_fp.sandbox.vectors.index_specs import MODEL_DIMENSION, IndexSpec, are_numbers
from dara_fp.sandbox.vectors.indexes import Index
from dara_fp.sandbox.vectors.ranking import Wanted, ranked
from dara_fp.sandbox.vectors.vectors import Hit

__all__ = ["PAGE", "Cursors", "Query", "Question", "answer", "check_columns", "question_vector"]

CURSOR_LIMIT = 200
RESULT_LIMIT = 10_000
PAGE = 1_000
"""Rows on one page of an answer, as documented."""

KINDS = ("ANN", "HYBRID", "FULL_TEXT")


class Query(msgspec.Struct, frozen=True):
    """The body of a query."""

    columns: tuple[str, ...] = ()
    num_results: Annotated[int, msgspec.Meta(ge=1, le=RESULT_LIMIT)] = 10
    query_vector: tuple[float, ...] | None = None
    query_text: str | None = None
    query_type: str = "ANN"
    query_columns: tuple[str, ...] = ()
    filters_json: str | None = None
    filter_string: str | None = None
    score_threshold: float = 0.0
    columns_to_rerank: tuple[str, ...] = ()
    reranker: Json | None = None
    facets: tuple[str, ...] = ()
    sort_columns: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What is looked for: ANN, HYBRID or FULL_TEXT, in whatever case it was written."""
        return self.query_type.upper()

    @property
    def missing(self) -> str:
        """What it asks for that the sandbox does not have; mostly nothing."""
        asked = {
            "columns_to_rerank": self.columns_to_rerank,
            "reranker": self.reranker,
            "facets": self.facets,
            "sort_columns": self.sort_columns,
        }
        return ", ".join(name for name, value in asked.items() if value)


@attrs.frozen(kw_only=True, eq=False)
class Question:
    """A query with its vector, at some page.

    Attributes:
        start: Number of rows that earlier pages have shown.
    """

    index: str
    query: Query
    vector: NDArray[np.float32] | None
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


async def question_vector(
    spec: IndexSpec, query: Query, embedder: Embedder
) -> NDArray[np.float32] | None:
    """Give the vector of *query*, embedding its text when there is none; none for words alone.

    Raises:
        ApiError: 400; what its type needs is not there, the dimension is wrong, or no model embeds
            the text.
    """
    _check_kind(query)
    if query.kind == "FULL_TEXT":
        return None
    if query.query_vector is not None:
        return _checked(spec, query.query_vector)
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
    end = min(question.start + PAGE, query.num_results)
    wanted = Wanted(
        vector=question.vector,
        text=None if query.kind == "ANN" else query.query_text,
        columns=query.query_columns,
        keep=_kept(query, frozenset(spec.schema)),
        threshold=query.score_threshold,
    )
    # One more than this page has tells whether there is a next one.
    hits = ranked(index.rows, wanted, min(end + 1, query.num_results), spec.primary_key)
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


def _kept(query: Query, columns: frozenset[str]) -> Predicate:
    by_json = parse_filters(query.filters_json or "", columns)
    if not query.filter_string:
        return by_json
    # Late: only indexes of storage-optimized endpoints are asked so, and it loads a parser of SQL.
    from dara_fp.sandbox.vectors.filter_strings import parse_filter_string  # noqa: PLC0415 - see above

    by_string = parse_filter_string(query.filter_string, columns)
    return lambda row: by_json(row) and by_string(row)


def _check_kind(query: Query) -> None:
    if query.kind not in KINDS:
        raise invalid(f"Unknown query_type {query.query_type!r}: use {', '.join(KINDS)}.")
    if query.kind != "ANN" and not query.query_text:
        raise invalid(f"A {query.kind} query needs query_text, whose words it looks for.")


def _checked(spec: IndexSpec, vector: tuple[float, ...]) -> NDArray[np.float32]:
    if len(vector) != spec.dimension:
        raise invalid(f"query_vector has {len(vector)} dimensions, the index has {spec.dimension}.")
    if not are_numbers(vector):
        raise invalid("query_vector holds a number that is no finite 32-bit float.")
    return np.asarray(vector, dtype=np.float32)


def _column(spec: IndexSpec, name: str) -> Json:
    kind = "double" if name == "score" else spec.schema.get(name, "array<float>")
    return {"name": name, "type_text": kind}


def _cells(spec: IndexSpec, hit: Hit, columns: tuple[str, ...]) -> list[object]:
    cells = [hit.vector if name == spec.vector else hit.row.get(name) for name in columns]
    return [*cells, hit.score]


def _embeds_text(spec: IndexSpec) -> bool:
    model = spec.source.query_model if spec.source else ""
    return model in MODELS and spec.dimension == MODEL_DIMENSION
