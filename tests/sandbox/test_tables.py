"""Tables of the sandbox: SQL writes real Delta Lake, and other readers of Delta read the same."""

import uuid
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.catalog import ColumnInfo, ColumnTypeName, DataSourceFormat, TableType
from deltalake import DeltaTable

from dara_fp.sandbox.catalog.catalog import Catalog
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.engine import SqlEngine
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.session import Asked, Session
from dara_fp.sandbox.sql.tables import Change, Tables

Say = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def engine(tmp_path: Path) -> SqlEngine:
    root = tmp_path / "files"
    (root / "Volumes/main/default/in").mkdir(parents=True)
    return SqlEngine(
        tables=Tables(Catalog(tmp_path / "catalog", root / "Volumes"), root), root=root
    )


@pytest.fixture
def say(engine: SqlEngine) -> Say:
    session = Session()

    def run(statement: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]]
        found = engine.run(Asked(text=statement), session, Running()).to_pylist()
        return found

    return run


@pytest.fixture
def people(say: Say) -> Say:
    """Make a table of two people that keeps its changes."""
    say(
        "create table people (id bigint not null comment 'key', name string, born date)"
        " comment 'known' tblproperties (delta.enableChangeDataFeed = true)"
    )
    say("insert into people values (1, 'Ada', date'1815-12-10'), (2, 'Alan', date'1912-06-23')")
    return say


def names(say: Say) -> list[str]:
    return [row["name"] for row in say("select name from people order by id")]


def test_another_reader_of_delta_finds_the_rows(people: Say, engine: SqlEngine) -> None:
    catalog = engine.tables.catalog
    place = catalog.table_place(catalog.table("main.default.people"))
    table: Any = DeltaTable(str(place))  # its rows have no types
    assert table.version() == 1
    found = table.to_pyarrow_table().to_pylist()
    assert [row["name"] for row in found] == ["Ada", "Alan"]
    assert (place / "_delta_log" / "00000000000000000001.json").is_file()


def test_a_table_is_described_as_it_was_declared(people: Say) -> None:
    assert [tuple(row.values()) for row in people("describe people")] == [
        ("id", "bigint", "key"),
        ("name", "string", None),
        ("born", "date", None),
    ]
    told = {row["col_name"]: row["data_type"] for row in people("describe extended people")}
    assert (told["Comment"], told["Type"], told["Provider"]) == ("known", "MANAGED", "delta")
    [row] = people("show tblproperties people")
    assert row == {"key": "delta.enableChangeDataFeed", "value": "true"}


def test_an_insert_says_how_many_rows_there_are(people: Say) -> None:
    [counts] = people("insert into people (name, id) values ('Grace', 3)")
    assert counts == {"num_affected_rows": 1, "num_inserted_rows": 1}
    assert people("select born from people where id = 3") == [{"born": None}]
    people("insert into people by name select 'Edsger' as name, 4 as id")
    assert names(people) == ["Ada", "Alan", "Grace", "Edsger"]
    people("insert overwrite people select * from people where id = 4")
    assert names(people) == ["Edsger"]


def test_an_update_sees_other_tables_and_its_own(people: Say) -> None:
    people("create table renamed as select 2 as id, 'Alan T.' as name")
    [counts] = people(
        "update people as p set p.name = (select r.name from renamed r where r.id = p.id)"
        " where p.id in (select id from renamed)"
    )
    assert counts == {"num_affected_rows": 1}
    assert names(people) == ["Ada", "Alan T."]


def test_a_delete_can_look_at_the_table_it_deletes_from(people: Say) -> None:
    [counts] = people("delete from people where born = (select max(born) from people)")
    assert (counts, names(people)) == ({"num_affected_rows": 1}, ["Ada"])
    assert people("truncate table people") == [{"num_affected_rows": 1}]
    assert people("select count(*) as n from people") == [{"n": 0}]


@pytest.mark.parametrize(
    ("taken", "made"),
    [
        ("update set *", "insert *"),
        (
            "update set people.name = news.name, born = news.born",
            "insert (id, name, born) values (news.id, news.name, news.born)",
        ),
    ],
)
def test_a_merge_updates_deletes_and_inserts(people: Say, taken: str, made: str) -> None:
    people("insert into people values (3, 'gone', null)")
    people(
        "create view news as select * from values (2L, 'Alan T.', date'1912-06-23'),"
        " (3L, 'gone', null), (4L, 'Grace', null) as t(id, name, born)"
    )
    [counts] = people(
        "merge into people using news on people.id = news.id"
        f" when matched and news.name = 'gone' then delete when matched then {taken}"
        f" when not matched then {made}"
    )
    assert list(counts.values()) == [3, 1, 1, 1]
    assert names(people) == ["Ada", "Alan T.", "Grace"]


@pytest.mark.parametrize(
    ("statement", "state", "said"),
    [
        ("insert into people (name) values ('x')", "23502", "NOT NULL constraint violated"),
        ("update people set id = null", "23502", "for column: id"),
        ("insert into people values (1)", "21S01", "not enough data columns: 3 expected, 1 given"),
        ("insert into people (nix) values (1)", "42703", "`nix`"),
        ("insert into people values ('a', 'b', null)", "22018", "Could not convert"),
        ("create table people (id int)", "42P07", "already exists"),
        ("create table nowhere.t (id int)", "42704", "`main`.`nowhere`"),
        ("create table t (id interval)", "0A000", "The sandbox does not do"),
        ("create table t (id bigint generated always as identity)", "0A000", "GENERATED ALWAYS"),
        ("create table t using delta", "42000", "has no columns"),
        ("create table t (id int) location '/etc'", "42000", "from /Volumes/... only"),
        ("create table t (id int) using csv", "0A000", "the format CSV"),
        ("select * from people version as of 9", "42000", "has no version 9"),
    ],
)
def test_what_does_not_fit_is_refused_and_leaves_the_table_as_it_is(
    people: Say, statement: str, state: str, said: str
) -> None:
    with pytest.raises(SqlError) as caught:
        people(statement)
    assert caught.value.sql_state == state
    assert said in caught.value.message
    assert names(people) == ["Ada", "Alan"]


def test_an_older_version_can_be_read(people: Say) -> None:
    people("delete from people where id = 1")
    assert people("select name from people version as of 1 order by id")[0] == {"name": "Ada"}
    history = people("describe history people")
    assert [row["version"] for row in history] == [2, 1, 0]


def test_a_statement_that_changes_nothing_makes_no_version(people: Say, engine: SqlEngine) -> None:
    people("delete from people where id = 99")
    people("insert into people select * from people where false")
    assert engine.tables.version("main.default.people") == 1


def test_changes_since_a_version_are_only_the_rows_that_changed(
    people: Say, engine: SqlEngine
) -> None:
    full_name = "main.default.people"
    everything = engine.tables.changes(full_name)
    assert (everything.version, {change.kind for change in everything.changes}) == (1, {"insert"})
    people("update people set name = 'Countess Ada' where id = 1")
    people("insert into people values (3, 'Grace', null)")
    since = engine.tables.changes(full_name, 1)
    assert since.version == 3
    assert [(change.version, change.kind, change.row["name"]) for change in since.changes] == [
        (2, "delete", "Ada"),
        (2, "insert", "Countess Ada"),
        (3, "insert", "Grace"),
    ]
    assert engine.tables.changes(full_name, 3).changes == ()
    feed = people("select name, _change_type as kind from table_changes('people', 2, 2)")
    assert sorted(row["kind"] for row in feed) == ["delete", "insert"]


def test_equal_rows_that_stay_are_no_change(people: Say, engine: SqlEngine) -> None:
    people("insert into people values (7, 'twin', null), (7, 'twin', null), (7, 'twin', null)")
    people("delete from people where id = 2")
    found = engine.tables.changes("main.default.people", 2).changes
    assert [change.row["id"] for change in found] == [2]
    assert isinstance(found[0], Change)


def test_a_table_that_keeps_no_changes_says_how_to_let_it(say: Say, engine: SqlEngine) -> None:
    say("create table quiet as select 1 as id")
    with pytest.raises(ApiError, match=r"ALTER TABLE main\.default\.quiet SET") as caught:
        engine.tables.changes("main.default.quiet")
    say(caught.value.message.rpartition("run ")[2].rstrip("."))
    assert len(engine.tables.changes("main.default.quiet").changes) == 1
    with pytest.raises(ApiError, match="does not have the versions 0 to 2"):
        engine.tables.feed("main.default.quiet", 0)


def test_columns_can_be_added(people: Say) -> None:
    people("alter table people add column field string comment 'of work'")
    people("insert into people values (3, 'Grace', null, 'compilers')")
    found = people("select name, field from people order by id")
    assert found[0] == {"name": "Ada", "field": None}
    assert found[2] == {"name": "Grace", "field": "compilers"}


def test_a_view_means_the_same_from_anywhere(people: Say) -> None:
    people("create view old as select name from people where id = 1")
    people("create schema main.other")
    people("use main.other")
    assert people("select * from main.default.old") == [{"name": "Ada"}]
    assert people("select current_schema() as s, current_catalog() as c") == [
        {"s": "other", "c": "main"}
    ]
    with pytest.raises(SqlError, match="`people` cannot be found"):
        people("select * from people")


def test_replacing_a_table_leaves_nothing_of_the_old_one(people: Say) -> None:
    people("create or replace table people as select 'only' as word")
    assert people("select * from people") == [{"word": "only"}]
    people("drop table people")
    people("drop table if exists people")
    assert people("show tables") == []


def test_the_catalog_is_told_as_tables(people: Say) -> None:
    found = people(
        "select table_name, column_name, full_data_type from system.information_schema.columns"
        " where is_nullable = 'NO'"
    )
    assert found == [{"table_name": "people", "column_name": "id", "full_data_type": "bigint"}]
    [table] = people("show tables in catalog main schema like 'def%' like 'peo%'")
    assert (table["catalogName"], table["tableType"]) == ("main", "TABLE")
    columns = people("show columns in catalog main table like 'people' like 'b%'")
    assert [(row["col_name"], row["columnType"]) for row in columns] == [("born", "DATE")]


def test_names_in_a_with_clause_hide_tables(people: Say) -> None:
    assert people("with people as (select 'me' as name) select * from people") == [{"name": "me"}]
    assert people("select default.people.name from default.people where main.default.people.id = 1")


def test_files_of_a_volume_are_tables_too(say: Say, engine: SqlEngine) -> None:
    place = engine.root / "Volumes/main/default/in"
    (place / "a.csv").write_text("id;name\n1;Ada\n2;Alan\n")
    (place / "b.jsonl").write_text('{"id": 1, "tags": ["x"]}\n{"id": 2}\n')
    (place / "c.txt").write_text('one, "line"\nanother\n')
    there = "/Volumes/main/default/in"
    csv = f"from read_files('{there}/a.csv', format => 'csv', header => true, sep => ';')"
    assert say(f"select name {csv} where id = 2") == [{"name": "Alan"}]
    assert say("select * from json.`/Volumes/main/default/in/b.jsonl`") == [
        {"id": 1, "tags": ["x"]},
        {"id": 2, "tags": None},
    ]
    [first, _] = say("select value from text.`/Volumes/main/default/in/c.txt`")
    assert first == {"value": 'one, "line"'}
    say(f"create table loaded as select * {csv}")
    assert say("select count(*) as n from loaded") == [{"n": 2}]
    with pytest.raises(SqlError, match="Invalid path"):
        say("select * from csv.`/Volumes/main/default/in/../../../../../etc/passwd`")


def test_a_table_elsewhere_in_a_volume_is_shared_by_those_who_name_it(say: Say) -> None:
    place = "'/Volumes/main/default/in/t'"
    say(f"create table outer_one (n int) using delta location {place}")
    say("insert into outer_one values (1), (2)")
    say(f"create table other_one using delta location {place}")
    say("delete from other_one where n = 1")
    assert say("select n from outer_one") == [{"n": 2}]
    say("drop table outer_one")
    assert say("select n from delta.`/Volumes/main/default/in/t`") == [{"n": 2}]
    assert say("select n from delta.`/Volumes/main/default/in/t` version as of 0") == []


def test_tables_and_views_are_there_after_a_restart(
    people: Say, engine: SqlEngine, tmp_path: Path
) -> None:
    people("create view old as select name from people where id = 1")
    catalog = Catalog(tmp_path / "catalog", engine.root / "Volumes")
    later = SqlEngine(tables=Tables(catalog, engine.root), root=engine.root)
    found = later.run_script("select * from old union all select name from people where id = 2")
    assert found.to_pylist() == [{"name": "Ada"}, {"name": "Alan"}]


def test_a_script_gives_the_last_result(engine: SqlEngine) -> None:
    script = "create table s (n int); insert into s values (1), (2); select sum(n) as n from s;"
    assert engine.run_script(script).to_pylist() == [{"n": 3}]


def test_a_table_that_was_registered_by_the_api_can_be_filled(workspace: WorkspaceClient) -> None:
    name = f"t_{uuid.uuid4().hex}"
    workspace.tables.create(
        name=name,
        catalog_name="main",
        schema_name="default",
        table_type=TableType.MANAGED,
        data_source_format=DataSourceFormat.DELTA,
        storage_location="",
        columns=[
            ColumnInfo(name="id", type_name=ColumnTypeName.LONG, type_text="bigint"),
            ColumnInfo(name="s", type_name=ColumnTypeName.STRING, type_text="string"),
        ],
    )
    warehouse = next(iter(workspace.warehouses.list())).id or ""
    execute = workspace.statement_execution.execute_statement
    execute(f"insert into main.default.{name} values (1, 'x')", warehouse)  # noqa: S608 - our name
    found = execute("select * " + f"from main.default.{name}", warehouse).result
    assert found is not None
    assert found.data_array == [["1", "x"]]
    assert workspace.tables.exists(f"main.default.{name}").table_exists
    execute(f"drop table main.default.{name}", warehouse)
    assert not workspace.tables.exists(f"main.default.{name}").table_exists


def test_a_file_that_was_uploaded_can_be_asked_at_once(
    workspace: WorkspaceClient, volume: str
) -> None:
    workspace.files.upload(f"{volume}/x.csv", BytesIO(b"a,b\n1,2\n"))
    warehouse = next(iter(workspace.warehouses.list())).id or ""
    statement = "select b " + f"from read_files('{volume}/x.csv', header => true)"
    found = workspace.statement_execution.execute_statement(statement, warehouse).result
    assert found is not None
    assert found.data_array == [["2"]]
