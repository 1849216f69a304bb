"""The result of a statement: its schema, its chunks, and each chunk in every format."""

import csv
import io
import json
import math
from base64 import b64encode
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import attrs
import msgspec

from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json
from dara_fp.sandbox.sql.types import DeltaType, digits, of_arrow, text_of, type_name

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Result"]

CHUNK_BYTES = 2**20
"""Bytes of Arrow that a chunk has, about."""

pa: Any = import_module("pyarrow")  # it has no types


@attrs.define(kw_only=True, slots=False)
class Result:
    """The rows of a statement, in one of the formats.

    Attributes:
        rows: All rows as an Arrow table.
        format: `JSON_ARRAY`, `CSV` or `ARROW_STREAM`.
        truncated: Whether there were more.
    """

    rows: Any
    format: str
    truncated: bool = False

    @cached_property
    def kinds(self) -> list[DeltaType]:
        """The types of the columns."""
        return [of_arrow(field.type) for field in self.rows.schema]

    @cached_property
    def chunks(self) -> list[tuple[int, int]]:
        """The first row of each chunk, and how many rows it has."""
        total = int(self.rows.num_rows)
        parts = max(1, math.ceil(self.rows.nbytes / CHUNK_BYTES))
        each = max(1, math.ceil(total / parts))
        return [(first, min(each, total - first)) for first in range(0, total, each)]

    @property
    def manifest(self) -> Json:
        """Give the manifest."""
        return {
            "format": self.format,
            "schema": self._schema(),
            "total_chunk_count": len(self.chunks),
            "total_row_count": int(self.rows.num_rows),
            "total_byte_count": int(self.rows.nbytes),
            "truncated": self.truncated,
            "chunks": [self.place(index) for index in range(len(self.chunks))],
        }

    def place(self, index: int) -> Json:
        """Give where the chunk *index* is among the rows."""
        first, count = self.chunks[index]
        size = int(self._part(index).nbytes)
        return {"chunk_index": index, "row_offset": first, "row_count": count, "byte_count": size}

    def cells(self, index: int) -> list[list[str | None]]:
        """Give the rows of the chunk *index* as text, as `JSON_ARRAY` has them.

        Raises:
            ApiError: 400; there is a day or a moment in them that cannot be told so.
        """
        part = self._part(index)
        columns = [
            [_cell(value, kind) for value in _values(part.column(place))]
            for place, kind in enumerate(self.kinds)
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def content(self, index: int) -> bytes:
        """Give the chunk *index* in the result's format."""
        writers: dict[str, Callable[[int], bytes]] = {
            "JSON_ARRAY": lambda at: msgspec.json.encode(self.cells(at)),
            "CSV": self._csv,
            "ARROW_STREAM": self._arrow,
        }
        return writers[self.format](index)

    def _part(self, index: int) -> Any:
        first, count = self.chunks[index]
        return self.rows.slice(first, count)

    def _schema(self) -> Json:
        columns = [
            _column(place, name, kind)
            for place, (name, kind) in enumerate(
                zip(self.rows.column_names, self.kinds, strict=True)
            )
        ]
        return {"column_count": len(columns), "columns": columns}

    def _csv(self, index: int) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(self.rows.column_names)
        writer.writerows(
            ["" if cell is None else cell for cell in row] for row in self.cells(index)
        )
        return out.getvalue().encode()

    def _arrow(self, index: int) -> bytes:
        out = pa.BufferOutputStream()
        with pa.ipc.new_stream(out, self.rows.schema) as writer:
            writer.write_table(self._part(index))
        return cast("bytes", out.getvalue().to_pybytes())


def _values(column: Any) -> list[Any]:
    try:
        return cast("list[Any]", column.to_pylist())
    except (OverflowError, ValueError):
        raise invalid(
            "The result has days beyond the years 1 to 9999, which the sandbox cannot give as"
            " text: ask for ARROW_STREAM."
        ) from None


def _column(place: int, name: str, kind: DeltaType) -> Json:
    column: Json = {
        "name": name,
        "position": place,
        "type_name": type_name(kind),
        "type_text": text_of(kind),
    }
    if (found := digits(kind)) is not None:
        column["type_precision"], column["type_scale"] = found
    return column


def _cell(value: object, kind: DeltaType) -> str | None:
    """Give *value* of the type *kind* as text."""
    if value is None:
        return None
    if isinstance(kind, dict):
        return json.dumps(_nested(value, kind), ensure_ascii=False, separators=(",", ":"))
    return _text(value)


def _nested(value: Any, kind: DeltaType) -> Any:
    if value is None or isinstance(kind, str):
        return _cell(value, kind)
    if kind["type"] == "array":
        return [_nested(item, kind["elementType"]) for item in value]
    if kind["type"] == "map":
        pairs: Any = value.items() if hasattr(value, "items") else value
        return {_text(key): _nested(item, kind["valueType"]) for key, item in pairs}
    return {field["name"]: _nested(value[field["name"]], field["type"]) for field in kind["fields"]}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _moment(value: datetime) -> str:
    fine = "microseconds" if value.microsecond % 1000 else "milliseconds"
    said = value.replace(tzinfo=None).isoformat(timespec=fine)
    return f"{said}Z" if value.tzinfo else said


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
