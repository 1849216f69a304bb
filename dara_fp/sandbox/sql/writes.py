"""Statements that change rows: each is done by the engine, then written as a version of Delta."""

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from dara_fp.sandbox.sql.binding import Binding
from dara_fp.sandbox.sql.errors import expected, not_done, other_columns
from dara_fp.sandbox.sql.meaning import whole
from dara_fp.sandbox.sql.running import SqlError
from dara_fp.sandbox.sql.schema_views import table_of
from dara_fp.sandbox.sql.tables import Field
from dara_fp.sandbox.sql.types import DeltaType, duck_of

__all__ = ["fitted", "insert", "rewrite"]

_TARGET = "__target"
_KNOWN = frozenset({"this", "expression", "source", "overwrite", "by_name"})


def insert(binding: Binding, tree: exp.Insert) -> Any:
    """Do the INSERT *tree* and give its counts."""
    into = tree.this
    named = into.this if isinstance(into, exp.Schema) else into
    _refuse_parts(tree, named)
    full_name = _target(binding, named)
    with binding.tables.writing(full_name, check=binding.running.check):
        # Read where no other writes: what the query reads may be the table itself.
        fields = binding.tables.fields(full_name)
        query = binding.bound(_source(tree))
        wanted = _wanted(binding, tree, fields, query)
        rows = binding.rows(fitted(fields, wanted, query))
        _refuse_nulls(fields, rows)
        binding.running.check()
        if tree.args.get("overwrite"):
            binding.tables.overwrite(full_name, rows)
        elif rows.num_rows:
            binding.tables.append(full_name, rows)
    return _counts(num_affected_rows=rows.num_rows, num_inserted_rows=rows.num_rows)


def rewrite(binding: Binding, tree: exp.Expr) -> Any:
    """Do the UPDATE, DELETE, MERGE or TRUNCATE *tree* and give its counts."""
    named = tree.expressions[0] if isinstance(tree, exp.TruncateTable) else tree.this
    full_name = _target(binding, named)
    with binding.tables.writing(full_name, check=binding.running.check):
        fields = binding.tables.fields(full_name)
        source = binding.known(binding.tables.rows(full_name))
        binding.execute(f"CREATE TEMP TABLE {_TARGET} AS SELECT * FROM {source}")  # noqa: S608 - both are our own names
        counts = _done(binding, tree, fields, full_name)
        rows = binding.rows(fitted(fields, _names(fields), f"FROM {_TARGET}"))
        _refuse_nulls(fields, rows)
        binding.running.check()
        if any(counts.values()):
            binding.tables.overwrite(full_name, rows)
    return _counts(**counts)


def fitted(fields: Sequence[Field], names: Sequence[str], query: str) -> str:
    """Give the engine's query that fits the columns of *query*, called *names*, to *fields*."""
    places = {name.lower(): place for place, name in enumerate(names, 1)}
    chosen = ", ".join(
        f'{_cast(_place(places.get(field.name.lower())), field.kind)} AS "{field.name}"'
        for field in fields
    )
    return f"SELECT {chosen} FROM ({query})"  # noqa: S608 - made of a tree that was parsed


def _cast(value: str, kind: DeltaType) -> str:
    fits = kind in {"byte", "short", "integer", "long"} if isinstance(kind, str) else False
    return whole(value, duck_of(kind)) if fits else f"CAST({value} AS {duck_of(kind)})"


def _place(place: int | None) -> str:
    return "NULL" if place is None else f"#{place}"


def _target(binding: Binding, named: exp.Expr) -> str:
    if not isinstance(named, exp.Table) or not named.name:
        raise not_done(f"writing to {named.sql('databricks')}")
    shown = exp.table_(named.this, db=named.args.get("db"), catalog=named.args.get("catalog"))
    entry = binding.entry(binding.session.full_name(named), shown.sql("databricks"))
    if entry.view_definition is not None:
        raise expected("TABLE", entry.full_name)
    return entry.full_name


def _refuse_parts(tree: exp.Insert, named: exp.Expr) -> None:
    """Refuse to write where only a part of the table is to be replaced, or written to."""
    if other := sorted(part for part, value in tree.args.items() if value and part not in _KNOWN):
        raise not_done(f"INSERT with {' and '.join(other).upper()}: use DELETE, then INSERT")
    if named.args.get("partition"):
        raise not_done("INSERT with PARTITION: name the column among the others")


def _source(tree: exp.Insert) -> exp.Expr:
    query: exp.Expr | None = tree.args.get("expression") or tree.args.get("source")
    if query is None:
        raise not_done(f"the statement {tree.sql('databricks')[:100]!r}")
    return query if isinstance(query, exp.Query) else exp.select("*").from_(query)


def _names(fields: Sequence[Field]) -> list[str]:
    return [field.name for field in fields]


def _wanted(binding: Binding, tree: exp.Insert, fields: Sequence[Field], query: str) -> list[str]:
    """Give the names under which the columns of *query* go into the table."""
    found = binding.columns(query)
    given = [name.name for name in tree.this.expressions] if _has_names(tree) else _names(fields)
    if tree.args.get("by_name"):
        given = found
    known = [name.lower() for name in _names(fields)]
    if unknown := [name for name in given if name.lower() not in known]:
        raise SqlError(
            message="[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter"
            f" with name `{unknown[0]}` cannot be resolved: the table has"
            f" {', '.join(known)}. SQLSTATE: 42703",
            sql_state="42703",
        )
    if len(found) != len(given):
        raise other_columns("INSERT", len(given), len(found))
    return given


def _has_names(tree: exp.Insert) -> bool:
    return isinstance(tree.this, exp.Schema) and bool(tree.this.expressions)


def _refuse_nulls(fields: Sequence[Field], rows: Any) -> None:
    for place, field in enumerate(fields):
        if not field.nullable and rows.column(place).null_count:
            raise SqlError(
                message="[DELTA_NOT_NULL_CONSTRAINT_VIOLATED] NOT NULL constraint violated for"
                f" column: {field.name}. SQLSTATE: 23502",
                sql_state="23502",
            )


def _done(
    binding: Binding, tree: exp.Expr, fields: Sequence[Field], full_name: str
) -> dict[str, int]:
    own = {full_name: _TARGET}
    if isinstance(tree, exp.Merge):
        return _merged(binding, tree, fields, own)
    if isinstance(tree, exp.TruncateTable):
        found = binding.execute(f"DELETE FROM {_TARGET}")  # noqa: S608 - our own name
        return {"num_affected_rows": int(found[0][0])}
    for change in tree.expressions if isinstance(tree, exp.Update) else ():
        _without_table(change.this, tree.this)
    found = binding.execute(binding.bound(tree, own))
    return {"num_affected_rows": int(found[0][0])}


def _merged(
    binding: Binding, tree: exp.Merge, fields: Sequence[Field], own: dict[str, str]
) -> dict[str, int]:
    source = tree.args["using"].alias_or_name
    for when in tree.args["whens"].expressions:
        _spell_out(when.args["then"], fields, source, tree.this)
    found = binding.execute(f"{binding.bound(tree, own)} RETURNING merge_action")
    actions = [row[0] for row in found]
    return {
        "num_affected_rows": len(actions),
        "num_updated_rows": actions.count("UPDATE"),
        "num_deleted_rows": actions.count("DELETE"),
        "num_inserted_rows": actions.count("INSERT"),
    }


def _spell_out(then: exp.Expr, fields: Sequence[Field], source: str, into: exp.Expr) -> None:
    """Write the columns where *then* has `*` for all of them."""
    if isinstance(then, exp.Update):
        if isinstance(then.args.get("expressions"), exp.Star) or _is_star(then.expressions):
            then.set("expressions", [_taken(field, source) for field in fields])
        for change in then.expressions:
            _without_table(change.this, into)
    elif isinstance(then, exp.Insert) and isinstance(then.this, exp.Star):
        then.set("this", exp.Tuple(expressions=[exp.column(name) for name in _names(fields)]))
        values = [exp.column(name, table=source) for name in _names(fields)]
        then.set("expression", exp.Tuple(expressions=values))


def _without_table(column: exp.Column, into: exp.Expr) -> None:
    """Let *column*, which is set, be a name alone; it can be of the table *into* only."""
    if column.table and column.table.lower() not in {into.name.lower(), into.alias.lower()}:
        raise not_done(f"setting the field {column.sql('databricks')}: set the whole column")
    for part in ("table", "db", "catalog"):
        column.set(part, None)


def _is_star(changes: Sequence[exp.Expr]) -> bool:
    return len(changes) == 1 and isinstance(changes[0], exp.Star)


def _taken(field: Field, source: str) -> exp.EQ:
    return exp.EQ(this=exp.column(field.name), expression=exp.column(field.name, table=source))


def _counts(**counts: int) -> Any:
    return table_of(list(counts), [list(counts.values())])
