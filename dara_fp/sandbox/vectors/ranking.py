"""How rows are ranked that are near to a question, have its words, or both."""

from collections.abc import Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from dara_fp.sandbox.vectors.filters import Predicate
from dara_fp.sandbox.vectors.vectors import Hit, VectorIndex

__all__ = ["WORDS_LIMIT", "Wanted", "fused", "ranked"]

WORDS_LIMIT = 200
"""Most rows that a search for words gives, as documented for FULL_TEXT and HYBRID."""

_FUSION: Final = 60


@attrs.frozen(kw_only=True, eq=False)
class Wanted:
    """What to look for: by a vector, by the words of a text, or by both.

    Attributes:
        columns: Where words are looked for; none for all columns of text.
    """

    vector: NDArray[np.float32] | None
    text: str | None
    columns: tuple[str, ...] = ()
    keep: Predicate
    threshold: float = 0.0


def ranked(rows: VectorIndex, wanted: Wanted, count: int, key: str) -> list[Hit]:
    """Give the *count* best of *rows*, told apart by *key*, best first."""
    if wanted.text is None and wanted.vector is not None:
        return rows.nearest(wanted.vector, count, wanted.keep, wanted.threshold)
    found = rows.matching(wanted.text or "", WORDS_LIMIT, wanted.keep, wanted.columns)
    if wanted.vector is not None:
        near = rows.nearest(wanted.vector, WORDS_LIMIT, wanted.keep)
        found = fused([near, found], key)[:WORDS_LIMIT]
    return [hit for hit in found[:count] if hit.score >= wanted.threshold]


def fused(rankings: Sequence[Sequence[Hit]], key: str) -> list[Hit]:
    """Merge *rankings* by reciprocal rank fusion; what is first in all of them has the score 1.

    Source: Cormack, Clarke and Buettcher, SIGIR 2009, with their constant of 60.
    """
    best = len(rankings) / (_FUSION + 1)
    scores: dict[object, float] = {}
    hits: dict[object, Hit] = {}
    for ranking in rankings:
        for rank, hit in enumerate(ranking, start=1):
            name = hit.row[key]
            hits.setdefault(name, hit)
            scores[name] = scores.get(name, 0.0) + 1 / (_FUSION + rank) / best
    order = sorted(hits, key=lambda name: (-scores[name], str(name)))
    return [Hit(hits[name].row, hits[name].vector, scores[name]) for name in order]
