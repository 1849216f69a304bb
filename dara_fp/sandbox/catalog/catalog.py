"""Unity Catalog as a registry: what there is, where it lies on disk, and what may be dropped."""

import shutil
import threading
from pathlib import Path

import attrs

from dara_fp.sandbox.catalog.entries import (
    CatalogEntry,
    Schema,
    Table,
    Volume,
    is_name,
    split,
)
from dara_fp.sandbox.catalog.shelf import Shelf
from dara_fp.sandbox.server.errors import ApiError

__all__ = ["Catalog"]

_FIRST = "main.default"


class Catalog:
    """All catalogs of one workspace; `main` with its schema `default` is there from the start.

    Every method may be called from any thread. A volume that is only a directory, because a file
    was stored in it, counts as made, together with its schema and its catalog.
    """

    def __init__(self, directory: Path, volumes: Path) -> None:
        """Keep the registry in *directory*; files of volumes are below *volumes*."""
        self._lock = threading.RLock()
        self._volumes_at = volumes
        self._tables_at = directory / "data"
        self._catalogs = Shelf(directory / "catalogs", CatalogEntry, "Catalog", "CATALOG")
        self._schemas = Shelf(directory / "schemas", Schema, "Schema", "SCHEMA")
        self._volumes = Shelf(directory / "volumes", Volume, "Volume", "VOLUME")
        self._tables = Shelf(directory / "tables", Table, "Table", "TABLE")
        if not directory.exists():
            self._need_schema(_FIRST)

    def catalogs(self) -> list[CatalogEntry]:
        """Give all catalogs, by name."""
        with self._lock:
            self._find_volumes()
            return self._catalogs.below("")

    def catalog(self, name: str) -> CatalogEntry:
        """Give the catalog *name*.

        Raises:
            ApiError: 404; there is none.
        """
        with self._lock:
            self._find_volumes()
            return self._catalogs.get(name)

    def make_catalog(self, entry: CatalogEntry) -> CatalogEntry:
        """Make the catalog *entry* with a schema `default`, as the real thing does.

        Raises:
            ApiError: 400; the name is taken or not allowed.
        """
        with self._lock:
            self._find_volumes()
            made = self._catalogs.add(entry)
            self._schemas.put(Schema(name="default", parent=made.name))
            return made

    def put_catalog(self, entry: CatalogEntry) -> CatalogEntry:
        """Keep *entry* in the place of the catalog of its name."""
        with self._lock:
            return self._catalogs.put(entry)

    def drop_catalog(self, name: str, *, force: bool = False) -> None:
        """Drop the catalog *name*; with *force* together with all that is in it.

        Raises:
            ApiError: 404, there is none; 400, it has more than an empty schema `default`.
        """
        with self._lock:
            entry = self.catalog(name)
            schemas = self.schemas(name)
            left = [known for known in schemas if known.name != "default" or self._held(known)]
            if left and not force:
                raise ApiError(
                    status=400,
                    error_code="CATALOG_NOT_EMPTY",
                    message=f"Catalog '{entry.name}' is not empty. The catalog has"
                    f" {len(schemas)} schema(s): drop them first, or pass force=true.",
                )
            for schema in schemas:
                self._drop_schema(schema)
            self._catalogs.drop(entry, self._volumes_at / entry.name)

    def schemas(self, catalog: str) -> list[Schema]:
        """Give the schemas of *catalog*, by name.

        Raises:
            ApiError: 404; there is no such catalog.
        """
        with self._lock:
            return self._schemas.below(self.catalog(catalog).name)

    def schema(self, full_name: str) -> Schema:
        """Give the schema *full_name*.

        Raises:
            ApiError: 404, there is none, nor its catalog; 400, it is no name of a schema.
        """
        with self._lock:
            self.catalog(split(full_name, 2)[0])
            return self._schemas.get(full_name)

    def make_schema(self, entry: Schema) -> Schema:
        """Make the schema *entry*.

        Raises:
            ApiError: 400, the name is taken or not allowed; 404, there is no such catalog.
        """
        with self._lock:
            parent = self.catalog(entry.parent).name
            return self._schemas.add(attrs.evolve(entry, parent=parent))

    def put_schema(self, entry: Schema) -> Schema:
        """Keep *entry* in the place of the schema of its name."""
        with self._lock:
            return self._schemas.put(entry)

    def drop_schema(self, full_name: str, *, force: bool = False) -> None:
        """Drop the schema *full_name*; with *force* together with all that is in it.

        Raises:
            ApiError: 404, there is none; 400, it is not empty.
        """
        with self._lock:
            entry = self.schema(full_name)
            if (held := self._held(entry)) and not force:
                raise ApiError(status=400, error_code="SCHEMA_NOT_EMPTY", message=held)
            self._drop_schema(entry)

    def volumes(self, schema: str) -> list[Volume]:
        """Give the volumes of *schema*, by name.

        Raises:
            ApiError: 404; there is no such schema.
        """
        with self._lock:
            return self._volumes.below(self.schema(schema).full_name)

    def volume(self, full_name: str) -> Volume:
        """Give the volume *full_name*.

        Raises:
            ApiError: 404, there is none, nor its schema; 400, it is no name of a volume.
        """
        with self._lock:
            self.schema(split(full_name, 3)[0])
            return self._volumes.get(full_name)

    def make_volume(self, entry: Volume) -> Volume:
        """Make the volume *entry* and its directory.

        Raises:
            ApiError: 400, the name is taken or not allowed; 404, there is no such schema.
        """
        with self._lock:
            parent = self.schema(entry.parent).full_name
            made = self._volumes.add(attrs.evolve(entry, parent=parent))
            self.volume_place(made).mkdir(parents=True, exist_ok=True)
            return made

    def put_volume(self, entry: Volume) -> Volume:
        """Keep *entry* in the place of the volume of its name."""
        with self._lock:
            return self._volumes.put(entry)

    def rename_volume(self, entry: Volume, name: str) -> Volume:
        """Give the volume *entry*, and its directory, another *name*.

        Raises:
            ApiError: 400; the name is taken or not allowed.
        """
        with self._lock:
            renamed = self._volumes.rename(entry, name)
            self.volume_place(entry).rename(self.volume_place(renamed))
            return renamed

    def drop_volume(self, full_name: str) -> None:
        """Drop the volume *full_name* and its files.

        Raises:
            ApiError: 404; there is none.
        """
        with self._lock:
            entry = self.volume(full_name)
            self._volumes.drop(entry, self.volume_place(entry))

    def volume_place(self, entry: Volume) -> Path:
        """Give the directory of the volume *entry*."""
        return self._volumes_at.joinpath(*entry.full_name.split("."))

    def tables(self, schema: str) -> list[Table]:
        """Give the tables and views of *schema*, by name.

        Raises:
            ApiError: 404; there is no such schema.
        """
        with self._lock:
            return self._tables.below(self.schema(schema).full_name)

    def table(self, full_name: str) -> Table:
        """Give the table or view *full_name*.

        Raises:
            ApiError: 404, there is none, nor its schema; 400, it is no name of a table.
        """
        with self._lock:
            self.schema(split(full_name, 3)[0])
            return self._tables.get(full_name)

    def has_table(self, full_name: str) -> bool:
        """Tell whether there is a table or view *full_name*."""
        with self._lock:
            return full_name in self._tables

    def make_table(self, entry: Table) -> Table:
        """Register the table *entry*, whose data may be at `table_place(entry)` already.

        Raises:
            ApiError: 400, the name is taken or not allowed; 404, there is no such schema.
        """
        with self._lock:
            parent = self.schema(entry.parent).full_name
            return self._tables.add(attrs.evolve(entry, parent=parent))

    def put_table(self, entry: Table) -> Table:
        """Keep *entry* in the place of the table of its name, if there is one.

        The data of one with another id goes, as `CREATE OR REPLACE` wants it.
        """
        with self._lock:
            if entry.full_name not in self._tables:
                return self.make_table(entry)
            before = self._tables.get(entry.full_name)
            kept = self._tables.put(attrs.evolve(entry, name=before.name, parent=before.parent))
            if before.id != kept.id:
                shutil.rmtree(self.table_place(before), ignore_errors=True)
            return kept

    def drop_table(self, full_name: str) -> None:
        """Drop the table or view *full_name*, and the data where the sandbox keeps it.

        Raises:
            ApiError: 404; there is none.
        """
        with self._lock:
            entry = self.table(full_name)
            self._tables.drop(entry, self.table_place(entry))

    def table_place(self, entry: Table) -> Path:
        """Give the directory for the data of the table *entry*; it stays when the name changes."""
        return self._tables_at / entry.id

    def _drop_schema(self, entry: Schema) -> None:
        for table in self._tables.below(entry.full_name):
            self._tables.drop(table, self.table_place(table))
        for volume in self._volumes.below(entry.full_name):
            self._volumes.drop(volume, self.volume_place(volume))
        self._schemas.drop(entry, self._volumes_at.joinpath(*entry.full_name.split(".")))

    def _held(self, schema: Schema) -> str:
        """Tell what is in *schema*, in the workspace's words; nothing is the empty text."""
        tables = len(self._tables.below(schema.full_name))
        volumes = len(self._volumes.below(schema.full_name))
        if not (tables or volumes):
            return ""
        return (
            f"Schema '{schema.full_name}' is not empty. The schema has {tables} tables(s),"
            f" 0 functions(s), {volumes} volumes(s)"
        )

    def _need_schema(self, full_name: str) -> None:
        catalog, name = full_name.split(".")
        if catalog not in self._catalogs:
            self._catalogs.put(CatalogEntry(name=catalog))
        if full_name not in self._schemas:
            self._schemas.put(Schema(name=name, parent=catalog))

    def _find_volumes(self) -> None:
        """Register the volumes that came into being by a file that was stored in them."""
        for place in self._volumes_at.glob("*/*/*"):
            catalog, schema, name = parts = place.parts[-3:]
            if not all(map(is_name, parts)) or not place.is_dir():
                continue
            if f"{catalog}.{schema}.{name}" not in self._volumes:
                self._need_schema(f"{catalog}.{schema}")
                self._volumes.put(Volume(name=name, parent=f"{catalog}.{schema}"))
