"""Catalogs, schemas, volumes and tables, as the unmodified official SDK sees them."""

import json
import uuid
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import BadRequest, NotFound
from databricks.sdk.service.catalog import (
    ColumnInfo,
    ColumnTypeName,
    DataSourceFormat,
    TableType,
    VolumeType,
)

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.catalog.entries import Column, Schema, Table
from tests.sandbox.served import Served

if TYPE_CHECKING:
    from collections.abc import Callable

UC = "/api/2.1/unity-catalog"


@pytest.fixture
def name() -> str:
    return f"c{uuid.uuid4().hex}"


@pytest.fixture
def catalog(workspace: WorkspaceClient, name: str) -> str:
    workspace.catalogs.create(name, comment="ours", properties={"team": "a"})
    return name


def external(workspace: WorkspaceClient, schema: str, name: str) -> None:
    above, own = schema.split(".")
    column = ColumnInfo(
        name="Id", type_name=ColumnTypeName.LONG, type_text="bigint", nullable=False
    )
    workspace.tables.create(
        name=name,
        catalog_name=above,
        schema_name=own,
        table_type=TableType.EXTERNAL,
        data_source_format=DataSourceFormat.DELTA,
        storage_location="s3://bucket/people",
        columns=[column],
    )


def test_main_is_there_with_its_schema(workspace: WorkspaceClient) -> None:
    assert "main" in [known.name for known in workspace.catalogs.list()]
    found = workspace.schemas.get("main.default")
    assert (found.full_name, found.catalog_name, found.name) == ("main.default", "main", "default")


def test_a_catalog_is_made_found_changed_and_dropped(
    workspace: WorkspaceClient, catalog: str
) -> None:
    found = workspace.catalogs.get(catalog.upper())
    assert (found.name, found.comment, found.properties) == (catalog, "ours", {"team": "a"})
    assert [known.name for known in workspace.schemas.list(catalog)] == ["default"]
    changed = workspace.catalogs.update(catalog, comment="theirs", owner="someone")
    assert (changed.comment, changed.owner, changed.properties) == (
        "theirs",
        "someone",
        {"team": "a"},
    )
    with pytest.raises(BadRequest, match=f"Catalog '{catalog}' already exists"):
        workspace.catalogs.create(catalog)
    workspace.catalogs.delete(catalog)
    with pytest.raises(NotFound, match=f"Catalog '{catalog}' does not exist"):
        workspace.catalogs.get(catalog)


def test_a_schema_that_holds_something_is_dropped_only_by_force(
    workspace: WorkspaceClient, catalog: str
) -> None:
    schema = f"{catalog}.raw"
    made = workspace.schemas.create("Raw", catalog, comment="as it came")
    assert (made.full_name, made.comment) == (schema, "as it came")
    external(workspace, schema, "people")
    workspace.volumes.create(catalog, "raw", "inbox", VolumeType.MANAGED)
    held = r"is not empty. The schema has 1 tables\(s\), 0 functions\(s\), 1 volumes\(s\)"
    with pytest.raises(BadRequest, match=f"Schema '{schema}' {held}"):
        workspace.schemas.delete(schema)
    with pytest.raises(BadRequest, match=f"Catalog '{catalog}' is not empty"):
        workspace.catalogs.delete(catalog)
    workspace.schemas.delete(schema, force=True)
    with pytest.raises(NotFound, match=f"Schema '{schema}' does not exist"):
        workspace.tables.get(f"{schema}.people")
    workspace.catalogs.delete(catalog)


def test_a_volume_is_a_directory_for_files(
    workspace: WorkspaceClient, sandbox: Served, catalog: str
) -> None:
    made = workspace.volumes.create(catalog, "default", "inbox", VolumeType.MANAGED, comment="c")
    full_name = f"{catalog}.default.inbox"
    assert (made.full_name, made.comment) == (full_name, "c")
    place = sandbox.root / f"Volumes/{catalog}/default/inbox"
    assert made.storage_location == place.as_uri()
    workspace.files.upload(f"/Volumes/{catalog}/default/inbox/a", BytesIO(b"12"))
    renamed = workspace.volumes.update(full_name, new_name="Outbox", comment="d")
    assert (renamed.name, renamed.comment, renamed.volume_id) == ("outbox", "d", made.volume_id)
    found = workspace.files.get_metadata(f"/Volumes/{catalog}/default/outbox/a")
    assert found.content_length == 2
    workspace.volumes.delete(f"{catalog}.default.outbox")
    with pytest.raises(NotFound, match="does not exist"):
        workspace.volumes.read(f"{catalog}.default.outbox")
    with pytest.raises(NotFound):
        workspace.files.get_metadata(f"/Volumes/{catalog}/default/outbox/a")


def test_a_file_makes_the_volume_that_it_lies_in(workspace: WorkspaceClient, name: str) -> None:
    workspace.files.upload(f"/Volumes/{name}/raw/inbox/a", BytesIO(b"1"))
    assert name in [known.name for known in workspace.catalogs.list()]
    (found,) = workspace.volumes.list(name, "raw")
    assert found.volume_id == workspace.volumes.read(f"{name}.raw.inbox").volume_id


def test_what_an_external_volume_needs_is_said(http: httpx.Client) -> None:
    body = {
        "catalog_name": "main",
        "schema_name": "default",
        "name": "x",
        "volume_type": "EXTERNAL",
    }
    answer = http.post(f"{UC}/volumes", json=body)
    assert (answer.status_code, "storage_location" in answer.json()["message"]) == (400, True)
    body |= {"volume_type": "MANAGED", "storage_location": "s3://b"}
    assert http.post(f"{UC}/volumes", json=body).status_code == 400
    answer = http.post(f"{UC}/volumes", json=body | {"volume_type": "OTHER"})
    assert (answer.status_code, "volume_type" in answer.json()["message"]) == (400, True)


def test_a_table_is_registered_looked_at_and_dropped(
    workspace: WorkspaceClient, catalog: str
) -> None:
    external(workspace, f"{catalog}.default", "People")
    full_name = f"{catalog}.default.people"
    assert workspace.tables.exists(full_name).table_exists
    found = workspace.tables.get(full_name)
    assert (found.table_type, found.data_source_format) == (
        TableType.EXTERNAL,
        DataSourceFormat.DELTA,
    )
    assert found.storage_location == "s3://bucket/people"
    assert found.columns
    (column,) = found.columns
    assert (column.name, column.type_name, column.position) == ("Id", ColumnTypeName.LONG, 0)
    assert column.nullable is False
    with pytest.raises(BadRequest, match=f"Table '{full_name}' already exists"):
        external(workspace, f"{catalog}.default", "people")
    workspace.tables.delete(full_name)
    assert not workspace.tables.exists(full_name).table_exists
    with pytest.raises(NotFound, match=f"Table '{full_name}' does not exist"):
        workspace.tables.delete(full_name)


@pytest.mark.parametrize(
    ("given", "kind", "text"),
    [
        ({"type_text": "BIGINT"}, "LONG", "bigint"),
        ({"type_text": "INTEGER"}, "INT", "int"),
        ({"type_text": "VARCHAR(10)"}, "STRING", "string"),
        ({"type_text": "struct<a:int,b:array<string>>"}, "STRUCT", "struct<a:int,b:array<string>>"),
        ({"type_name": "LONG"}, "LONG", "bigint"),
        (
            {"type_name": "DECIMAL", "type_precision": 10, "type_scale": 2},
            "DECIMAL",
            "decimal(10,2)",
        ),
    ],
)
def test_a_column_is_declared_by_the_name_of_its_type_or_by_its_text(
    http: httpx.Client, name: str, given: dict[str, object], kind: str, text: str
) -> None:
    body = {
        "name": name,
        "catalog_name": "main",
        "schema_name": "default",
        "table_type": "MANAGED",
        "columns": [{"name": "c", **given}],
    }
    (column,) = http.post(f"{UC}/tables", json=body).json()["columns"]
    assert (column["type_name"], column["type_text"]) == (kind, text)
    field = json.loads(column["type_json"])
    assert (field["name"], field["nullable"], field["metadata"]) == ("c", True, {})
    assert http.delete(f"{UC}/tables/main.default.{name}").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"columns": [{"name": "c", "type_text": "NO_TYPE"}]}, "'NO_TYPE', which is none"),
        ({"columns": [{"name": "c"}]}, "Supported: BYTE, SHORT"),
        ({"columns": []}, "needs columns"),
        ({"table_type": "VIEW"}, "make others in SQL"),
        ({"table_type": "EXTERNAL"}, "needs a storage_location"),
    ],
)
def test_a_table_that_cannot_be_is_refused(
    http: httpx.Client, name: str, wrong: dict[str, object], said: str
) -> None:
    body = {
        "name": name,
        "catalog_name": "main",
        "schema_name": "default",
        "table_type": "MANAGED",
        "columns": [{"name": "c", "type_text": "INT"}],
    }
    refused = http.post(f"{UC}/tables", json=body | wrong)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert said in refused.json()["message"]


def test_the_owner_and_the_properties_of_a_table_are_changed(
    workspace: WorkspaceClient, http: httpx.Client, catalog: str
) -> None:
    external(workspace, f"{catalog}.default", "people")
    full_name = f"{catalog}.default.people"
    workspace.tables.update(full_name, owner="someone")
    http.patch(f"{UC}/tables/{full_name}", json={"properties": {"a": "b"}})
    found = workspace.tables.get(full_name)
    assert (found.owner, found.properties) == ("someone", {"a": "b"})


def test_lists_come_in_pages(workspace: WorkspaceClient, http: httpx.Client, catalog: str) -> None:
    for own in ("c", "a", "b"):
        external(workspace, f"{catalog}.default", own)
    listed = workspace.tables.list(catalog, "default", max_results=2)
    assert [known.name for known in listed] == ["a", "b", "c"]
    query: dict[str, str | int] = {
        "catalog_name": catalog,
        "schema_name": "default",
        "max_results": 2,
    }
    page = http.get(f"{UC}/tables", params=query).json()
    assert [len(page["tables"]), "next_page_token" in page] == [2, True]
    summaries = workspace.tables.list_summaries(catalog, table_name_pattern="_")
    assert len(list(summaries)) == 3
    one = workspace.tables.list_summaries(catalog, table_name_pattern="B", max_results=1)
    assert [known.full_name for known in one] == [f"{catalog}.default.b"]
    wrongs: list[dict[str, str | int]] = [
        {"max_results": -1},
        {"page_token": "?"},
        {"schema_name": ""},
    ]
    for wrong in wrongs:
        assert http.get(f"{UC}/tables", params=query | wrong).status_code == 400


@pytest.mark.parametrize("own", ["a.b", "a b", "a/b", "", "\n", "x" * 256])
def test_a_name_that_is_not_allowed_is_refused(http: httpx.Client, own: str) -> None:
    answer = http.post(f"{UC}/catalogs", json={"name": own})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_what_has_others_in_it_is_not_renamed(http: httpx.Client, catalog: str) -> None:
    for address in (f"{UC}/catalogs/{catalog}", f"{UC}/schemas/{catalog}.default"):
        refused = http.patch(address, json={"new_name": "other"})
        assert (refused.status_code, refused.json()["error_code"]) == (501, "NOT_IMPLEMENTED")


def test_what_does_not_exist_is_named(workspace: WorkspaceClient, name: str) -> None:
    asked: list[tuple[Callable[[], object], str]] = [
        (lambda: workspace.schemas.create("x", name), f"Catalog '{name}' does not exist"),
        (lambda: workspace.schemas.get(f"main.{name}"), f"Schema 'main.{name}' does not exist"),
        (lambda: list(workspace.volumes.list("main", name)), f"Schema 'main.{name}'"),
        (lambda: workspace.volumes.read(f"main.default.{name}"), "Volume 'main.default"),
        (lambda: workspace.tables.get(f"main.default.{name}"), "Table 'main.default"),
    ]
    for ask, said in asked:
        with pytest.raises(NotFound, match=said):
            ask()


def test_a_restart_knows_everything_and_replacing_a_table_drops_its_data(tmp_path: Path) -> None:
    volumes = tmp_path / "Volumes"
    catalog = Catalog(tmp_path / "catalog", volumes)
    catalog.make_schema(Schema(name="Raw", parent="MAIN"))
    first = catalog.make_table(
        Table(name="t", parent="main.raw", columns=(Column(name="a", type_name="LONG"),))
    )
    catalog.table_place(first).mkdir(parents=True)
    (volumes / "main/raw/inbox").mkdir(parents=True)
    (volumes / "main/raw/not a volume").mkdir(parents=True)
    (inbox,) = catalog.volumes("main.raw")

    catalog = Catalog(tmp_path / "catalog", volumes)
    assert catalog.tables("main.raw") == [first]
    assert catalog.volumes("main.raw") == [inbox]
    second = catalog.put_table(Table(name="T", parent="Main.Raw"))
    assert (second.full_name, catalog.tables("main.raw")) == ("main.raw.t", [second])
    assert not catalog.table_place(first).exists()
    catalog.table_place(second).mkdir(parents=True)
    catalog.drop_catalog("main", force=True)
    assert catalog.catalogs() == []
    assert not catalog.table_place(second).exists()
    assert not (volumes / "main").exists()
    assert Catalog(tmp_path / "catalog", volumes).catalogs() == []
