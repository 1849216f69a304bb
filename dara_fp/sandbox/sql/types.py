"""Types of columns, as Delta Lake writes them in JSON, and what they are called elsewhere."""

from collections.abc import Iterable
from typing import Any, TypeAlias, cast

from sqlglot import exp

from dara_fp.sandbox.catalog.entries import Column
from dara_fp.sandbox.sql.errors import not_done

__all__ = [
    "DeltaType",
    "column_of",
    "digits",
    "duck_of",
    "of_arrow",
    "of_sql",
    "text_of",
    "type_name",
]

DeltaType: TypeAlias = str | dict[str, Any]
"""A type in Delta's JSON: `long`, `decimal(10,2)`, `{"type": "array", ...}`."""

_Kind = exp.DataType.Type

# Delta's word: the statement API's type_name, the type in SQL, and DuckDB's.
_PLAIN: dict[str, tuple[str, str, str]] = {
    "byte": ("BYTE", "TINYINT", "TINYINT"),
    "short": ("SHORT", "SMALLINT", "SMALLINT"),
    "integer": ("INT", "INT", "INTEGER"),
    "long": ("LONG", "BIGINT", "BIGINT"),
    "float": ("FLOAT", "FLOAT", "FLOAT"),
    "double": ("DOUBLE", "DOUBLE", "DOUBLE"),
    "boolean": ("BOOLEAN", "BOOLEAN", "BOOLEAN"),
    "string": ("STRING", "STRING", "VARCHAR"),
    "binary": ("BINARY", "BINARY", "BLOB"),
    "date": ("DATE", "DATE", "DATE"),
    "timestamp": ("TIMESTAMP", "TIMESTAMP", "TIMESTAMPTZ"),
    "timestamp_ntz": ("TIMESTAMP_NTZ", "TIMESTAMP_NTZ", "TIMESTAMP"),
    "void": ("NULL", "VOID", "VARCHAR"),
}

_OF_SQL: dict[Any, str] = {
    _Kind.TINYINT: "byte",
    _Kind.SMALLINT: "short",
    _Kind.INT: "integer",
    _Kind.BIGINT: "long",
    _Kind.FLOAT: "float",
    _Kind.DOUBLE: "double",
    _Kind.BOOLEAN: "boolean",
    _Kind.TEXT: "string",
    _Kind.VARCHAR: "string",
    _Kind.CHAR: "string",
    _Kind.BINARY: "binary",
    _Kind.VARBINARY: "binary",
    _Kind.DATE: "date",
    _Kind.TIMESTAMP: "timestamp",
    _Kind.TIMESTAMPTZ: "timestamp",
    _Kind.TIMESTAMPLTZ: "timestamp",
    _Kind.TIMESTAMPNTZ: "timestamp_ntz",
    _Kind.NULL: "void",
}

_OF_ARROW = {
    "int8": "byte",
    "uint8": "short",
    "int16": "short",
    "uint16": "integer",
    "int32": "integer",
    "uint32": "long",
    "int64": "long",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "bool": "boolean",
    "string": "string",
    "large_string": "string",
    "string_view": "string",
    "binary": "binary",
    "large_binary": "binary",
    "binary_view": "binary",
    "date32[day]": "date",
    "null": "void",
}


def of_sql(kind: exp.DataType) -> DeltaType:
    """Give the type that was declared as *kind*.

    Raises:
        SqlError: The sandbox has no such type.
    """
    named = kind.this
    if named in {_Kind.DECIMAL, _Kind.BIGDECIMAL}:
        digits_given = [str(param.name) for param in kind.expressions] or ["10"]
        return f"decimal({digits_given[0]},{(*digits_given[1:], '0')[0]})"
    inner = kind.expressions
    if named in {_Kind.ARRAY, _Kind.LIST}:
        return _array(of_sql(inner[0]))
    if named is _Kind.MAP:
        return _map(of_sql(inner[0]), of_sql(inner[1]))
    if named is _Kind.STRUCT:
        return _struct((field.name, of_sql(field.args["kind"])) for field in inner)
    # A length would have to be kept and looked at with each write.
    if named not in _OF_SQL or inner:
        raise not_done(f"columns of type {kind.sql('databricks')}")
    return _OF_SQL[named]


def of_arrow(kind: Any) -> DeltaType:
    """Give the type that Arrow calls *kind*."""
    said = str(kind)
    if said in _OF_ARROW:
        return _OF_ARROW[said]
    if said.startswith("decimal"):
        return f"decimal({kind.precision},{kind.scale})"
    if said.startswith("timestamp"):
        return "timestamp" if kind.tz else "timestamp_ntz"
    return _nested(kind, said)


def _nested(kind: Any, said: str) -> DeltaType:
    if said.startswith("map<"):
        return _map(of_arrow(kind.key_type), of_arrow(kind.item_type))
    if said.startswith("struct<"):
        fields = (kind.field(place) for place in range(kind.num_fields))
        return _struct((field.name, of_arrow(field.type)) for field in fields)
    if said.partition("<")[0] in {"list", "large_list", "fixed_size_list", "list_view"}:
        return _array(of_arrow(kind.value_type))
    return "string"


def type_name(kind: DeltaType) -> str:
    """Give the statement API's `type_name` of *kind*.

    >>> type_name("decimal(10,2)"), type_name("long")
    ('DECIMAL', 'LONG')
    """
    if isinstance(kind, dict):
        return str(kind["type"]).upper()
    return "DECIMAL" if kind.startswith("decimal") else _PLAIN[kind][0]


def text_of(kind: DeltaType) -> str:
    """Give *kind* in SQL.

    >>> text_of({"type": "array", "elementType": "decimal(10,2)", "containsNull": True})
    'ARRAY<DECIMAL(10,2)>'
    """
    if isinstance(kind, str):
        return kind.upper() if kind.startswith("decimal") else _PLAIN[kind][1]
    if kind["type"] == "array":
        return f"ARRAY<{text_of(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"MAP<{text_of(kind['keyType'])}, {text_of(kind['valueType'])}>"
    fields = (f"{field['name']}: {text_of(field['type'])}" for field in _fields(kind))
    return f"STRUCT<{', '.join(fields)}>"


def duck_of(kind: DeltaType) -> str:
    """Give *kind* as the engine writes it."""
    if isinstance(kind, str):
        return kind.upper() if kind.startswith("decimal") else _PLAIN[kind][2]
    if kind["type"] == "array":
        return f"{duck_of(kind['elementType'])}[]"
    if kind["type"] == "map":
        return f"MAP({duck_of(kind['keyType'])}, {duck_of(kind['valueType'])})"
    named = (f'"{field["name"]}" {duck_of(field["type"])}' for field in _fields(kind))
    return f"STRUCT({', '.join(named)})"


def digits(kind: DeltaType) -> tuple[int, int] | None:
    """Give precision and scale of *kind*, if it is a decimal."""
    if isinstance(kind, dict) or not kind.startswith("decimal"):
        return None
    precision, scale = kind.removeprefix("decimal(").rstrip(")").split(",")
    return int(precision), int(scale)


def column_of(name: str, kind: DeltaType, *, nullable: bool, comment: str | None) -> Column:
    """Give the catalog's column *name* of the type *kind*."""
    precision, scale = digits(kind) or (0, 0)
    return Column(
        name=name,
        type_name=type_name(kind),
        type_text=text_of(kind).lower().replace(", ", ",").replace(": ", ":"),
        nullable=nullable,
        comment=comment,
        type_precision=precision,
        type_scale=scale,
    )


def _array(of: DeltaType) -> DeltaType:
    return {"type": "array", "elementType": of, "containsNull": True}


def _map(key: DeltaType, value: DeltaType) -> DeltaType:
    return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}


def _struct(fields: Iterable[tuple[str, DeltaType]]) -> DeltaType:
    made = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in fields]
    return {"type": "struct", "fields": made}


def _fields(kind: dict[str, Any]) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", kind["fields"])
