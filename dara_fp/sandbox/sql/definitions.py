"""Statements that make, change and drop schemas, tables and views."""

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from dara_fp.sandbox.catalog.entries import Schema, Table
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.binding import Binding
from dara_fp.sandbox.sql.errors import (
    expected,
    no_schema,
    no_table,
    not_done,
    other_columns,
    table_exists,
)
from dara_fp.sandbox.sql.names import is_own
from dara_fp.sandbox.sql.running import SqlError
from dara_fp.sandbox.sql.schema_views import table_of
from dara_fp.sandbox.sql.tables import Field
from dara_fp.sandbox.sql.types import of_arrow, of_sql
from dara_fp.sandbox.sql.writes import fitted

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["alter", "create", "drop", "nothing", "use"]


def nothing() -> Any:
    """Give the result of a statement that has none."""
    return table_of([], [])


def create(binding: Binding, tree: exp.Create) -> Any:
    """Do the CREATE *tree*."""
    kinds: dict[str, Callable[[Binding, exp.Create], None]] = {
        "TABLE": _create_table,
        "VIEW": _create_view,
        "SCHEMA": _create_schema,
        "DATABASE": _create_schema,
    }
    if tree.kind not in kinds or tree.args.get("clone"):
        raise not_done(f"CREATE {tree.kind or ''} of this form")
    kinds[tree.kind](binding, tree)
    return nothing()


def drop(binding: Binding, tree: exp.Drop) -> Any:
    """Do the DROP *tree*."""
    session, kind = binding.session, tree.kind or ""
    for named in tree.args["tables"]:
        if kind == "VIEW" and not named.db and named.name.lower() in session.views:
            del session.views[named.name.lower()]
        else:
            _drop(binding, tree, kind, named)
    return nothing()


_NOT_FOUND = 404
_HARMLESS = (exp.CommentColumnConstraint,)


def alter(binding: Binding, tree: exp.Alter) -> Any:
    """Do the ALTER TABLE *tree*: new columns, or other properties."""
    full_name = binding.entry(
        binding.session.full_name(tree.this), tree.this.sql("databricks")
    ).full_name
    for action in tree.args["actions"]:
        if isinstance(action, exp.ColumnDef | exp.Schema):
            added = action.expressions if isinstance(action, exp.Schema) else [action]
            binding.tables.add_fields(full_name, [_field(column) for column in added])
        elif isinstance(action, exp.AlterSet) and (properties := _properties(action)):
            binding.tables.set_properties(full_name, properties)
        else:
            raise not_done(f"ALTER TABLE ... {action.sql('databricks')}")
    return nothing()


def use(binding: Binding, tree: exp.Use) -> Any:
    """Do the USE *tree*: other names are meant by default from now on."""
    session, named = binding.session, tree.this
    if str(tree.args.get("kind") or "").upper() == "CATALOG":
        session.catalog = binding.tables.catalog.catalog(named.name).name
        session.schema = "default"
        return nothing()
    full_name = session.schema_name(named)
    try:
        schema = binding.tables.catalog.schema(full_name)
    except ApiError:
        raise no_schema(full_name) from None
    session.catalog, session.schema = schema.parent, schema.name
    return nothing()


def _create_schema(binding: Binding, tree: exp.Create) -> None:
    full_name = binding.session.schema_name(tree.this)
    parent, _, name = full_name.partition(".")
    try:
        binding.tables.catalog.make_schema(Schema(name=name, parent=parent, comment=_comment(tree)))
    except ApiError as error:
        if not (tree.args.get("exists") and error.error_code == "SCHEMA_ALREADY_EXISTS"):
            raise


def _drop(binding: Binding, tree: exp.Drop, kind: str, named: exp.Table) -> None:
    catalog, session = binding.tables.catalog, binding.session
    try:
        with binding.tables.writing(*_dropped(binding, kind, named), check=binding.running.check):
            if kind in {"TABLE", "VIEW"}:
                _expect(binding, kind, session.full_name(named))
                catalog.drop_table(session.full_name(named))
            elif kind in {"SCHEMA", "DATABASE"}:
                catalog.drop_schema(session.schema_name(named), force=bool(tree.args["cascade"]))
            else:
                raise not_done(f"DROP {kind}")
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        if not tree.args.get("exists"):
            shown = named.sql("databricks").replace("`", "")
            raise _not_there(kind, shown) from None


def _dropped(binding: Binding, kind: str, named: exp.Table) -> list[str]:
    """Give the tables that go with a *kind* that is *named*."""
    if kind not in {"SCHEMA", "DATABASE"}:
        return [binding.session.full_name(named)]
    below = binding.tables.catalog.tables(binding.session.schema_name(named))
    return [table.full_name for table in below]


def _create_table(binding: Binding, tree: exp.Create) -> None:
    if not _is_wanted(binding, tree):
        return
    entry = _entry(binding, tree)
    fields = _fields(binding, tree)
    with binding.tables.writing(entry.full_name, check=binding.running.check):
        rows: Any = None
        if tree.expression is not None:
            rows = binding.rows(binding.bound(tree.expression))
            if fields and len(fields) != rows.num_columns:
                raise other_columns("INSERT", len(fields), rows.num_columns)
            fields = fields or [
                Field(name=column.name, kind=of_arrow(column.type)) for column in rows.schema
            ]
        binding.running.check()
        made = binding.tables.create(entry, fields, replace=bool(tree.args.get("replace")))
        if rows is not None and rows.num_rows:
            source = f"FROM {binding.known(rows)}"
            kept = binding.rows(fitted(fields, [field.name for field in fields], source))
            binding.tables.append(made.full_name, kept)


def _fields(binding: Binding, tree: exp.Create) -> list[Field]:
    """Give the columns that *tree* declares, itself or as those of another table."""
    if (like := tree.find(exp.LikeProperty)) is not None:
        shown = like.this.sql("databricks")
        other = binding.entry(binding.session.full_name(like.this), shown)
        return binding.tables.fields(other.full_name)
    return [_field(column) for column in _declared(tree) if not _is_informative(column)]


def _declared(tree: exp.Create) -> list[exp.Expr]:
    return list(tree.this.expressions) if isinstance(tree.this, exp.Schema) else []


def _is_informative(declared: exp.Expr) -> bool:
    """Tell whether *declared* is a key, which a warehouse does not look at with a write."""
    inner = declared.expressions if isinstance(declared, exp.Constraint) else [declared]
    return all(isinstance(rule, exp.PrimaryKey | exp.ForeignKey) for rule in inner)


def _create_view(binding: Binding, tree: exp.Create) -> None:
    named = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    tree.set("expression", _called(binding, tree))
    text = tree.expression.sql("databricks")
    if tree.find(exp.TemporaryProperty):
        binding.bound(tree.expression)
        binding.session.views[named.name.lower()] = text
        return
    if not _is_wanted(binding, tree):
        return
    entry = _entry(binding, tree)
    found = binding.rows(binding.bound(_qualified(binding, tree.expression.copy())), 0)
    comments = {column.name: _remark(column) for column in _declared(tree)}
    columns = tuple(
        Field(
            name=column.name, kind=of_arrow(column.type), comment=comments.get(column.name)
        ).column
        for column in found.schema
    )
    view = Table(
        name=entry.name,
        parent=entry.parent,
        comment=entry.comment,
        columns=columns,
        table_type="VIEW",
        data_source_format=None,
        view_definition=_qualified(binding, tree.expression).sql("databricks"),
    )
    binding.tables.catalog.put_table(view)


def _called(binding: Binding, tree: exp.Create) -> exp.Expr:
    """Give the query of the view *tree*, whose columns are called as they were declared."""
    names = [column.name for column in _declared(tree)]
    query: exp.Expr = tree.expression
    if not names:
        return query
    found = binding.columns(binding.bound(query.copy()))
    if len(found) != len(names):
        raise other_columns("CREATE_VIEW", len(names), len(found))
    return exp.select("*").from_(exp.alias_(exp.Subquery(this=query), "named", table=names))


def _qualified(binding: Binding, query: exp.Expr) -> exp.Expr:
    """Give *query* with whole names, so that it means the same in any session."""
    for table in query.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not is_own(table):
            catalog, schema, _ = binding.session.full_name(table).split(".", 2)
            table.set("db", exp.to_identifier(table.db or schema))
            table.set("catalog", exp.to_identifier(table.catalog or catalog))
    return query


def _is_wanted(binding: Binding, tree: exp.Create) -> bool:
    """Tell whether the table or view is to be made: there is none, or it is replaced."""
    named = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    full_name = binding.session.full_name(named)
    if not binding.tables.catalog.has_table(full_name):
        return True
    if tree.args.get("replace"):
        _expect(binding, tree.kind or "", full_name)
        return True
    if tree.args.get("exists"):
        return False
    raise table_exists(full_name)


def _expect(binding: Binding, kind: str, full_name: str) -> None:
    """Refuse to take a table for a view, or a view for a table, as the *kind* in the statement."""
    found = binding.tables.catalog.table(full_name)
    if (kind == "VIEW") != (found.view_definition is not None):
        raise expected(kind, found.full_name)


def _entry(binding: Binding, tree: exp.Create) -> Table:
    named = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    parent, _, name = binding.session.full_name(named).rpartition(".")
    try:
        binding.tables.catalog.schema(parent)
    except ApiError:
        raise no_schema(parent) from None
    kind = tree.find(exp.FileFormatProperty)
    if kind is not None and kind.name.upper() != "DELTA":
        raise not_done(f"tables of the format {kind.name.upper()}: use DELTA")
    location = tree.find(exp.LocationProperty)
    return Table(
        name=name,
        parent=parent,
        comment=_comment(tree),
        properties=_properties(tree),
        table_type="EXTERNAL" if location else "MANAGED",
        storage_location=location.name if location else None,
    )


def _comment(tree: exp.Expr) -> str | None:
    found = tree.find(exp.SchemaCommentProperty)
    return found.name if found else None


def _properties(tree: exp.Expr) -> dict[str, str]:
    """Give the table properties in *tree*; their names may be written with dots or in quotes."""
    found = [node for node in tree.find_all(exp.Property) if type(node) is exp.Property]
    pairs: list[tuple[exp.Expr, exp.Expr]] = [(node.this, node.args["value"]) for node in found]
    if isinstance(tree, exp.AlterSet):
        equal = [node for node in tree.expressions if isinstance(node, exp.EQ)]
        pairs += [(node.this, node.expression) for node in equal]
    return {_plain(key): _written(value) for key, value in pairs}


def _plain(node: exp.Expr) -> str:
    if isinstance(node, exp.Literal | exp.Identifier):
        return str(node.this)
    return node.sql("databricks").replace("`", "").strip("'")


def _written(node: exp.Expr) -> str:
    if isinstance(node, exp.Boolean):
        return str(node.this).lower()
    return _plain(node)


def _field(column: exp.Expr) -> Field:
    if not isinstance(column, exp.ColumnDef):
        raise not_done(f"the constraint {column.sql('databricks')}")
    rules: list[exp.Expr] = [rule.args["kind"] for rule in column.args.get("constraints") or ()]
    kind = column.args.get("kind")
    if not isinstance(kind, exp.DataType):
        raise SqlError(message=f"The column {column.name!r} has no type.", sql_state="42601")
    needed = (exp.NotNullColumnConstraint, exp.PrimaryKeyColumnConstraint)
    if other := [rule for rule in rules if not isinstance(rule, (*needed, *_HARMLESS))]:
        raise not_done(f"columns that are {other[0].sql('databricks')}")
    nullable = not any(isinstance(rule, needed) for rule in rules)
    return Field(name=column.name, kind=of_sql(kind), nullable=nullable, comment=_remark(column))


def _remark(column: exp.Expr) -> str | None:
    found = column.find(exp.CommentColumnConstraint)
    return found.name if found else None


def _not_there(kind: str, name: str) -> SqlError:
    return no_table(name) if kind in {"TABLE", "VIEW"} else no_schema(name)
