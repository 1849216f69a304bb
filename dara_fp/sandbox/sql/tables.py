"""Tables as Delta Lake on disk: made, read, written, and what changed in them since a version.

DuckDB reads them as Arrow data sets; delta-rs, and so any other reader of Delta, reads the files.
"""

import json
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import attrs
import msgspec
from deltalake import DeltaTable, write_deltalake
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import DeltaError
from sqlglot import exp, parse_one

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.catalog.entries import Column, Table
from dara_fp.sandbox.files.paths import local_path
from dara_fp.sandbox.server.errors import ApiError, invalid
from dara_fp.sandbox.sql.types import DeltaType, column_of, of_sql

__all__ = ["FEED", "Change", "Changes", "Field", "Tables"]

FEED = "delta.enableChangeDataFeed"
"""The property of a table that keeps its changes."""

KIND, VERSION = "_change_type", "_commit_version"
LOOK_SECONDS = 0.1
MARKS = frozenset({KIND, VERSION, "_commit_timestamp"})

pa: Any = import_module("pyarrow")  # it has no types


@attrs.frozen(kw_only=True)
class Field:
    """A column as it is declared."""

    name: str
    kind: DeltaType
    nullable: bool = True
    comment: str | None = None

    @property
    def column(self) -> Column:
        """Give it as the catalog keeps it."""
        return column_of(self.name, self.kind, nullable=self.nullable, comment=self.comment)


@attrs.frozen(kw_only=True)
class Change:
    """A row that came into a table, or went, with a version."""

    kind: Literal["insert", "delete"]
    version: int
    row: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Changes:
    """What happened to a table up to *version*; within a version, what went comes first."""

    version: int
    changes: tuple[Change, ...]


def _go_on() -> None:
    """Let one who waits go on with it."""


class Tables:
    """The data of the tables that a catalog registers; every method may be called in any thread."""

    def __init__(self, catalog: Catalog, root: Path) -> None:
        """Keep the data where *catalog* says; volumes, for external tables, are below *root*."""
        self.catalog = catalog
        self._root = root
        self._lock = threading.Lock()
        self._locks: dict[str, threading.RLock] = {}

    @contextmanager
    def writing(
        self, *full_names: str, check: Callable[[], None] = _go_on
    ) -> Generator[None, None, None]:
        """Keep others from writing the tables *full_names*: who reads before it writes misses none.

        Args:
            full_names: The tables, in any order.
            check: Called again and again while one is written by another; it may raise to end this.
        """
        with ExitStack() as held:
            for name in sorted({name.lower() for name in full_names}):
                with self._lock:
                    lock = self._locks.setdefault(name, threading.RLock())
                while not lock.acquire(timeout=LOOK_SECONDS):
                    check()
                held.callback(lock.release)
            yield

    def place(self, table: Table) -> Path:
        """Give the directory of *table*.

        Raises:
            ApiError: 400; it lies outside of the sandbox's files.
        """
        if not table.storage_location or table.table_type != "EXTERNAL":
            return self.catalog.table_place(table)
        if not table.storage_location.startswith("/Volumes/"):
            raise invalid(
                f"The table '{table.full_name}' lies at {table.storage_location[:200]!r}:"
                " the sandbox reads external tables from /Volumes/... only."
            )
        return local_path(self._root, table.storage_location)

    def create(self, table: Table, fields: Sequence[Field], *, replace: bool = False) -> Table:
        """Make the empty *table* of *fields* and register it; with *replace* over another.

        An external one whose data is there already has the columns that are there.

        Raises:
            ApiError: The name is taken or not allowed, its schema is not there, or it has no
                columns.
        """
        with self.writing(table.full_name):
            self.catalog.schema(table.parent)
            place = self.place(table)
            there = DeltaTable.is_deltatable(str(place))
            declared = _fields(DeltaTable(str(place))) if there else fields
            entry = attrs.evolve(
                table, columns=tuple(field.column for field in _sound(declared, table))
            )
            kept = self.catalog.put_table(entry) if replace else self.catalog.make_table(entry)
            if not there:
                self._create(kept, fields)
            return kept

    def open(self, full_name: str) -> DeltaTable:
        """Give the table *full_name* as Delta has it; one that was only registered is made.

        Raises:
            ApiError: 404, there is none; 400, it is a view, or no Delta table lies there.
        """
        table = self.catalog.table(full_name)
        if table.view_definition is not None:
            raise invalid(f"'{table.full_name}' is a view: it has no data of its own.")
        place = self.place(table)
        if not DeltaTable.is_deltatable(str(place)):
            self._make_data(table, place)
        return DeltaTable(str(place))

    def rows(self, full_name: str, version: int | None = None) -> Any:
        """Give the rows of the table *full_name*, as of *version* or now, as an Arrow data set."""
        return _data(_as_of(self.open(full_name), version, full_name))

    def fields(self, full_name: str) -> list[Field]:
        """Give the columns of the table *full_name*, as its log has them."""
        return _fields(self.open(full_name))

    def at(self, path: str, version: int | None = None) -> Any:
        """Give the rows of the table that lies at *path* in a volume, as an Arrow data set.

        Raises:
            ApiError: 400; *path* is in no volume, there is no table, or not that version.
        """
        place = local_path(self._root, path)
        if not (path.startswith("/Volumes/") and DeltaTable.is_deltatable(str(place))):
            raise invalid(f"{path[:200]!r} is no Delta table in a volume.")
        return _data(_as_of(DeltaTable(str(place)), version, path))

    def append(self, full_name: str, rows: Any) -> None:
        """Add *rows*, an Arrow table of the same columns."""
        with self.writing(full_name):
            write_deltalake(self.open(full_name), rows, mode="append")

    def overwrite(self, full_name: str, rows: Any) -> None:
        """Put *rows* in the place of all there are."""
        with self.writing(full_name):
            write_deltalake(self.open(full_name), rows, mode="overwrite")

    def version(self, full_name: str) -> int:
        """Give the newest version of the table *full_name*."""
        return self.open(full_name).version()

    def keeps_changes(self, full_name: str) -> bool:
        """Tell whether the table *full_name* keeps its changes."""
        kept = self.open(full_name).metadata().configuration.get(FEED, "false")
        return str(kept).lower() == "true"

    def changes(self, full_name: str, since: int = -1) -> Changes:
        """Give what happened to the table *full_name* after the version *since*.

        A statement that rewrites rows without changing them leaves no change.

        Args:
            full_name: Catalog, schema and name.
            since: The last version that is known; -1 for none, which makes all rows new ones.

        Raises:
            ApiError: 404, there is no such table; 400, it does not keep its changes, or not those.
        """
        table = self.open(full_name)
        if not self.keeps_changes(full_name):
            raise invalid(
                f"Change data feed is not enabled on '{full_name}': run"
                f" ALTER TABLE {full_name} SET TBLPROPERTIES ({FEED} = true)."
            )
        version = table.version()
        if since >= version:
            return Changes(version=version, changes=())
        if since < 0:
            return Changes(version=version, changes=tuple(_all(table)))
        found = self._recorded(table, full_name, since + 1, version)
        return Changes(
            version=version,
            changes=tuple(
                Change(kind=_kind(change), version=change[VERSION], row=_without_marks(change))
                for change in _net(found.to_pylist())
            ),
        )

    def feed(self, full_name: str, since: int, until: int | None = None) -> Any:
        """Give what happened to the table *full_name* from *since* to *until* as an Arrow table.

        It has the columns of the table, then the kind, the version and the time of each change.

        Raises:
            ApiError: 404, there is no such table; 400, it does not keep its changes, or not those.
        """
        table = self.open(full_name)
        last = table.version() if until is None else until
        found = self._recorded(table, full_name, since, last)
        place = found.schema.get_field_index(VERSION)
        # Delta counts versions without a sign, which SQL has no type for.
        schema = found.schema.set(place, pa.field(VERSION, pa.int64()))
        return pa.Table.from_pylist(_net(found.to_pylist()), schema=schema)

    def _recorded(self, table: DeltaTable, full_name: str, first: int, last: int) -> Any:
        try:
            return pa.table(table.load_cdf(starting_version=first, ending_version=last))
        except DeltaError as error:
            raise invalid(
                f"The change data feed of '{full_name}' does not have the versions {first} to"
                f" {last}: {error}"
            ) from None

    def history(self, full_name: str) -> list[dict[str, Any]]:
        """Give the versions of the table *full_name*, the newest first."""
        return self.open(full_name).history()

    def set_properties(self, full_name: str, properties: Mapping[str, str]) -> None:
        """Give *properties* to the table *full_name*, in its log and in the catalog."""
        with self.writing(full_name):
            self.open(full_name).alter.set_table_properties(
                dict(properties), raise_if_not_exists=False
            )
            table = self.catalog.table(full_name)
            kept = {**table.properties, **properties}
            self.catalog.put_table(attrs.evolve(table, properties=kept))

    def add_fields(self, full_name: str, fields: Sequence[Field]) -> None:
        """Add the columns *fields* to the table *full_name*; they are null so far."""
        with self.writing(full_name):
            table = self.catalog.table(full_name)
            _sound([*self.fields(full_name), *fields], table)
            made = DeltaSchema.from_json(_schema(fields)).fields
            self.open(full_name).alter.add_columns(made)
            columns = (*table.columns, *(field.column for field in fields))
            self.catalog.put_table(attrs.evolve(table, columns=columns))

    def _make_data(self, table: Table, place: Path) -> None:
        """Make the data of the *table*, unless another has just made them at *place*."""
        with self.writing(table.full_name):
            if not DeltaTable.is_deltatable(str(place)):
                self._create(table, [_field(column) for column in table.columns])

    def _create(self, table: Table, fields: Sequence[Field]) -> None:
        _sound(fields, table)
        place = self.place(table)
        place.mkdir(parents=True, exist_ok=True)
        DeltaTable.create(
            str(place),
            schema=DeltaSchema.from_json(_schema(fields)),
            name=table.name,
            description=table.comment,
            configuration={
                key: value for key, value in table.properties.items() if key.startswith("delta.")
            },
        )


def _sound(fields: Sequence[Field], table: Table) -> Sequence[Field]:
    if not fields:
        raise invalid(f"The table '{table.full_name}' has no columns: declare some.")
    names = [field.name.lower() for field in fields]
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        said = f"The column `{twice[0]}` already exists. Choose another name for one of the two."
        raise ApiError(status=400, error_code="COLUMN_ALREADY_EXISTS", message=said)
    return fields


def _as_of(table: DeltaTable, version: int | None, name: str) -> DeltaTable:
    if version is not None:
        try:
            table.load_as_version(version)
        except DeltaError as error:
            raise invalid(f"'{name}' has no version {version}: {error}") from None
    return table


def _fields(table: DeltaTable) -> list[Field]:
    return [
        Field(
            name=field["name"],
            kind=field["type"],
            nullable=field["nullable"],
            comment=field["metadata"].get("comment"),
        )
        for field in json.loads(table.schema().to_json())["fields"]
    ]


def _schema(fields: Sequence[Field]) -> str:
    made = [
        {
            "name": field.name,
            "type": "string" if field.kind == "void" else field.kind,
            "nullable": field.nullable,
            "metadata": {} if field.comment is None else {"comment": field.comment},
        }
        for field in fields
    ]
    return json.dumps({"type": "struct", "fields": made})


def _field(column: Column) -> Field:
    """Give the *column* that was declared to the catalog as a field."""
    declared = column.type_text or column.type_name
    kind = parse_one(declared, read="databricks", into=exp.DataType)
    return Field(
        name=column.name, kind=of_sql(kind), nullable=column.nullable, comment=column.comment
    )


def _data(table: Any) -> Any:
    return table.to_pyarrow_dataset()


def _all(table: DeltaTable) -> Iterator[Change]:
    for batch in _data(table).to_batches():
        for row in batch.to_pylist():
            yield Change(kind="insert", version=table.version(), row=row)


def _net(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the changes without rows that went and came back with one version, in order."""
    groups: dict[tuple[int, bytes], list[dict[str, Any]]] = {}
    for change in found:
        row = msgspec.json.encode(_without_marks(change), order="deterministic")
        groups.setdefault((change[VERSION], row), []).append(change)
    left = [change for same in groups.values() for change in _uneven(same)]
    return sorted(left, key=lambda change: (change[VERSION], _kind(change) == "insert"))


def _uneven(same: list[dict[str, Any]]) -> list[dict[str, Any]]:
    came = [change for change in same if _kind(change) == "insert"]
    went = [change for change in same if _kind(change) == "delete"]
    return came[len(went) :] or went[len(came) :]


def _kind(change: Mapping[str, Any]) -> Literal["insert", "delete"]:
    return "insert" if change[KIND] in {"insert", "update_postimage"} else "delete"


def _without_marks(change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in change.items() if name not in MARKS}
