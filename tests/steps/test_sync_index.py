"""A step that has an index follow its table, and a search in an index that embeds by itself."""

import uuid

import attrs

from dara_fp import DatabricksEnv, Kind, MemoryJournal, Scope, StepContext, made, unwrap
from dara_fp.databricks.vectors.vectors import delta_sync_spec
from dara_fp.steps.vectors import SyncedIndex, find_passages, sync_index
from tests.steps.served import MODEL, Asking


@attrs.frozen(kw_only=True)
class Syncing(StepContext):
    """The least that `sync_index` takes."""

    index: str
    synced: SyncedIndex | None = made()


async def run_sql(env: DatabricksEnv, statement: str) -> None:
    workspace = env.workspace
    warehouses = await workspace.do("GET", "/api/2.0/sql/warehouses")
    body = {"statement": statement, "warehouse_id": warehouses["warehouses"][0]["id"]}
    answer = await workspace.do("POST", "/api/2.0/sql/statements", body=body)
    assert answer["status"]["state"] == "SUCCEEDED", answer


async def new_index(env: DatabricksEnv) -> tuple[str, str]:
    table = f"main.default.t{uuid.uuid4().hex[:8]}"
    await run_sql(
        env,
        f"CREATE TABLE {table} (id STRING, source STRING, text STRING)"
        " TBLPROPERTIES (delta.enableChangeDataFeed = true)",
    )
    index = f"{table}_index"
    spec = delta_sync_spec(table, text_column="text", model=MODEL)
    await env.workspace.vectors.create_index(index, "dara-demo", "id", delta_sync_index_spec=spec)
    return table, index


async def test_an_index_has_the_new_rows_of_its_table_when_the_step_ends(
    prepared: DatabricksEnv,
) -> None:
    table, index = await new_index(prepared)
    assert (await prepared.workspace.vectors.wait_until_ready(index)).status.ready
    insert = "INSERT INTO TABLE_HERE VALUES ('1', 'a', 'At noon.'), ('2', 'b', 'An apple pie.')"
    await run_sql(prepared, insert.replace("TABLE_HERE", table))
    journal = MemoryJournal()
    ended = unwrap(await sync_index(Syncing(index=index), prepared, scope=Scope(journal=journal)))
    assert ended.synced == SyncedIndex(index=index, rows=2, version=1)
    assert [message for _, message, _ in journal.reports] == [
        "ONLINE_NO_PENDING_UPDATE, 0 rows",
        "ONLINE_TRIGGERED_UPDATE, 0 rows",
        "ONLINE_NO_PENDING_UPDATE, 2 rows",
    ]
    # An index that embeds by itself needs no model to be searched.
    asking = Asking(question="baking with fruit", index=index, model="", results=1)
    [found] = unwrap(await find_passages(asking, prepared)).passages
    assert (found.source, found.text) == ("b", "An apple pie.")


async def test_an_index_without_a_table_cannot_be_synced(prepared: DatabricksEnv) -> None:
    given = Syncing(index="main.default.documents")
    error = (await sync_index(given, prepared)).failure()
    assert (error.kind, error.step, error.status) == (Kind.REJECTED, "sync_index", 400)
    assert "only DELTA_SYNC can be synced" in error.message


async def test_an_update_that_fails_is_told_by_the_step(prepared: DatabricksEnv) -> None:
    table, index = await new_index(prepared)
    await prepared.workspace.vectors.wait_until_ready(index)
    await run_sql(prepared, f"DROP TABLE {table}")
    error = (await sync_index(Syncing(index=index), prepared)).failure()
    assert (error.kind, error.error_code) == (Kind.FAILED, "ONLINE_PIPELINE_FAILED")
    assert "does not exist" in error.message
