"""An index searches exactly, and its log on disk gives it back."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.vectors.filters import parse_filters
from dara_fp.sandbox.vectors.vectors import VectorIndex


def rows_and_vectors(
    count: int, dimension: int
) -> tuple[list[dict[str, object]], NDArray[np.float32]]:
    vectors = np.random.default_rng(7).standard_normal((count, dimension), dtype=np.float32)
    return [{"id": place} for place in range(count)], vectors


def test_a_closed_index_opens_with_the_same_rows(tmp_path: Path) -> None:
    rows, vectors = rows_and_vectors(700, 8)
    log = tmp_path / "index" / "rows.log"
    first = VectorIndex(log, "id", 8)
    first.upsert(rows, vectors)
    first.delete(list(range(0, 700, 2)))
    first.upsert([{"id": 0, "again": True}], vectors[699:700])
    expected = first.nearest(vectors[1], 20, parse_filters("", frozenset()))
    # A kill in the middle of a write leaves a torn end.
    with log.open("ab") as file:
        file.write((10**6).to_bytes(8, "big") + b"torn")
    second = VectorIndex(log, "id", 8)
    assert len(second) == 351
    assert second.nearest(vectors[1], 20, parse_filters("", frozenset())) == expected
    second.upsert([{"id": 2}], vectors[2:3])
    assert len(VectorIndex(log, "id", 8)) == 352


def test_rows_that_are_there_already_do_not_make_the_log_grow(tmp_path: Path) -> None:
    rows, vectors = rows_and_vectors(100, 8)
    log = tmp_path / "rows.log"
    index = VectorIndex(log, "id", 8)
    index.upsert(rows, vectors)
    first = log.stat().st_size
    index.upsert(rows, vectors)
    assert log.stat().st_size == first
    # One row with another text, one as it was, one with another vector.
    index.upsert([{"id": 1, "new": 1}, {"id": 2}, {"id": 3}], vectors[[1, 2, 50]])
    hits = VectorIndex(log, "id", 8).scan(0, 3)
    assert [hit.row for hit in hits] == [{"id": 1, "new": 1}, {"id": 2}, {"id": 3}]
    assert [hit.vector for hit in hits] == vectors[[1, 2, 50]].tolist()


def test_a_deleted_index_takes_no_late_rows(tmp_path: Path) -> None:
    rows, vectors = rows_and_vectors(2, 4)
    index = VectorIndex(tmp_path / "index" / "rows.log", "id", 4)
    index.close()
    with pytest.raises(ApiError, match="index not found: it was just deleted"):
        index.upsert(rows, vectors)
    assert list(tmp_path.iterdir()) == []


def test_the_search_is_exact(tmp_path: Path) -> None:
    rows, vectors = rows_and_vectors(2_000, 16)
    index = VectorIndex(tmp_path / "rows.log", "id", 16)
    index.upsert(rows, vectors)
    question = np.asarray(np.random.default_rng(8).standard_normal(16), dtype=np.float32)
    distances = ((vectors.astype(float) - question) ** 2).sum(axis=1)
    expected = np.argsort(distances)[:10]
    hits = index.nearest(question, 10, parse_filters("", frozenset()))
    assert [hit.row["id"] for hit in hits] == expected.tolist()
    assert [hit.score for hit in hits] == pytest.approx(1 / (1 + distances[expected]))
    odd = index.nearest(question, 3, lambda row: row["id"] == 1999)
    assert [hit.row["id"] for hit in odd] == [1999]
