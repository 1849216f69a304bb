"""Statements that tell what there is: SHOW, DESCRIBE and EXPLAIN."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from sqlglot import exp

from dara_fp.sandbox.catalog.entries import Column, Table
from dara_fp.sandbox.sql.binding import Binding
from dara_fp.sandbox.sql.errors import not_done
from dara_fp.sandbox.sql.parsing import parsed_one
from dara_fp.sandbox.sql.schema_views import all_tables, table_of
from dara_fp.sandbox.sql.tables import Field
from dara_fp.sandbox.sql.types import of_arrow

__all__ = ["describe", "show"]

_NAME = r"(?P<name>[\w.`-]+)"
_LIKE = r"(?:\s+(?:LIKE\s+)?'(?P<like>[^']*)')?"
_SCHEMA_LIKE = r"(?:\s+SCHEMA\s+LIKE\s+'(?P<schema>[^']*)')?"
_TABLE_LIKE = r"(?:\s+TABLE\s+LIKE\s+'(?P<table>[^']*)')?"
_WITHIN = r"(?:\s+(?:IN|FROM)\s+" + _NAME + ")?"
_EVERYWHERE = r"\s+IN\s+(?:CATALOG\s+" + _NAME + r"|ALL\s+CATALOGS)"

_Found = dict[str, str | None]


def show(binding: Binding, text: str) -> Any:
    """Do the statement *text*, which begins with SHOW or EXPLAIN.

    Raises:
        SqlError: The sandbox does not do it.
    """
    for pattern, answer in _SHOWN:
        found = pattern.fullmatch(text.strip())
        if found is not None:
            return answer(binding, found.groupdict())
    raise not_done(text.strip()[:100])


def describe(binding: Binding, tree: exp.Describe) -> Any:
    """Do the DESCRIBE *tree* of a table or a query."""
    named, style = tree.this, str(tree.args.get("style") or "").upper()
    if isinstance(named, exp.Query):
        found = binding.rows(binding.bound(named), 0).schema
        return _description(
            Field(name=known.name, kind=of_arrow(known.type)).column for known in found
        )
    if not isinstance(named, exp.Table):
        raise not_done(f"DESCRIBE {named.sql('databricks')}")
    entry = binding.entry(binding.session.full_name(named), named.sql("databricks"))
    if style == "HISTORY":
        return _history(binding, entry)
    more = _more(entry) if style in {"EXTENDED", "FORMATTED"} else []
    return _description(_actual(binding, entry), more)


def _description(columns: Iterable[Column], more: Iterable[list[str | None]] = ()) -> Any:
    rows = [[column.name, column.type_text, column.comment] for column in columns]
    return table_of(["col_name", "data_type", "comment"], [*rows, *more])


def _catalogs(binding: Binding, found: _Found) -> Any:
    known = _alike(binding.tables.catalog.catalogs(), found.get("like"))
    return table_of(["catalog"], [[entry.name] for entry in known])


def _schemas(binding: Binding, found: _Found) -> Any:
    within = _plain(found["name"]) or binding.session.catalog
    known = _alike(binding.tables.catalog.schemas(within), found.get("like"))
    return table_of(["databaseName", "catalog"], [[entry.name, within] for entry in known])


def _tables(binding: Binding, found: _Found) -> Any:
    known = _alike(binding.tables.catalog.tables(_schema_of(binding, found)), found.get("like"))
    rows = [[entry.parent.split(".")[1], entry.name, False] for entry in known]
    return table_of(["database", "tableName", "isTemporary"], rows)


def _views(binding: Binding, found: _Found) -> Any:
    known = binding.tables.catalog.tables(_schema_of(binding, found))
    views = [entry for entry in _alike(known, found.get("like")) if entry.view_definition]
    rows = [[entry.parent.split(".")[1], entry.name, False] for entry in views]
    return table_of(["namespace", "viewName", "isTemporary"], rows)


def _volumes(binding: Binding, found: _Found) -> Any:
    known = binding.tables.catalog.volumes(_schema_of(binding, found))
    rows = [[entry.parent.split(".")[1], entry.name] for entry in _alike(known, found.get("like"))]
    return table_of(["database", "volume_name"], rows)


def _tables_of_catalogs(binding: Binding, found: _Found) -> Any:
    """Answer the form that drivers use, with more columns."""
    rows = [
        [schema, entry.name, False, None, catalog, _kind(entry), entry.comment or ""]
        for catalog, schema, entry in _everywhere(binding, found)
        if _fits(entry.name, found.get("like"))
    ]
    columns = ["namespace", "tableName", "isTemporary", "information", "catalogName", "tableType"]
    return table_of([*columns, "remarks"], rows)


def _columns_of_catalogs(binding: Binding, found: _Found) -> Any:
    """Answer the form that drivers use, with more columns."""
    rows = [
        [
            column.name,
            catalog,
            schema,
            entry.name,
            column.type_text.upper(),
            column.type_precision,
            column.type_scale,
            str(column.nullable).lower(),
            column.comment or "",
            place,
        ]
        for catalog, schema, entry in _everywhere(binding, found)
        if _fits(entry.name, found.get("table"))
        for place, column in enumerate(_actual(binding, entry))
        if _fits(column.name, found.get("like"))
    ]
    columns = ["col_name", "catalogName", "namespace", "tableName", "columnType", "columnSize"]
    more = ["decimalDigits", "isNullable", "remarks", "ordinalPosition"]
    return table_of([*columns, *more], rows)


def _columns(binding: Binding, found: _Found) -> Any:
    entry = _entry(binding, found)
    return table_of(["col_name"], [[column.name] for column in _actual(binding, entry)])


def _properties(binding: Binding, found: _Found) -> Any:
    entry = _entry(binding, found)
    return table_of(["key", "value"], [[key, entry.properties[key]] for key in entry.properties])


def _create_table(binding: Binding, found: _Found) -> Any:
    entry = _entry(binding, found)
    if entry.view_definition:
        text = f"CREATE VIEW {entry.full_name} AS {entry.view_definition}"
        return table_of(["createtab_stmt"], [[text]])
    declared = ",\n  ".join(
        f"{column.name} {column.type_text.upper()}" + ("" if column.nullable else " NOT NULL")
        for column in _actual(binding, entry)
    )
    text = f"CREATE TABLE {entry.full_name} (\n  {declared})\nUSING delta"
    return table_of(["createtab_stmt"], [[text]])


def _explain(binding: Binding, found: _Found) -> Any:
    query = binding.bound(parsed_one(found["query"] or ""))
    plan = "\n".join(str(row[1]) for row in binding.execute(f"EXPLAIN {query}"))
    return table_of(["plan"], [[plan]])


def _history(binding: Binding, entry: Table) -> Any:
    rows = [
        [
            version["version"],
            datetime.fromtimestamp(version["timestamp"] / 1000, UTC).isoformat(),
            entry.owner,
            version["operation"],
        ]
        for version in binding.tables.history(entry.full_name)
    ]
    return table_of(["version", "timestamp", "userName", "operation"], rows)


def _more(entry: Table) -> list[list[str | None]]:
    catalog, schema = entry.parent.split(".")
    told = {
        "": "",
        "# Detailed Table Information": "",
        "Catalog": catalog,
        "Database": schema,
        "Table": entry.name,
        "Created Time": datetime.fromtimestamp(entry.created_at / 1000, UTC).ctime(),
        "Type": entry.table_type,
        "Comment": entry.comment or "",
        "Provider": "delta" if entry.view_definition is None else "",
        "Owner": entry.owner,
        "View Text": entry.view_definition or "",
        "Table Properties": f"[{','.join(f'{k}={v}' for k, v in entry.properties.items())}]",
    }
    return [[key, value, ""] for key, value in told.items()]


def _actual(binding: Binding, entry: Table) -> tuple[Column, ...]:
    if entry.view_definition is not None:
        return entry.columns
    return tuple(field.column for field in binding.tables.fields(entry.full_name))


def _everywhere(binding: Binding, found: _Found) -> Iterable[tuple[str, str, Table]]:
    catalog, within = binding.tables.catalog, _plain(found["name"]) or None
    if within is not None:
        catalog.catalog(within)
    for entry in all_tables(catalog, within):
        above, schema = entry.parent.split(".")
        if _fits(schema, found.get("schema")):
            yield above, schema, entry


def _kind(entry: Table) -> str:
    return "TABLE" if entry.view_definition is None else "VIEW"


def _entry(binding: Binding, found: _Found) -> Table:
    name = _plain(found["name"])
    return binding.entry(binding.session.full_name(exp.to_table(name)), name)


def _schema_of(binding: Binding, found: _Found) -> str:
    name = _plain(found["name"])
    if "." in name:
        return name
    return f"{binding.session.catalog}.{name or binding.session.schema}"


def _alike(entries: Iterable[Any], pattern: str | None) -> list[Any]:
    return [entry for entry in entries if _fits(entry.name, pattern)]


def _fits(name: str, pattern: str | None) -> bool:
    """Tell whether *name* fits *pattern*, with `*` and `|`, or `%` and `_` as drivers write."""
    if not pattern:
        return True
    driver = pattern.lower().replace("\\_", "_").replace("%", "*")
    return any(fnmatchcase(name.lower(), part.strip()) for part in driver.split("|"))


def _plain(name: str | None) -> str:
    return (name or "").replace("`", "")


def _shown(pattern: str, answer: Callable[[Binding, _Found], Any]) -> Any:
    return re.compile(rf"(?is){pattern}"), answer


_SHOWN: tuple[tuple[re.Pattern[str], Callable[[Binding, _Found], Any]], ...] = (
    _shown(rf"SHOW\s+CATALOGS{_LIKE}", _catalogs),
    _shown(rf"SHOW\s+(?:SCHEMAS|DATABASES){_WITHIN}{_LIKE}", _schemas),
    _shown(rf"SHOW\s+TABLES{_EVERYWHERE}{_SCHEMA_LIKE}{_LIKE}", _tables_of_catalogs),
    _shown(rf"SHOW\s+COLUMNS{_EVERYWHERE}{_SCHEMA_LIKE}{_TABLE_LIKE}{_LIKE}", _columns_of_catalogs),
    _shown(rf"SHOW\s+TABLES{_WITHIN}{_LIKE}", _tables),
    _shown(rf"SHOW\s+VIEWS{_WITHIN}{_LIKE}", _views),
    _shown(rf"SHOW\s+VOLUMES{_WITHIN}{_LIKE}", _volumes),
    _shown(rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_NAME}", _columns),
    _shown(rf"SHOW\s+TBLPROPERTIES\s+{_NAME}", _properties),
    _shown(rf"SHOW\s+CREATE\s+TABLE\s+{_NAME}", _create_table),
    _shown(r"EXPLAIN\s+(?:EXTENDED\s+|FORMATTED\s+)?(?P<query>.*)", _explain),
)
