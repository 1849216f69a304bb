"""Unity Catalog's routes: catalogs and schemas, volumes and tables."""

import asyncio
import re
import time

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.catalog.columns import declared
from dara_fp.sandbox.catalog.entries import CatalogEntry, Schema, Table, Volume
from dara_fp.sandbox.catalog.wire import (
    CatalogBody,
    ChangeBody,
    ChildrenQuery,
    DropQuery,
    PageQuery,
    SchemaBody,
    SummariesQuery,
    TableBody,
    VolumeBody,
    catalog_json,
    changed,
    page,
    refuse_new_name,
    schema_json,
    summary_json,
    table_json,
    volume_json,
)
from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json, empty, json_response, read_body, read_query

__all__ = ["CatalogRoutes"]

_AT = "/api/2.1/unity-catalog"
_FEW, _TABLES, _VOLUMES, _SUMMARIES = 1_000, 50, 10_000, 10_000


@attrs.frozen(kw_only=True)
class CatalogRoutes:
    """The routes over *catalog*."""

    catalog: Catalog

    def routes(self) -> list[Route]:
        """Give the routes of `/api/2.1/unity-catalog`."""
        return [
            Route(f"{_AT}/catalogs", self.list_catalogs, methods=["GET"]),
            Route(f"{_AT}/catalogs", self.create_catalog, methods=["POST"]),
            Route(f"{_AT}/catalogs/{{name}}", self.get_catalog, methods=["GET"]),
            Route(f"{_AT}/catalogs/{{name}}", self.change_catalog, methods=["PATCH"]),
            Route(f"{_AT}/catalogs/{{name}}", self.drop_catalog, methods=["DELETE"]),
            Route(f"{_AT}/schemas", self.list_schemas, methods=["GET"]),
            Route(f"{_AT}/schemas", self.create_schema, methods=["POST"]),
            Route(f"{_AT}/schemas/{{name}}", self.get_schema, methods=["GET"]),
            Route(f"{_AT}/schemas/{{name}}", self.change_schema, methods=["PATCH"]),
            Route(f"{_AT}/schemas/{{name}}", self.drop_schema, methods=["DELETE"]),
            Route(f"{_AT}/volumes", self.list_volumes, methods=["GET"]),
            Route(f"{_AT}/volumes", self.create_volume, methods=["POST"]),
            Route(f"{_AT}/volumes/{{name}}", self.get_volume, methods=["GET"]),
            Route(f"{_AT}/volumes/{{name}}", self.change_volume, methods=["PATCH"]),
            Route(f"{_AT}/volumes/{{name}}", self.drop_volume, methods=["DELETE"]),
            Route(f"{_AT}/tables", self.list_tables, methods=["GET"]),
            Route(f"{_AT}/tables", self.create_table, methods=["POST"]),
            Route(f"{_AT}/tables/{{name}}", self.get_table, methods=["GET"]),
            Route(f"{_AT}/tables/{{name}}", self.change_table, methods=["PATCH"]),
            Route(f"{_AT}/tables/{{name}}", self.drop_table, methods=["DELETE"]),
            Route(f"{_AT}/tables/{{name}}/exists", self.table_exists, methods=["GET"]),
            Route(f"{_AT}/table-summaries", self.summaries, methods=["GET"]),
        ]

    async def list_catalogs(self, request: Request) -> Response:
        """Answer a page of the catalogs."""
        asked = read_query(request, PageQuery)
        return json_response(page(self.catalog.catalogs(), asked, _FEW, catalog_json, "catalogs"))

    async def create_catalog(self, request: Request) -> Response:
        """Make a catalog."""
        body = await read_body(request, CatalogBody)
        entry = CatalogEntry(name=body.name, comment=body.comment, properties=body.properties)
        return json_response(catalog_json(self.catalog.make_catalog(entry)))

    async def get_catalog(self, request: Request) -> Response:
        """Answer one catalog."""
        return json_response(catalog_json(self.catalog.catalog(_name(request))))

    async def change_catalog(self, request: Request) -> Response:
        """Change the comment, the owner or the properties of a catalog."""
        body = await read_body(request, ChangeBody)
        entry = self.catalog.catalog(_name(request))
        refuse_new_name(entry, body)
        return json_response(catalog_json(self.catalog.put_catalog(changed(entry, body, _now()))))

    async def drop_catalog(self, request: Request) -> Response:
        """Drop a catalog."""
        force = read_query(request, DropQuery).force
        await asyncio.to_thread(self.catalog.drop_catalog, _name(request), force=force)
        return empty()

    async def list_schemas(self, request: Request) -> Response:
        """Answer a page of the schemas of a catalog."""
        asked = read_query(request, ChildrenQuery)
        found = self.catalog.schemas(asked.catalog_name)
        return json_response(page(found, asked, _FEW, schema_json, "schemas"))

    async def create_schema(self, request: Request) -> Response:
        """Make a schema."""
        body = await read_body(request, SchemaBody)
        entry = Schema(
            name=body.name,
            parent=body.catalog_name,
            comment=body.comment,
            properties=body.properties,
        )
        return json_response(schema_json(self.catalog.make_schema(entry)))

    async def get_schema(self, request: Request) -> Response:
        """Answer one schema."""
        return json_response(schema_json(self.catalog.schema(_name(request))))

    async def change_schema(self, request: Request) -> Response:
        """Change the comment, the owner or the properties of a schema."""
        body = await read_body(request, ChangeBody)
        entry = self.catalog.schema(_name(request))
        refuse_new_name(entry, body)
        return json_response(schema_json(self.catalog.put_schema(changed(entry, body, _now()))))

    async def drop_schema(self, request: Request) -> Response:
        """Drop a schema."""
        force = read_query(request, DropQuery).force
        await asyncio.to_thread(self.catalog.drop_schema, _name(request), force=force)
        return empty()

    async def list_volumes(self, request: Request) -> Response:
        """Answer a page of the volumes of a schema."""
        asked = read_query(request, ChildrenQuery)
        found = self.catalog.volumes(_schema(asked))
        return json_response(page(found, asked, _VOLUMES, self._volume_json, "volumes"))

    async def create_volume(self, request: Request) -> Response:
        """Make a volume."""
        body = await read_body(request, VolumeBody)
        if body.volume_type == "EXTERNAL" and not body.storage_location:
            raise invalid("An EXTERNAL volume needs a storage_location: give one, or use MANAGED.")
        if body.volume_type == "MANAGED" and body.storage_location:
            raise invalid("A MANAGED volume has no storage_location of yours: leave it out.")
        entry = Volume(
            name=body.name,
            parent=f"{body.catalog_name}.{body.schema_name}",
            comment=body.comment,
            volume_type=body.volume_type,
            storage_location=body.storage_location,
        )
        return json_response(self._volume_json(self.catalog.make_volume(entry)))

    async def get_volume(self, request: Request) -> Response:
        """Answer one volume."""
        return json_response(self._volume_json(self.catalog.volume(_name(request))))

    async def change_volume(self, request: Request) -> Response:
        """Change the comment, the owner or the name of a volume."""
        body = await read_body(request, ChangeBody)
        entry = self.catalog.volume(_name(request))
        if body.new_name is not None and body.new_name.lower() != entry.name:
            entry = self.catalog.rename_volume(entry, body.new_name)
        kept = self.catalog.put_volume(changed(entry, body, _now()))
        return json_response(self._volume_json(kept))

    async def drop_volume(self, request: Request) -> Response:
        """Drop a volume and its files."""
        await asyncio.to_thread(self.catalog.drop_volume, _name(request))
        return empty()

    async def list_tables(self, request: Request) -> Response:
        """Answer a page of the tables of a schema."""
        asked = read_query(request, ChildrenQuery)
        found = self.catalog.tables(_schema(asked))
        return json_response(page(found, asked, _TABLES, self._table_json, "tables"))

    async def create_table(self, request: Request) -> Response:
        """Register a table: an external one where it lies, or an empty one of the sandbox's own."""
        body = await read_body(request, TableBody)
        _check_table(body)
        entry = Table(
            name=body.name,
            parent=f"{body.catalog_name}.{body.schema_name}",
            comment=body.comment,
            properties=body.properties,
            columns=tuple(map(declared, body.columns)),
            table_type=body.table_type,
            data_source_format=body.data_source_format,
            storage_location=body.storage_location if body.table_type == "EXTERNAL" else None,
        )
        return json_response(self._table_json(self.catalog.make_table(entry)))

    async def change_table(self, request: Request) -> Response:
        """Change the comment, the owner or the properties of a table."""
        body = await read_body(request, ChangeBody)
        entry = self.catalog.table(_name(request))
        refuse_new_name(entry, body)
        return json_response(self._table_json(self.catalog.put_table(changed(entry, body, _now()))))

    async def get_table(self, request: Request) -> Response:
        """Answer one table."""
        return json_response(self._table_json(self.catalog.table(_name(request))))

    async def drop_table(self, request: Request) -> Response:
        """Drop a table and its data where the sandbox keeps it."""
        await asyncio.to_thread(self.catalog.drop_table, _name(request))
        return empty()

    async def table_exists(self, request: Request) -> Response:
        """Tell whether there is a table."""
        return json_response({"table_exists": self.catalog.has_table(_name(request))})

    async def summaries(self, request: Request) -> Response:
        """Answer a page of the names and types of the tables of a catalog."""
        asked = read_query(request, SummariesQuery)
        schemas = [
            schema
            for schema in self.catalog.schemas(asked.catalog_name)
            if _is_like(schema.name, asked.schema_name_pattern)
        ]
        found = [
            table
            for schema in schemas
            for table in self.catalog.tables(schema.full_name)
            if _is_like(table.name, asked.table_name_pattern)
        ]
        return json_response(page(found, asked, _SUMMARIES, summary_json, "tables"))

    def _volume_json(self, entry: Volume) -> Json:
        return volume_json(entry, self.catalog.volume_place(entry).as_uri())

    def _table_json(self, entry: Table) -> Json:
        return table_json(entry, self.catalog.table_place(entry).as_uri())


def _name(request: Request) -> str:
    return str(request.path_params["name"])


def _check_table(body: TableBody) -> None:
    if body.table_type not in {"EXTERNAL", "MANAGED"}:
        raise invalid(
            f"table_type is {body.table_type[:60]!r}: this call makes EXTERNAL and MANAGED tables;"
            " make others in SQL."
        )
    if body.table_type == "EXTERNAL" and not body.storage_location:
        raise invalid("An EXTERNAL table needs a storage_location: say where its data lies.")
    if body.table_type == "MANAGED" and not body.columns:
        raise invalid("A MANAGED table needs columns: give at least one.")


def _schema(asked: ChildrenQuery) -> str:
    if not asked.schema_name:
        raise invalid("schema_name is missing: give the schema whose entries are wanted.")
    return f"{asked.catalog_name}.{asked.schema_name}"


def _is_like(name: str, pattern: str) -> bool:
    """Tell whether *name* matches the SQL *pattern*, case aside."""
    wanted = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern.lower())
    return re.fullmatch(wanted, name) is not None


def _now() -> int:
    return int(time.time() * 1000)
