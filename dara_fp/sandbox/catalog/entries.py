"""What a catalog holds: catalogs, schemas, volumes and tables as values, and the rules of names."""

import time
import uuid
from typing import Literal

import attrs

from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.errors import invalid

__all__ = [
    "CatalogEntry",
    "Column",
    "Entry",
    "Schema",
    "Table",
    "Volume",
    "checked_name",
    "is_name",
    "split",
]

NAME_LIMIT = 255
_FORBIDDEN = frozenset("./ ")


def _now() -> int:
    return int(time.time() * 1000)


def _id() -> str:
    return str(uuid.uuid4())


@attrs.frozen(kw_only=True)
class Entry:
    """What all kinds have in common.

    Attributes:
        name: Its own name, without those above it.
        parent: Full name of what it lies in; empty for a catalog.
        id: Never given twice, also not to one of the same name.
        owner: Who may change it.
        comment: What people say about it.
        properties: Text by key.
        created_at: Milliseconds since 1970.
        updated_at: The same.
    """

    name: str
    parent: str = ""
    id: str = attrs.field(factory=_id)
    owner: str = USER
    comment: str | None = None
    properties: dict[str, str] = attrs.field(factory=dict[str, str])
    created_at: int = attrs.field(factory=_now)
    updated_at: int = attrs.field(factory=_now)

    @property
    def full_name(self) -> str:
        """Give its name with those above it, joined by dots."""
        return f"{self.parent}.{self.name}" if self.parent else self.name

    @property
    def key(self) -> str:
        """Give what it is found by: names differ by more than case."""
        return self.full_name.lower()


@attrs.frozen(kw_only=True)
class CatalogEntry(Entry):
    """A catalog."""


@attrs.frozen(kw_only=True)
class Schema(Entry):
    """A schema of a catalog."""


@attrs.frozen(kw_only=True)
class Volume(Entry):
    """A volume of a schema: a directory of files."""

    volume_type: Literal["MANAGED", "EXTERNAL"] = "MANAGED"
    storage_location: str | None = None


@attrs.frozen(kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        name: Its name, in the case it was given.
        type_name: Kind of type, such as `LONG`, `STRING`, `DECIMAL`, `ARRAY`.
        type_text: The type in SQL, such as `bigint` or `array<string>`.
        type_json: The type as Spark has it in JSON.
        nullable: Whether it may be null.
        comment: What people say about it.
        type_precision: Digits of a decimal.
        type_scale: Digits of a decimal after the point.
        partition_index: Its place among the columns that partition the table.
    """

    name: str
    type_name: str
    type_text: str = ""
    type_json: str | None = None
    nullable: bool = True
    comment: str | None = None
    type_precision: int = 0
    type_scale: int = 0
    partition_index: int | None = None


@attrs.frozen(kw_only=True)
class Table(Entry):
    """A table or view of a schema.

    Attributes:
        columns: In the order in which they were declared.
        table_type: Such as `MANAGED`, `EXTERNAL`, `VIEW`.
        data_source_format: Such as `DELTA`; None for a view.
        storage_location: Where an external one lies; None for one that the sandbox keeps.
        view_definition: The query of a view.
    """

    columns: tuple[Column, ...] = ()
    table_type: str = "MANAGED"
    data_source_format: str | None = "DELTA"
    storage_location: str | None = None
    view_definition: str | None = None


def split(full_name: str, parts: int) -> tuple[str, str]:
    """Give the parent and the own name that *full_name*, of so many *parts*, consists of.

    Raises:
        ApiError: 400; it has another number of parts.

    >>> split("main.default.people", 3)
    ('main.default', 'people')
    """
    found = full_name.split(".")
    if len(found) != parts or not all(found):
        kind = {1: "catalog", 2: "catalog.schema", 3: "catalog.schema.name"}[parts]
        raise invalid(f"'{full_name[:NAME_LIMIT]}' is not a valid name: expected {kind}.")
    return ".".join(found[:-1]), found[-1]


def is_name(name: str) -> bool:
    """Tell whether a catalog, or what lies in it, may be called *name*."""
    odd = not name or not name.isprintable() or not _FORBIDDEN.isdisjoint(name)
    return not odd and len(name.encode()) <= NAME_LIMIT


def checked_name(name: str) -> str:
    """Give *name* as it is kept, in lower case.

    Raises:
        ApiError: 400; it is empty, too long, or has a dot, a slash, a space or a control character.
    """
    if not is_name(name):
        raise invalid(
            f"Invalid name {name[:NAME_LIMIT]!r}: give 1 to {NAME_LIMIT} bytes without dots,"
            " slashes, spaces and control characters."
        )
    return name.lower()
