"""One statement and the engine: names become tables, rows come out as Arrow."""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import ErrorLevel, exp
from sqlglot.errors import UnsupportedError

from dara_fp.sandbox.catalog.entries import Table
from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.errors import DIVIDED, no_table, not_done, of_duckdb
from dara_fp.sandbox.sql.files import FORMATS, reader
from dara_fp.sandbox.sql.meaning import adapt
from dara_fp.sandbox.sql.names import is_own, settle
from dara_fp.sandbox.sql.parsing import parsed_one
from dara_fp.sandbox.sql.running import Running, SqlError
from dara_fp.sandbox.sql.schema_views import schema_view
from dara_fp.sandbox.sql.session import Session
from dara_fp.sandbox.sql.tables import Tables

__all__ = ["Binding", "Database"]

_FOR_ALL = (
    "SET memory_limit = '1GB'",
    "SET threads = 2",
    "SET enable_external_access = false",
)
_FOR_EACH = ("SET TimeZone = 'UTC'", "SET python_enable_replacements = false")
_VIEWS_DEEP = 20
_BATCH_ROWS = 1_024  # so that a batch of wide rows is small, too

pa: Any = import_module("pyarrow")  # it has no types

# What Databricks has and the engine's exact types have not; what is not here stays as it is.
_NARROWED = {
    "HUGEINT": "BIGINT",
    "UHUGEINT": "DECIMAL(38,0)",
    "UBIGINT": "DECIMAL(20,0)",
    "BIGNUM": "VARCHAR",
    "UUID": "VARCHAR",
    "TIME": "VARCHAR",
    "TIME WITH TIME ZONE": "VARCHAR",
    "INTERVAL": "VARCHAR",
    "BIT": "VARCHAR",
    "JSON": "VARCHAR",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
}


class Database:
    """The engine, which keeps nothing; it reads no file but those of volumes below *root*."""

    def __init__(self, root: Path) -> None:
        volumes = str((root / "Volumes").resolve()).replace("'", "''")
        self._lock = threading.Lock()
        self._connection = duckdb.connect()
        for setting in (f"SET allowed_directories = ['{volumes}/']", *_FOR_ALL):
            self._connection.execute(setting)

    def connection(self) -> duckdb.DuckDBPyConnection:
        """Give a connection, whose temporary tables no other one sees."""
        with self._lock:
            made = self._connection.cursor()
        for setting in _FOR_EACH:
            made.execute(setting)
        return made


class Binding:
    """A connection to the engine, in which the tables of one statement are known."""

    def __init__(
        self,
        database: Database,
        tables: Tables,
        session: Session,
        root: Path,
        running: Running,
    ) -> None:
        """Run a statement of *session* over *tables*, with the volumes that are below *root*."""
        self.tables = tables
        self.session = session
        self.running = running
        self._root = root
        self._connection = database.connection()
        self._count = 0
        running.using(self._connection)

    def close(self) -> None:
        """Let go of the engine."""
        self.running.rest()
        self._connection.close()

    def bound(self, tree: exp.Expr, own: Mapping[str, str] | None = None) -> str:
        """Give *tree* as the engine's SQL; tables in *own* are there under those names already.

        Raises:
            SqlError: A table is not there.
        """
        self._bind(tree, own or {}, 0)
        try:
            return tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE)
        except UnsupportedError as error:
            raise not_done(f"a part of the statement ({error})") from None

    def rows(self, query: str, limit: int | None = None) -> Any:
        """Run *query*, in the engine's SQL, and give an Arrow table of at most *limit* rows.

        Raises:
            SqlError: It failed, or was stopped.
        """
        try:
            return self._relation(query, limit).to_arrow_table()
        except duckdb.Error as error:
            raise self._failed(error) from None

    def first(self, query: str, limit: int | None, enough: int) -> Any:
        """Run *query* as `rows` does, but only until there are more than *enough* bytes.

        Raises:
            SqlError: It failed, or was stopped.
        """
        try:
            with self._relation(query, limit).to_arrow_reader(_BATCH_ROWS) as reader:
                return pa.Table.from_batches(self._until(reader, enough), reader.schema)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise self._failed(error) from None

    def execute(self, command: str) -> list[tuple[Any, ...]]:
        """Run *command*, in the engine's SQL, and give its rows.

        Raises:
            SqlError: It failed, or was stopped.
        """
        try:
            return self._connection.execute(command).fetchall()
        except duckdb.Error as error:
            raise self._failed(error) from None

    def columns(self, query: str) -> list[str]:
        """Give the names of the columns of *query*, in the engine's SQL."""
        try:
            return self._connection.sql(query).columns
        except duckdb.Error as error:
            raise self._failed(error) from None

    def known(self, rows: Any) -> str:
        """Give the name under which the engine finds the Arrow *rows* from now on."""
        name = self._name()
        self._connection.register(name, rows)
        return name

    def _relation(self, query: str, limit: int | None) -> duckdb.DuckDBPyRelation:
        relation = self._connection.sql(self._narrowed(query))
        return relation if limit is None else relation.limit(limit)

    def _until(self, batches: Iterable[Any], enough: int) -> Iterator[Any]:
        size = 0
        for batch in batches:
            self.running.check()
            yield batch
            size += int(batch.nbytes)
            if size > enough:
                return

    def _failed(self, error: Exception) -> SqlError:
        if self.running.stopped:
            return SqlError(message="The statement was canceled.", error_code="CANCELLED")
        return of_duckdb(error)

    def _narrowed(self, query: str) -> str:
        """Give *query* with columns of types that Databricks has."""
        relation = self._connection.sql(query)
        kinds = [str(kind) for kind in relation.types]
        if not any(kind in _NARROWED or kind.startswith("ENUM") for kind in kinds):
            return query
        chosen = ", ".join(
            f"{_cast(place, kind)} AS {_identifier(name)}"
            for place, (name, kind) in enumerate(zip(relation.columns, kinds, strict=True), 1)
        )
        return f"SELECT {chosen} FROM ({query})"  # noqa: S608 - both are the engine's own words

    def _name(self) -> str:
        self._count += 1
        return f"__source_{self._count}"

    def _bind(self, tree: exp.Expr, own: Mapping[str, str], depth: int) -> None:
        if depth > _VIEWS_DEEP:
            raise not_done(f"views nested more than {_VIEWS_DEEP} deep")
        tables = _read(tree)
        for table in tables:
            if isinstance(table.this, exp.Func):
                _identify(table, table.this)
        # Before the tables, since what a view stands for is adapted on its own.
        self._adapt(tree, {self.session.full_name(table) for table in tables})
        for table in _read(tree):  # others by now, where a query was written once more
            self._bind_table(table, own, depth)

    def _adapt(self, tree: exp.Expr, tables: Collection[str]) -> None:
        """Let *tree*, which reads *tables*, mean to the engine what it means to a warehouse."""
        for column in list(tree.find_all(exp.Column)):
            settle(column, tables)
        adapt(tree)
        for function in list(tree.find_all(exp.Func)):
            self._tell(function)
        for division in list(tree.find_all(exp.Div, exp.Mod)):
            _guard(division)

    def _tell(self, node: exp.Func) -> None:
        """Put what only the session knows in the place of *node*."""
        told: dict[type[exp.Func], str] = {
            exp.CurrentCatalog: self.session.catalog,
            exp.CurrentSchema: self.session.schema,
            exp.CurrentDatabase: self.session.schema,
            exp.CurrentUser: USER,
            exp.SessionUser: USER,
        }
        if type(node) in told:
            node.replace(exp.Literal.string(told[type(node)]))

    def _bind_table(self, table: exp.Table, own: Mapping[str, str], depth: int) -> None:
        named = table.this
        if isinstance(named, exp.Func):
            self._bind_function(table, named)
        elif table.db.lower() in FORMATS and "/" in table.name:
            query = reader(self._root, table.name, {"format": exp.Literal.string(table.db)})
            self._put(table, self._view(query))
        elif table.db.lower() == "delta" and "/" in table.name:
            self._put(table, self.known(self.tables.at(table.name, _version(table))))
        elif table.db.lower() == "information_schema":
            catalog = table.catalog or self.session.catalog
            self._put(table, self.known(schema_view(self.tables.catalog, catalog, table.name)))
        else:
            self._bind_name(table, own, depth)

    def _bind_name(self, table: exp.Table, own: Mapping[str, str], depth: int) -> None:
        _refuse_at(table)
        full_name = self.session.full_name(table)
        if full_name in own:
            self._put(table, own[full_name])
            return
        if not table.db and (text := self.session.views.get(table.name.lower())):
            self._put_view(table, text, depth)
            return
        entry = self.entry(full_name, table.sql("databricks"))
        if entry.view_definition is not None:
            self._put_view(table, entry.view_definition, depth)
            return
        rows = self.tables.rows(entry.full_name, _version(table))
        self._put(table, self.known(rows))

    def entry(self, full_name: str, shown: str) -> Table:
        """Give the catalog's table *full_name*; an error names it as it was *shown*.

        Raises:
            SqlError: There is none.
        """
        try:
            return self.tables.catalog.table(full_name)
        except ApiError:
            raise no_table(shown.replace("`", "")) from None

    def _bind_function(self, table: exp.Table, function: exp.Func) -> None:
        name = "range" if isinstance(function, exp.GenerateSeries) else function.name.lower()
        given = function.expressions
        if name == "read_files":
            options = {arg.this.name.lower(): arg.expression for arg in given[1:]}
            self._put(table, self._view(reader(self._root, given[0].name, options)))
        elif name == "range":
            self._put(table, self._view(f"SELECT range AS id FROM {function.sql('duckdb')}"))  # noqa: S608 - of a tree that was parsed
        elif name == "table_changes":
            full_name = self.session.full_name(exp.to_table(given[0].name))
            since, until = [int(arg.name) for arg in (*given[1:], given[1])[:2]]
            last = until if len(given) > 2 else None  # noqa: PLR2004 - table, first, last
            self._put(table, self.known(self.tables.feed(full_name, since, last)))

    def _view(self, query: str) -> str:
        name = self._name()
        self.execute(f"CREATE TEMP VIEW {name} AS {query}")
        return name

    def _put(self, table: exp.Table, name: str) -> None:
        """Let *table* be what the engine knows as *name*, still called as it was."""
        if not table.alias and table.name:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", exp.to_identifier(name))
        for part in ("db", "catalog", "version"):
            table.set(part, None)

    def _put_view(self, table: exp.Table, text: str, depth: int) -> None:
        query = parsed_one(text)
        self._bind(query, {}, depth + 1)
        alias = table.args.get("alias") or exp.TableAlias(
            this=exp.to_identifier(table.name, quoted=True)
        )
        table.replace(exp.Subquery(this=query, alias=alias))


def _read(tree: exp.Expr) -> list[exp.Table]:
    return [table for table in tree.find_all(exp.Table) if not is_own(table)]


def _identify(table: exp.Table, function: exp.Func) -> None:
    """Let *table* be the one that `IDENTIFIER('...')` names."""
    if function.name.upper() != "IDENTIFIER":
        return
    text = function.expressions[0].find(exp.Literal)
    named = exp.to_table(text.name if text else "", dialect="databricks")
    for part in ("this", "db", "catalog"):
        table.set(part, named.args.get(part))


def _guard(node: exp.Expr) -> None:
    """Let the division *node* fail where its divisor is zero, as ANSI mode has it."""
    divisor = node.args["expression"]
    if isinstance(divisor, exp.Literal) and divisor.name.strip("0."):
        return
    fails = exp.func("error", exp.Literal.string(DIVIDED))
    guarded = exp.Case().when(exp.EQ(this=divisor.copy(), expression=exp.Literal.number(0)), fails)
    node.set("expression", guarded.else_(divisor.copy()))


def _refuse_at(table: exp.Table) -> None:
    """Refuse `t@v1`, which the parser takes for another name."""
    alias = table.args.get("alias")
    if alias is not None and isinstance(alias.this, exp.Parameter):
        raise not_done(f"time travel by @{alias.this.name}: use VERSION AS OF")


def _version(table: exp.Table) -> int | None:
    version = table.args.get("version")
    if version is None:
        return None
    if version.name.upper() != "VERSION" or not version.expression.name.isdigit():
        raise not_done("time travel by TIMESTAMP AS OF: use VERSION AS OF")
    return int(version.expression.name)


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _cast(place: int, kind: str) -> str:
    wanted = "VARCHAR" if kind.startswith("ENUM") else _NARROWED.get(kind)
    return f"#{place}::{wanted}" if wanted else f"#{place}"
