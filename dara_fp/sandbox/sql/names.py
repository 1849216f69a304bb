"""Names in a statement: which tables are its own, and what the parts of a column's name are."""

from collections.abc import Collection, Sequence

from sqlglot import exp

__all__ = ["is_own", "settle"]


def is_own(table: exp.Table) -> bool:
    """Tell whether *table* stands for a `WITH` of its statement, as seen from where it is."""
    if table.db or not table.name:
        return False
    inner: exp.Expr = table
    outer = table.parent
    while outer is not None:
        if table.name.lower() in _visible(outer, inner):
            return True
        inner, outer = outer, outer.parent
    return False


def settle(column: exp.Column, tables: Collection[str]) -> None:
    """Let *column* be without schema and catalog; where they name none of *tables*, it is a field.

    Args:
        column: The column as it was parsed, with up to four parts.
        tables: Full names of the tables of the statement, in lower case.
    """
    parts = column.parts
    if len(parts) <= _TABLE_AND_NAME:
        return
    left = _without_schema([part.name.lower() for part in parts], tables)
    rest = parts[left:]
    made: exp.Expr = exp.Column(this=rest[1].copy(), table=rest[0].copy())
    for part in rest[2:]:
        made = exp.Dot(this=made, expression=part.copy())
    column.replace(made)


_TABLE_AND_NAME = 2


def _without_schema(names: list[str], tables: Collection[str]) -> int:
    """Give how many of *names*, at the front, are of the schema and the catalog."""
    for length in range(len(names) - 1, 1, -1):
        named = "." + ".".join(names[:length])
        if any(f".{table}".endswith(named) for table in tables):
            return length - 1
    return 0


def _visible(outer: exp.Expr, inner: exp.Expr) -> set[str]:
    """Give the names of a `WITH` that *inner*, a child of *outer*, can use because of it."""
    if isinstance(outer, exp.With):
        found = outer.expressions
        return _called(found if outer.recursive else found[: inner.index])
    given = outer.args.get("with_")
    return set() if given is None or given is inner else _called(given.expressions)


def _called(found: Sequence[exp.Expr]) -> set[str]:
    return {cte.alias.lower() for cte in found}
