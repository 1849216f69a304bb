"""Columns as Unity Catalog's clients declare them: a type by its name, by its text, or by both."""

import attrs
import msgspec
import sqlglot
from sqlglot import exp

from dara_fp.sandbox.catalog.entries import Column
from dara_fp.sandbox.server.errors import ApiError, invalid
from dara_fp.sandbox.sql.running import SqlError
from dara_fp.sandbox.sql.types import DeltaType, column_of, of_sql

__all__ = ["DeclaredColumn", "declared"]

_SUPPORTED = (
    "BYTE, SHORT, INT, LONG, FLOAT, DOUBLE, DECIMAL(p,s), BOOLEAN, STRING, BINARY, DATE,"
    " TIMESTAMP, TIMESTAMP_NTZ, ARRAY<...>, MAP<..., ...>, STRUCT<...>"
)
# What Unity Catalog calls a type where SQL has another word.
_WORDS = {"LONG": "BIGINT", "SHORT": "SMALLINT", "BYTE": "TINYINT"}
_Kind = exp.DataType.Type
# With or without a length, which is kept in no table and looked at by no write.
_TEXTS = frozenset({_Kind.VARCHAR, _Kind.CHAR, _Kind.TEXT})


class DeclaredColumn(msgspec.Struct):
    """A column as it is sent; the type's name and its text say the same, and one is enough."""

    name: str
    type_name: str = ""
    type_text: str = ""
    type_json: str | None = None
    nullable: bool = True
    comment: str | None = None
    type_precision: int = 0
    type_scale: int = 0
    partition_index: int | None = None


def declared(column: DeclaredColumn) -> Column:
    """Give *column* as the catalog keeps it, with all that its type tells.

    Raises:
        ApiError: 400; its type is missing, or none that the sandbox has.
    """
    kind = _kind(column)
    made = column_of(column.name, kind, nullable=column.nullable, comment=column.comment)
    field = {"name": made.name, "type": kind, "nullable": made.nullable, "metadata": {}}
    said = column.type_json or msgspec.json.encode(field).decode()
    return attrs.evolve(made, type_json=said, partition_index=column.partition_index)


def _kind(column: DeclaredColumn) -> DeltaType:
    text = column.type_text or column.type_name
    if text.upper() == "DECIMAL" and column.type_precision:
        text = f"DECIMAL({column.type_precision},{column.type_scale})"
    try:
        kind = exp.DataType.build(_WORDS.get(text.upper(), text), dialect="databricks")
        return "string" if kind.this in _TEXTS else of_sql(kind)
    except (sqlglot.ParseError, SqlError, ValueError):
        raise _unknown(column, text) from None


def _unknown(column: DeclaredColumn, text: str) -> ApiError:
    return invalid(
        f"The column {column.name!r} has the type {text[:200]!r}, which is none of the sandbox's."
        f" Supported: {_SUPPORTED}."
    )
