"""Values both ways: parameters as a statement takes them, cells as Python has them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

import attrs
import msgspec

from dara_fp.databricks.sql.records import Column

__all__ = ["Parameter", "Reader", "Row", "parameter_list", "reader_of"]

Reader: TypeAlias = Callable[[Any], Any]
"""Gives what a cell of a result says, as Python has it."""

_INT = 2**31
_BIGINT = 2**63


@attrs.frozen(kw_only=True)
class Parameter:
    """A value with a type of one's own choice, such as `Parameter(value="1.5", type="FLOAT")`.

    Attributes:
        value: As text; None is null.
        type: The type in SQL.
    """

    value: str | None
    type: str = "STRING"


class Row(Mapping[str, Any]):
    """A row of a result: values by the names of their columns.

    Where several columns have one name, the name gives the first of them; `values_in_order` has
    them all.

    >>> row = Row(("id", "name"), (1, "Ada"))
    >>> row["name"], dict(row), row.values_in_order
    ('Ada', {'id': 1, 'name': 'Ada'}, (1, 'Ada'))
    """

    __slots__ = ("_names", "values_in_order")

    def __init__(self, names: Sequence[str], values: tuple[Any, ...]) -> None:
        """Keep *values* under *names*."""
        self._names = names
        self.values_in_order = values

    def __getitem__(self, name: str) -> Any:
        """Give the value of the column *name*.

        Raises:
            KeyError: There is no such column.
        """
        try:
            return self.values_in_order[self._names.index(name)]
        except ValueError:
            known = ", ".join(map(repr, self._names))
            raise KeyError(f"no column {name!r}: there are {known}") from None

    def __iter__(self) -> Iterator[str]:
        """Give the names, each once."""
        return iter(dict.fromkeys(self._names))

    def __len__(self) -> int:
        return len(dict.fromkeys(self._names))

    def __repr__(self) -> str:
        pairs = zip(self._names, self.values_in_order, strict=True)
        return f"Row({', '.join(f'{name}={value!r}' for name, value in pairs)})"


def parameter_list(parameters: Mapping[str, Any] | None) -> list[dict[str, str | None]] | None:
    """Give *parameters* as the API takes them, each of the SQL type that its value has.

    Raises:
        ValueError: A value has no SQL type: give a `Parameter` with one.

    >>> parameter_list({"until": date(2026, 1, 31)})
    [{'name': 'until', 'value': '2026-01-31', 'type': 'DATE'}]
    """
    if not parameters:
        return None
    return [{"name": name, **_written(name, value)} for name, value in parameters.items()]


def _written(name: str, value: Any) -> dict[str, str | None]:
    if value is None:
        return {}
    if isinstance(value, Parameter):
        given = {} if value.value is None else {"value": value.value}
        return {**given, "type": value.type}
    for kind, written in _WRITTEN:
        if isinstance(value, kind):
            text, named = written(value)
            return {"value": text, "type": named}
    raise ValueError(
        f"parameter {name!r} is {type(value).__name__}, which SQL has no type for: give"
        " Parameter(value=text, type=the type in SQL)",
    )


def _whole(value: int) -> tuple[str, str]:
    if -_INT <= value < _INT:
        return str(value), "INT"
    return str(value), "BIGINT" if -_BIGINT <= value < _BIGINT else "DECIMAL(38,0)"


def _decimal(value: Decimal) -> tuple[str, str]:
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is no DECIMAL: give a float for NaN or infinity")  # noqa: TRY004 - the value is wrong, not the type
    scale = max(0, -exponent)
    precision = max(len(digits) + max(0, exponent), scale, 1)
    return f"{value:f}", f"DECIMAL({precision},{scale})"


def _moment(value: datetime) -> tuple[str, str]:
    return value.isoformat(sep=" "), "TIMESTAMP" if value.tzinfo else "TIMESTAMP_NTZ"


# In this order: a bool is an int, and a datetime a date.
_WRITTEN: tuple[tuple[type, Callable[[Any], tuple[str, str]]], ...] = (
    (bool, lambda value: (str(value).lower(), "BOOLEAN")),
    (int, _whole),
    (float, lambda value: (repr(value), "DOUBLE")),
    (Decimal, _decimal),
    (datetime, _moment),
    (date, lambda value: (value.isoformat(), "DATE")),
    (str, lambda value: (value, "STRING")),
)


def reader_of(column: Column) -> Reader:
    """Give what reads the cells of *column*.

    Whole numbers become int, decimals Decimal, dates and timestamps theirs, arrays list, maps and
    structs dict. Text stays as it is, and so do kinds that are new to us, binary (as the workspace
    writes it), intervals, and days and moments outside of the years 1 to 9999.
    """
    text = column.type_text or column.type_name
    return _Types(text).reader() if text else _same


class _Types:
    """Reads the text of a type, such as `ARRAY<STRUCT<a: INT, b: DECIMAL(10,2)>>`."""

    def __init__(self, text: str) -> None:
        self._words = _WORD.findall(text)

    def reader(self) -> Reader:
        """Give what reads a value of the type that stands next."""
        name = self._next().upper()
        if self._peek() == "(":
            while self._next() not in {")", ""}:
                pass
        if name not in {"ARRAY", "MAP", "STRUCT"} or self._peek() != "<":
            return _nullable(_PLAIN.get(name, _same))
        self._next()
        return _nullable({"ARRAY": self._array, "MAP": self._map, "STRUCT": self._struct}[name]())

    def _array(self) -> Reader:
        item = self.reader()
        self._close()
        return lambda value: [item(part) for part in _decoded(value)]

    def _map(self) -> Reader:
        key = self.reader()
        # What may follow is a collation, and the comma.
        while self._next() not in {",", ""}:
            pass
        item = self.reader()
        self._close()
        return lambda value: {key(name): item(part) for name, part in _decoded(value).items()}

    def _struct(self) -> Reader:
        fields: dict[str, Reader] = {}
        while self._peek() not in {">", ""}:
            name = self._next().strip("`")
            if self._peek() == ":":
                self._next()
            fields[name] = self.reader()
            # What may follow is NOT NULL, a comment, and the comma.
            while self._peek() not in {">", ""} and self._next() != ",":
                pass
        self._close()
        return lambda value: {
            name: fields.get(name, _same)(part) for name, part in _decoded(value).items()
        }

    def _close(self) -> None:
        while self._next() not in {">", ""}:
            pass

    def _peek(self) -> str:
        return self._words[0] if self._words else ""

    def _next(self) -> str:
        return self._words.pop(0) if self._words else ""


_WORD = re.compile(r"`[^`]*`|'[^']*'|[\w.]+|[<>(),:]")


def _nullable(read: Reader) -> Reader:
    return lambda value: None if value is None else read(value)


def _same(value: Any) -> Any:
    return value


def _flag(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _date(value: Any) -> date | str:
    """Give the day, or the text of one that Python has not: before the year 1, or after 9999."""
    text = str(value)
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _time(value: Any) -> datetime | str:
    """Give the moment, or the text of one that Python has not, as for a day."""
    text = str(value)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _decoded(value: Any) -> Any:
    """Give the array, map or struct that *value* is, inside of another already or as JSON."""
    return msgspec.json.decode(value) if isinstance(value, str) else value


_PLAIN: dict[str, Reader] = {
    "BOOLEAN": _flag,
    "TINYINT": int,
    "BYTE": int,
    "SMALLINT": int,
    "SHORT": int,
    "INT": int,
    "INTEGER": int,
    "BIGINT": int,
    "LONG": int,
    "FLOAT": float,
    "REAL": float,
    "DOUBLE": float,
    "DECIMAL": lambda value: Decimal(str(value)),
    "NUMERIC": lambda value: Decimal(str(value)),
    "DATE": _date,
    "TIMESTAMP": _time,
    "TIMESTAMP_NTZ": _time,
}
