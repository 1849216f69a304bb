"""One vector index: rows and a matrix in memory, exact search, an append-only log on disk."""

import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from dara_fp.sandbox.server.errors import ApiError, missing
from dara_fp.sandbox.server.wire import Json
from dara_fp.sandbox.vectors.filters import Predicate
from dara_fp.sandbox.vectors.fulltext import Words

__all__ = ["Hit", "VectorIndex"]

Vectors = NDArray[np.float32]

FIRST_ROWS = 256
MATRIX_LIMIT = 2 * 2**30
"""Largest matrix of one index, in bytes: half a million rows of 1,024 floats."""

LENGTH_BYTES = 8


class Hit(msgspec.Struct, frozen=True):
    """A row that was found, its vector and its score."""

    row: Json
    vector: list[float]
    score: float


class _Entry(msgspec.Struct):
    """One change in the log: rows with their vectors, or keys that went."""

    rows: list[Json] = []
    vectors: bytes = b""
    deleted: list[object] = []


class VectorIndex:
    """The rows of one index. Every method may be called from any thread."""

    def __init__(self, log: Path, primary_key: str, dimension: int) -> None:
        self._log = log
        self._key = primary_key
        self._dimension = dimension
        self._lock = threading.Lock()
        self._closed = False
        self._rows: list[Json] = []
        self._words: Words | None = None  # made when words are asked for first
        self._slots: dict[object, int] = {}
        self._matrix: Vectors = np.empty((FIRST_ROWS, dimension), dtype=np.float32)
        self._squares: Vectors = np.empty(FIRST_ROWS, dtype=np.float32)
        for entry in _entries(log):
            self._apply(entry)

    def __len__(self) -> int:
        return len(self._rows)

    def close(self) -> None:
        """Take no more changes, so that a late one does not bring a deleted index back."""
        with self._lock:
            self._closed = True

    def upsert(self, rows: Sequence[Json], vectors: Vectors) -> None:
        """Keep *rows* with their *vectors* (as many, each of the dimension); same keys replace.

        No key may be twice among *rows*.
        """
        with self._lock:
            self._check_open()
            # What is there already is not logged again: clients send the same rows time and again.
            new = [place for place, row in enumerate(rows) if not self._has(row, vectors[place])]
            if new:
                self._make_room(len(new))
                kept = [rows[place] for place in new]
                self._append(entry := _Entry(rows=kept, vectors=vectors[new].tobytes()))
                self._apply(entry)

    def delete(self, keys: Sequence[object]) -> list[object]:
        """Remove the rows with *keys*; give those that were there."""
        with self._lock:
            self._check_open()
            known = [key for key in dict.fromkeys(keys) if key in self._slots]
            if known:
                self._append(entry := _Entry(deleted=known))
                self._apply(entry)
            return known

    def nearest(
        self, vector: Vectors, count: int, keep: Predicate, threshold: float = 0.0
    ) -> list[Hit]:
        """Give the *count* rows nearest to *vector* that *keep* lets through, best first.

        The score is 1 / (1 + squared L2 distance); rows below *threshold* are left out.
        """
        with self._lock:
            best = list(self._ranked(vector, count, keep))
            hits = [self._hit(slot, vector) for slot in best]
        hits.sort(key=lambda hit: -hit.score)
        return [hit for hit in hits if hit.score >= threshold]

    def matching(
        self, text: str, count: int, keep: Predicate, columns: Sequence[str] = ()
    ) -> list[Hit]:
        """Give the *count* rows that have most of the words of *text*, best first.

        The score is that of BM25; only *columns* are looked at, where there are some.
        """
        with self._lock:
            found = self._all_words().search(text, columns)
            slots = ((self._slots[key], score) for key, score in found)
            kept = ((slot, score) for slot, score in slots if keep(self._rows[slot]))
            return [
                Hit(self._rows[slot], self._matrix[slot].tolist(), score)
                for slot, score in islice(kept, count)
            ]

    def known(self, key: object) -> tuple[Json, Vectors] | None:
        """Give the row with *key* and its vector, if it is there."""
        with self._lock:
            slot = self._slots.get(key)
            return None if slot is None else (self._rows[slot], self._matrix[slot].copy())

    def keys(self) -> list[object]:
        """Give the keys of all rows."""
        with self._lock:
            return [*self._slots]

    def scan(self, after: object, count: int) -> list[Hit]:
        """Give *count* rows whose keys come after *after* (None: the first ones), by key."""
        with self._lock:
            keys = sorted(self._slots, key=_order)
            later = [key for key in keys if after is None or _order(key) > _order(after)]
            slots = [self._slots[key] for key in later[:count]]
            return [Hit(self._rows[slot], self._matrix[slot].tolist(), 0.0) for slot in slots]

    def _all_words(self) -> Words:
        if self._words is None:
            self._words = Words()
            for key, slot in self._slots.items():
                self._words.put(key, _texts(self._rows[slot]))
        return self._words

    def _check_open(self) -> None:
        if self._closed:
            raise missing(f"Vector index {self._log.parent.name} not found: it was just deleted.")

    def _has(self, row: Json, vector: Vectors) -> bool:
        slot = self._slots.get(row[self._key])
        if slot is None or self._rows[slot] != row:
            return False
        return np.array_equal(self._matrix[slot], vector)

    def _ranked(self, vector: Vectors, count: int, keep: Predicate) -> Iterator[int]:
        size = len(self._rows)
        distances = self._squares[:size] - 2 * (self._matrix[:size] @ vector)
        # Only a filter needs the order of all rows: without one a partition is enough.
        nearest = np.argpartition(distances, count)[:count] if count < size else np.arange(size)
        picked = [slot for slot in map(int, nearest) if keep(self._rows[slot])]
        if len(picked) < len(nearest):
            ordered = map(int, np.argsort(distances))
            picked = [slot for slot, _ in zip(
                (slot for slot in ordered if keep(self._rows[slot])), range(count), strict=False
            )]  # fmt: skip
        return iter(picked)

    def _hit(self, slot: int, vector: Vectors) -> Hit:
        # Exact where it is shown: the expanded square above loses digits for near rows.
        gap = self._matrix[slot].astype(np.float64) - vector
        score = 1.0 / (1.0 + float(gap @ gap))
        return Hit(self._rows[slot], self._matrix[slot].tolist(), score)

    def _make_room(self, more: int) -> None:
        needed = len(self._rows) + more
        if needed * self._dimension * 4 > MATRIX_LIMIT:
            said = f"The index would exceed {MATRIX_LIMIT} bytes of vectors: delete rows first."
            raise ApiError(status=429, error_code="RESOURCE_EXHAUSTED", message=said)
        if needed > len(self._matrix):
            size = max(needed, 2 * len(self._matrix))
            old, squares = self._matrix, self._squares
            self._matrix = np.empty((size, self._dimension), dtype=np.float32)
            self._squares = np.empty(size, dtype=np.float32)
            self._matrix[: len(old)], self._squares[: len(old)] = old, squares

    def _apply(self, entry: _Entry) -> None:
        vectors = np.frombuffer(entry.vectors, dtype=np.float32).reshape(-1, self._dimension)
        self._make_room(len(entry.rows))
        for row, vector in zip(entry.rows, vectors, strict=True):
            self._put(row, vector)
        for key in entry.deleted:
            self._drop(key)

    def _put(self, row: Json, vector: Vectors) -> None:
        slot = self._slots.setdefault(row[self._key], len(self._rows))
        if slot == len(self._rows):
            self._rows.append(row)
        self._rows[slot] = row
        self._matrix[slot] = vector
        self._squares[slot] = vector @ vector
        if self._words is not None:
            self._words.put(row[self._key], _texts(row))

    def _drop(self, key: object) -> None:
        # The last row moves into the gap, so that the matrix stays dense.
        slot, last = self._slots.pop(key), len(self._rows) - 1
        if slot != last:
            moved = self._rows[last]
            self._rows[slot] = moved
            self._slots[moved[self._key]] = slot
            self._matrix[slot] = self._matrix[last]
            self._squares[slot] = self._squares[last]
        self._rows.pop()
        if self._words is not None:
            self._words.drop(key)

    def _append(self, entry: _Entry) -> None:
        body = msgspec.msgpack.encode(entry)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            log.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)


def _entries(log: Path) -> Iterator[_Entry]:
    if not log.exists():
        return
    whole = 0
    with log.open("rb") as file:
        while length := file.read(LENGTH_BYTES):
            body = file.read(int.from_bytes(length, "big"))
            if len(body) < int.from_bytes(length, "big") or len(length) < LENGTH_BYTES:
                break
            whole = file.tell()
            yield msgspec.msgpack.decode(body, type=_Entry)
    # A kill in the middle of a write leaves a torn end, which was never acknowledged.
    with log.open("r+b") as file:
        file.truncate(whole)


def _texts(row: Json) -> dict[str, str]:
    return {column: value for column, value in row.items() if isinstance(value, str)}


def _order(key: object) -> tuple[int, float, str]:
    return (0, key, "") if isinstance(key, int | float) else (1, 0.0, str(key))
