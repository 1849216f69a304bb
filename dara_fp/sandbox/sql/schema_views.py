"""What the catalog knows, as tables: `information_schema`."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.catalog.entries import Schema, Table
from dara_fp.sandbox.sql.errors import no_table

__all__ = ["all_schemas", "all_tables", "schema_view", "table_of"]

pa: Any = import_module("pyarrow")  # it has no types


def table_of(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Any:
    """Give an Arrow table of text *columns*, whole numbers kept as such."""
    made: dict[str, Any] = {}
    for place, name in enumerate(columns):
        values = [row[place] for row in rows]
        whole = any(isinstance(value, int) and not isinstance(value, bool) for value in values)
        flags = any(isinstance(value, bool) for value in values)
        kind = pa.int64() if whole else pa.bool_() if flags else pa.string()
        made[name] = pa.array(values, kind)
    return pa.table(made)


def all_schemas(catalog: Catalog, within: str | None) -> Iterator[Schema]:
    """Give the schemas of the catalog *within*, or of all."""
    for known in catalog.catalogs():
        if within is None or known.name == within.lower():
            yield from catalog.schemas(known.name)


def all_tables(catalog: Catalog, within: str | None) -> Iterator[Table]:
    """Give the tables and views of the catalog *within*, or of all."""
    for schema in all_schemas(catalog, within):
        yield from catalog.tables(schema.full_name)


def schema_view(catalog: Catalog, within: str, name: str) -> Any:
    """Give the view *name* of the `information_schema` of *within*; `system` has them all.

    Raises:
        SqlError: The sandbox has no such view.
    """
    scope = None if within.lower() == "system" else within
    if name.lower() == "catalogs":
        return table_of(["catalog_name"], [[known.name] for known in catalog.catalogs()])
    if name.lower() == "schemata":
        rows = [[known.parent, known.name, known.owner] for known in all_schemas(catalog, scope)]
        return table_of(["catalog_name", "schema_name", "schema_owner"], rows)
    if name.lower() == "tables":
        return _tables(all_tables(catalog, scope))
    if name.lower() == "columns":
        return _columns(all_tables(catalog, scope))
    raise no_table(f"{within}.information_schema.{name}")


def _tables(found: Iterator[Table]) -> Any:
    columns = ["table_catalog", "table_schema", "table_name", "table_type", "comment"]
    rows = [
        [*table.parent.split("."), table.name, table.table_type, table.comment] for table in found
    ]
    return table_of(columns, rows)


def _columns(found: Iterator[Table]) -> Any:
    columns = ["table_catalog", "table_schema", "table_name", "column_name", "ordinal_position"]
    rows = [
        [
            *table.parent.split("."),
            table.name,
            column.name,
            place,
            "YES" if column.nullable else "NO",
            column.type_name,
            column.type_text,
            column.comment,
        ]
        for table in found
        for place, column in enumerate(table.columns)
    ]
    return table_of([*columns, "is_nullable", "data_type", "full_data_type", "comment"], rows)
