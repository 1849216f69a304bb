"""What an index makes of its table: which columns it takes, and of each row what it keeps."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, cast

import attrs

from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json
from dara_fp.sandbox.vectors.index_specs import (
    EMBEDDED,
    TYPES,
    CreateIndex,
    Following,
    IndexSpec,
    row_fault,
    spec_of,
)

if TYPE_CHECKING:
    from dara_fp.sandbox.sql.tables import Changes, Field

__all__ = ["News", "news_of", "synced_spec"]


@attrs.frozen(kw_only=True)
class News:
    """What an index has to do to be as the *version* of its table.

    Attributes:
        table_id: Which table it is.
        gone: Keys of rows that are to go.
        rows: Rows that are new or other ones, with their vectors where the table has them.
        left_out: How many rows have nothing to make a vector of.
    """

    table_id: str
    version: int
    gone: list[object]
    rows: list[Json]
    left_out: int


def synced_spec(asked: CreateIndex, following: Following, fields: Sequence["Field"]) -> IndexSpec:
    """Give the index that *asked* describes over a table with *fields*.

    Raises:
        ApiError: 400, naming the column that is not there or cannot be indexed.
    """
    kinds = {field.name: _kind(field) for field in fields}
    wanted = following.columns_to_sync or tuple(kinds)
    needed = {asked.primary_key, *_embedded(following)}
    missing = [name for name in (*sorted(needed), *wanted) if name not in kinds]
    if missing:
        raise invalid(
            f"Column {missing[0]!r} is not in the source table {following.source_table}: it has"
            f" {', '.join(kinds)}."
        )
    schema = {name: kinds[name] for name in kinds if name in needed or name in wanted}
    odd = [field for field in fields if schema.get(field.name) == ""]
    if odd:
        raise invalid(
            f"Column {odd[0].name!r} of the source table has the type {odd[0].kind}, which cannot"
            " be indexed: leave it out by columns_to_sync."
        )
    return spec_of(asked, following, schema)


def news_of(
    spec: IndexSpec, changes: "Changes", table_id: str, stale: Sequence[object] = ()
) -> News:
    """Give what *changes* of the table *table_id* leave to do; *stale* are keys to go, as well.

    Raises:
        ApiError: 400; a vector has another dimension than the index.
    """
    left: dict[object, Json | None] = dict.fromkeys(stale)
    for change in changes.changes:
        key = change.row.get(spec.primary_key)
        left[key] = _kept(spec, change.row) if change.kind == "insert" else None
    odd = left.pop(None, None) is not None
    rows = {key: row for key, row in left.items() if row is not None}
    sound = [row for row in rows.values() if not row_fault(spec, row)]
    keys = {row[spec.primary_key] for row in sound}
    return News(
        table_id=table_id,
        version=changes.version,
        gone=[key for key in left if key not in keys],
        rows=sound,
        left_out=len(rows) - len(sound) + odd,
    )


def _kept(spec: IndexSpec, row: Mapping[str, object]) -> Json:
    """Give what an index of *spec* keeps of the *row* of its table, the vector among it."""
    names = [*spec.schema, *([] if spec.vector == EMBEDDED else [spec.vector])]
    return {name: _plain(row.get(name)) for name in names}


def _embedded(following: Following) -> list[str]:
    sources = [source.name for source in following.embedding_source_columns]
    return [*sources, *(column.name for column in following.embedding_vector_columns)]


def _kind(field: "Field") -> str:
    """Give the type of *field* in the words of an index; nothing where there is none."""
    kind = field.kind
    if isinstance(kind, dict):
        entries = kind.get("elementType") if kind.get("type") == "array" else None
        known = isinstance(entries, str) and _word(entries) in TYPES
        return f"array<{_word(str(entries))}>" if known else ""
    return _word(kind) if _word(kind) in TYPES else ""


def _word(kind: str) -> str:
    return "timestamp" if kind == "timestamp_ntz" else kind


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(entry) for entry in cast("list[object]", value)]
    return value
