"""Steps that run SQL statements on a warehouse."""

import json
import math
import re
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol, TypeAlias, cast

import attrs
import msgspec
from returns.result import Success

from dara_fp.core.context import Evolves
from dara_fp.core.errors import Kind, Outcome, StepError, StepFailed, fail
from dara_fp.core.pipeline import step
from dara_fp.core.saga import on_cancel
from dara_fp.core.scope import Position
from dara_fp.databricks.environment import HasWorkspace
from dara_fp.databricks.errors import DatabricksError
from dara_fp.databricks.sql.records import Statement
from dara_fp.databricks.sql.rows import Rows
from dara_fp.databricks.sql.values import Row
from dara_fp.steps.beginning import begun

__all__ = [
    "Cell",
    "RunsSql",
    "SavedRows",
    "SavesRows",
    "SqlResult",
    "await_sql",
    "cancel_sql",
    "execute_sql",
    "save_rows",
    "submit_sql",
]

Cell: TypeAlias = str | int | float | bool | None
"""A value as a context keeps it; what JSON has no word for is text."""

_SHOWN = 20  # rows that are kept in the context
_LONGEST = 1_000  # characters of a text that are kept
_PATIENCE = 60.0  # seconds for which a statement of an earlier worker is looked for
_READS = re.compile(r"(?is)\s*(SELECT|SHOW|DESCRIBE|DESC|EXPLAIN|VALUES|LIST)\b")


@attrs.frozen(kw_only=True)
class SqlResult:
    """A statement and the beginning of its result.

    Attributes:
        statement_id: Names the statement; `workspace.sql.rows(statement_id)` gives all its rows,
            for an hour.
        row_count: How many rows there are; None before it has ended.
        columns: Names of the columns.
        first_rows: The first 20 rows, long texts cut.
    """

    statement_id: str
    row_count: int | None = None
    columns: tuple[str, ...] = ()
    first_rows: tuple[tuple[Cell, ...], ...] = ()


@attrs.frozen(kw_only=True)
class SavedRows:
    """The rows of a statement in a file.

    Attributes:
        path: The file: JSON lines, an object a row.
        rows: How many rows it has.
        size: Its length in bytes.
    """

    path: str
    rows: int
    size: int


class SavesRows(Evolves, Protocol):
    """What `save_rows` needs of a context."""

    @property
    def sql_result(self) -> SqlResult | None:
        """The statement whose rows are saved."""
        ...

    @property
    def rows_path(self) -> str:
        """Where they go, such as `/Volumes/main/default/out/rows.jsonl`."""
        ...

    @property
    def saved_rows(self) -> SavedRows | None:
        """What `save_rows` makes."""
        ...


class RunsSql(Evolves, Protocol):
    """What the steps of this file need of a context."""

    @property
    def statement(self) -> str:
        """The statement, with `:name` where a parameter goes."""
        ...

    @property
    def statement_parameters(self) -> Mapping[str, Cell]:
        """Values of the parameters, by name."""
        ...

    @property
    def warehouse_id(self) -> str:
        """Where it runs; empty for `DATABRICKS_WAREHOUSE_ID`."""
        ...

    @property
    def sql_result(self) -> SqlResult | None:
        """The statement these steps run."""
        ...


@step
async def submit_sql(ctx: RunsSql, env: HasWorkspace, at: Position) -> Outcome[RunsSql]:
    """Start the statement once (`POST sql/statements`).

    The API takes no token, so the statement carries one in a comment. A worker that goes on after
    another looks for that in the query history (`GET sql/history/queries`); where it finds nothing,
    a statement that only reads is started, and any other fails as one in doubt.
    """
    sql, warehouse_id = env.workspace.sql, _warehouse(ctx, env)
    found = await _begun_before(ctx, env, at, _PATIENCE)
    if found is None and at.reported and not _READS.match(ctx.statement):
        raise _in_doubt(at)
    # Recorded before the request, so that whoever goes on knows that there can be a statement.
    await at.report("sending the statement")
    if found is None:
        request = sql.submit(
            ctx.statement,
            warehouse_id=warehouse_id,
            parameters=ctx.statement_parameters,
            token=at.token,
        )
        try:
            found = await begun(request, at, stop=sql.cancel, named="statement {}".format)
        except DatabricksError as error:
            doubt = error.error.in_doubt and not _READS.match(ctx.statement)
            raise error.changed(in_doubt=doubt) from None
    return Success(ctx.evolve(sql_result=SqlResult(statement_id=found)))


@step
async def await_sql(ctx: RunsSql, env: HasWorkspace, at: Position) -> Outcome[RunsSql]:
    """Wait for the statement (`GET sql/statements/{id}`), and keep the beginning of its result.

    The rows are fetched from the workspace's store, by the addresses that it gives.
    """
    if ctx.sql_result is None:
        return fail("there is no statement to wait for: put submit_sql before await_sql")
    statement_id, seen = ctx.sql_result.statement_id, ""

    async def report(statement: Statement) -> None:
        nonlocal seen
        if statement.state != seen:
            await at.report(f"statement {statement_id} is {statement.state}")
        seen = statement.state

    await env.workspace.sql.wait(statement_id, on_state=report)
    rows = await env.workspace.sql.rows(statement_id)
    result = SqlResult(
        statement_id=statement_id,
        row_count=rows.row_count,
        columns=tuple(column.name for column in rows.columns),
        first_rows=await _beginning(rows),
    )
    return Success(ctx.evolve(sql_result=result))


@step
async def cancel_sql(ctx: RunsSql, env: HasWorkspace, at: Position) -> Outcome[RunsSql]:
    """Ask for the statement to be stopped, if there is one (`POST sql/statements/{id}/cancel`).

    One whose id got lost on its way is looked for once (`GET sql/history/queries`).
    """
    found = ctx.sql_result.statement_id if ctx.sql_result else None
    if found is None:
        found = await _begun_before(ctx, env, at.beside("submit_sql"), 0.0)
    if found is not None:
        await env.workspace.sql.cancel(found)
    return Success(ctx)


@step
async def save_rows(ctx: SavesRows, env: HasWorkspace, at: Position) -> Outcome[SavesRows]:
    """Store all rows in a file (`GET sql/statements/{id}/result/chunks/{n}`, `PUT fs/files`).

    They stream: neither the context nor the memory has them all; from 8 MiB on they go up in parts,
    as by `upload_file`. The file is replaced. Numbers that JSON has no word for are text: `nan`,
    `inf`, `-inf`.
    """
    if ctx.sql_result is None:
        return fail("there is no statement whose rows to save: put execute_sql before save_rows")
    rows = await env.workspace.sql.rows(ctx.sql_result.statement_id)
    if twice := _named_twice(rows):
        said = f"several columns are called {twice}, and an object has a name once: give each an AS"
        return fail(said, kind="rejected")
    count = rows.row_count

    async def lines() -> AsyncGenerator[bytes]:
        done = 0
        async with aclosing(rows.chunks()) as chunks:
            async for chunk in chunks:
                yield b"".join(map(_line, chunk))
                done += len(chunk)
                await at.report(f"saved {done} rows", min(1.0, done / count) if count else None)

    async with aclosing(lines()) as content:  # an upload that fails leaves it where it is
        size = await env.workspace.files.upload(ctx.rows_path, content, overwrite=True)
    return Success(
        ctx.evolve(saved_rows=SavedRows(path=ctx.rows_path, rows=rows.row_count, size=size))
    )


execute_sql = on_cancel(submit_sql >> await_sql, cancel_sql)
"""Run the statement once and keep the beginning of its result; one that is cut is cancelled."""


async def _begun_before(
    ctx: RunsSql, env: HasWorkspace, starting: Position, patience: float
) -> str | None:
    """Give the statement that an earlier delivery of the step *starting* began, if any did."""
    if not starting.reported:
        return None
    return await env.workspace.sql.find(
        starting.token, warehouse_id=ctx.warehouse_id or None, patience=patience
    )


async def _beginning(rows: Rows) -> tuple[tuple[Cell, ...], ...]:
    kept: list[tuple[Cell, ...]] = []
    async with aclosing(rows.chunks()) as chunks:
        async for chunk in chunks:
            wanted = chunk[: _SHOWN - len(kept)]
            kept.extend(tuple(map(_cell, row.values_in_order)) for row in wanted)
            if len(kept) == _SHOWN:
                break
    return tuple(kept)


def _named_twice(rows: Rows) -> str:
    counts = Counter(column.name for column in rows.columns)
    return ", ".join(repr(name) for name, count in counts.items() if count > 1)


def _line(row: Row) -> bytes:
    return msgspec.json.encode({name: _written(value) for name, value in row.items()}) + b"\n"


def _cell(value: Any) -> Cell:
    value = _written(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | dict):
        value = json.dumps(value, default=str, ensure_ascii=False)
    return str(value)[:_LONGEST]


def _written(value: Any) -> Any:
    """Give *value* with text in the place of numbers that JSON has no word for."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, list):
        return [_written(item) for item in cast("Sequence[Any]", value)]
    if isinstance(value, dict):
        fields = cast("Mapping[Any, Any]", value)
        return {name: _written(item) for name, item in fields.items()}
    return value


def _warehouse(ctx: RunsSql, env: HasWorkspace) -> str:
    try:
        return env.workspace.sql.warehouse(ctx.warehouse_id)
    except ValueError as error:
        raise StepFailed(StepError(kind=Kind.REJECTED, message=str(error))) from None


def _in_doubt(at: Position) -> StepFailed:
    return StepFailed(
        StepError(
            kind=Kind.FAILED,
            message="it is in doubt whether the statement was run: a worker that stopped may have"
            f" sent it, and the query history does not have it: look there for {at.token},"
            " and resume the task as a new attempt if it was not",
            in_doubt=True,
        ),
    )
