"""What Unity Catalog's routes read and answer: bodies, pages, and entries as JSON."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar

import attrs
import msgspec

from dara_fp.sandbox.catalog.columns import DeclaredColumn
from dara_fp.sandbox.catalog.entries import Column, Entry, Schema, Table, Volume
from dara_fp.sandbox.server.errors import invalid, unsupported
from dara_fp.sandbox.server.wire import Json, cursor, page_start

__all__ = [
    "CatalogBody",
    "ChangeBody",
    "ChildrenQuery",
    "DropQuery",
    "PageQuery",
    "SchemaBody",
    "SummariesQuery",
    "TableBody",
    "VolumeBody",
    "catalog_json",
    "changed",
    "page",
    "refuse_new_name",
    "schema_json",
    "summary_json",
    "table_json",
    "volume_json",
]

METASTORE = "5a9db0c1-0000-4000-8000-000000000001"
T = TypeVar("T", bound=Entry)
Name = Annotated[str, msgspec.Meta(min_length=1)]


class CatalogBody(msgspec.Struct):
    """The body that makes a catalog."""

    name: Name
    comment: str | None = None
    properties: dict[str, str] = {}


class SchemaBody(msgspec.Struct):
    """The body that makes a schema."""

    name: Name
    catalog_name: Name
    comment: str | None = None
    properties: dict[str, str] = {}


class VolumeBody(msgspec.Struct):
    """The body that makes a volume."""

    name: Name
    catalog_name: Name
    schema_name: Name
    volume_type: Literal["MANAGED", "EXTERNAL"]
    comment: str | None = None
    storage_location: str | None = None


class TableBody(msgspec.Struct):
    """The body that registers a table."""

    name: Name
    catalog_name: Name
    schema_name: Name
    table_type: str
    data_source_format: str = "DELTA"
    storage_location: str = ""
    columns: tuple[DeclaredColumn, ...] = ()
    properties: dict[str, str] = {}
    comment: str | None = None


class ChangeBody(msgspec.Struct):
    """The body that changes an entry; what is missing stays."""

    comment: str | None = None
    owner: str | None = None
    new_name: str | None = None
    properties: dict[str, str] | None = None


class PageQuery(msgspec.Struct, kw_only=True):
    """Which page of a list."""

    max_results: int = 0
    page_token: str = ""


class ChildrenQuery(PageQuery, kw_only=True):
    """Which page of what lies in a catalog, or in a schema of it."""

    catalog_name: Name
    schema_name: str = ""


class SummariesQuery(PageQuery, kw_only=True):
    """Which page of the tables of a catalog whose names are like the patterns (`%`, `_`)."""

    catalog_name: Name
    schema_name_pattern: str = "%"
    table_name_pattern: str = "%"


class DropQuery(msgspec.Struct):
    """How to drop."""

    force: bool = False


def page(
    entries: Sequence[T], asked: PageQuery, most: int, show: Callable[[T], Json], field: str
) -> Json:
    """Give one page of *entries*, each as *show* has it, under *field*; *most* at a time.

    Raises:
        ApiError: 400; the size of the page is negative, or its token is none of ours.
    """
    if asked.max_results < 0:
        raise invalid(f"max_results must not be negative, got {asked.max_results}.")
    size = min(asked.max_results or most, most)
    after = page_start(asked.page_token)
    left = sorted((e for e in entries if e.key > after), key=lambda e: e.key)
    body: Json = {field: [show(entry) for entry in left[:size]]}
    if len(left) > size:
        body["next_page_token"] = cursor(left[size - 1].key)
    return body


def changed(entry: T, body: ChangeBody, now: int) -> T:
    """Give *entry* as *body* changes it at *now*; a new name is not done here."""
    asked = {"comment": body.comment, "owner": body.owner, "properties": body.properties}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    return attrs.evolve(entry, updated_at=now, **given)


def refuse_new_name(entry: Entry, body: ChangeBody) -> None:
    """Refuse to rename *entry*, which others lie in.

    Raises:
        ApiError: 501; *body* wants another name.
    """
    if body.new_name not in {None, entry.name}:
        raise unsupported(
            f"The sandbox does not rename '{entry.full_name}', since others lie in it:"
            " make one of the new name."
        )


def catalog_json(entry: Entry) -> Json:
    """Give a catalog as the workspace answers it."""
    return {
        **_common(entry),
        "catalog_type": "MANAGED_CATALOG",
        "isolation_mode": "OPEN",
        "securable_type": "CATALOG",
        "properties": entry.properties,
    }


def schema_json(entry: Schema) -> Json:
    """Give a schema as the workspace answers it."""
    return {
        **_common(entry),
        "catalog_name": entry.parent,
        "catalog_type": "MANAGED_CATALOG",
        "schema_id": entry.id,
        "properties": entry.properties,
    }


def volume_json(entry: Volume, location: str) -> Json:
    """Give a volume, which lies at *location*, as the workspace answers it."""
    return {
        **_common(entry),
        **_above(entry),
        "volume_id": entry.id,
        "volume_type": entry.volume_type,
        "storage_location": entry.storage_location or location,
    }


def table_json(entry: Table, location: str) -> Json:
    """Give a table, whose data lies at *location*, as the workspace answers it."""
    columns = [_column_json(column, number) for number, column in enumerate(entry.columns)]
    optional: Json = {
        "data_source_format": entry.data_source_format,
        "storage_location": entry.storage_location or (location if _has_data(entry) else None),
        "view_definition": entry.view_definition,
    }
    return {
        **_common(entry),
        **_above(entry),
        **{name: value for name, value in optional.items() if value is not None},
        "table_id": entry.id,
        "table_type": entry.table_type,
        "columns": columns,
        "properties": entry.properties,
    }


def summary_json(entry: Table) -> Json:
    """Give the little that a list of summaries tells of a table."""
    return {"full_name": entry.full_name, "table_type": entry.table_type}


def _has_data(entry: Table) -> bool:
    return entry.view_definition is None and entry.data_source_format is not None


def _common(entry: Entry) -> Json:
    said: Json = {} if entry.comment is None else {"comment": entry.comment}
    return said | {
        "name": entry.name,
        "full_name": entry.full_name,
        "owner": entry.owner,
        "metastore_id": METASTORE,
        "created_at": entry.created_at,
        "created_by": entry.owner,
        "updated_at": entry.updated_at,
        "updated_by": entry.owner,
        "browse_only": False,
    }


def _above(entry: Entry) -> Json:
    catalog, schema = entry.parent.split(".")
    return {"catalog_name": catalog, "schema_name": schema}


def _column_json(column: Column, position: int) -> Json:
    given: Json = msgspec.to_builtins(column)
    return {name: value for name, value in given.items() if value is not None} | {
        "position": position
    }
