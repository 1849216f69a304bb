"""Runs SQL statements as a warehouse does: one at a time, each to an Arrow table or an error."""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
from sqlglot import exp

from dara_fp.sandbox.server.errors import ApiError
from dara_fp.sandbox.sql.binding import Binding, Database
from dara_fp.sandbox.sql.catalog_statements import change_catalogs
from dara_fp.sandbox.sql.definitions import alter, create, drop, nothing, use
from dara_fp.sandbox.sql.errors import not_done, of_catalog, refuse_large
from dara_fp.sandbox.sql.parsing import parsed, parsed_one, with_parameters
from dara_fp.sandbox.sql.results import Result
from dara_fp.sandbox.sql.running import Running
from dara_fp.sandbox.sql.session import Asked, Parameter, Session
from dara_fp.sandbox.sql.show import describe, show
from dara_fp.sandbox.sql.tables import Tables
from dara_fp.sandbox.sql.writes import insert, rewrite

__all__ = ["SqlEngine"]

_DONE: dict[type[exp.Expr], Callable[[Binding, Any], Any]] = {
    exp.Create: create,
    exp.Drop: drop,
    exp.Alter: alter,
    exp.Use: use,
    exp.Insert: insert,
    exp.Update: rewrite,
    exp.Delete: rewrite,
    exp.Merge: rewrite,
    exp.TruncateTable: rewrite,
    exp.Describe: describe,
}

# Settings that change no result, and those that the sandbox has anyway.
_HARMLESS = re.compile(
    r"(?i)SET\s+(?:`?(?:use_cached_result|statement_timeout|enable_photon|query_tags"
    r"|max_file_partition_bytes|spark\.sql\.shuffle\.partitions)`?\s*=\s*.+"
    r"|ansi_mode\s*=?\s*true|spark\.sql\.ansi\.enabled\s*=\s*true"
    r"|time\s*zone\s*=?\s*'?UTC'?)\s*"
)


@attrs.frozen(kw_only=True)
class SqlEngine:
    """Runs statements over *tables* and the volumes below *root*; use it in any thread."""

    tables: Tables
    root: Path
    _database: Database = attrs.field(
        init=False,
        repr=False,
        default=attrs.Factory(lambda self: Database(self.root), takes_self=True),
    )

    def run(self, asked: Asked, session: Session, running: Running) -> Any:
        """Run what was *asked* in *session*, and give its result as an Arrow table.

        Raises:
            SqlError: It failed, or *running* was stopped.
        """
        tree = with_parameters(parsed_one(asked.text), asked.parameters)
        return self._run(tree, asked, session, running)

    def result(self, asked: Asked, session: Session, running: Running) -> Result:
        """Run what was *asked* in *session*, and give its result in the format that was asked for.

        Raises:
            SqlError: It failed, *running* was stopped, or the result is too large to be inline.
        """
        limit = asked.row_limit
        # One row more tells that there are more.
        one_more = attrs.evolve(asked, row_limit=None if limit is None else limit + 1)
        rows = self.run(one_more, session, running)
        truncated = limit is not None and rows.num_rows > limit
        kept = rows.slice(0, limit) if truncated else rows
        if asked.byte_limit is not None:
            kept = _within(kept, asked.byte_limit)
            truncated = truncated or kept.num_rows < rows.num_rows
        refuse_large(int(kept.nbytes), inline=asked.inline)
        return Result(rows=kept, format=asked.format, truncated=truncated)

    def run_script(
        self, text: str, parameters: Sequence[Parameter] = (), running: Running | None = None
    ) -> Any:
        """Run the statements of *text* one after the other, and give the last one's result.

        Raises:
            SqlError: One failed, or *running* was stopped; those before it have been done.
        """
        session, result, running = Session(), nothing(), running or Running()
        for tree in parsed(text):
            running.check()
            filled = with_parameters(tree, parameters)
            result = self._run(filled, Asked(text=text), session, running)
            refuse_large(int(result.nbytes), inline=False)
        return result

    def _run(self, tree: exp.Expr, asked: Asked, session: Session, running: Running) -> Any:
        binding = Binding(self._database, self.tables, session, self.root, running)
        try:
            return _done(binding, tree, asked)
        except ApiError as error:
            raise of_catalog(error) from None
        finally:
            binding.close()


def _within(rows: Any, size: int) -> Any:
    """Give as many of *rows*, from the first on, as have no more than *size* bytes."""
    most = bisect_right(
        range(rows.num_rows + 1), size, key=lambda count: int(rows.slice(0, count).nbytes)
    )
    return rows.slice(0, max(0, most - 1))


def _done(binding: Binding, tree: exp.Expr, asked: Asked) -> Any:
    if isinstance(tree, exp.Values):
        tree = exp.select("*").from_(tree)
    if isinstance(tree, exp.Query):
        _name_columns(tree)
        return binding.first(binding.bound(tree), asked.row_limit, asked.enough)
    if (do := _DONE.get(type(tree))) is not None:
        return do(binding, tree)
    return _commanded(binding, tree)


def _commanded(binding: Binding, tree: exp.Expr) -> Any:
    """Do *tree*, which the parser has left as it was written."""
    text = tree.sql("databricks", comments=False)
    word = text.split(maxsplit=1)[0].upper()
    if word in {"SHOW", "EXPLAIN"}:
        return show(binding, text)
    if word in {"OPTIMIZE", "VACUUM", "ANALYZE"} or _HARMLESS.fullmatch(text):
        return nothing()  # these change how a warehouse works, and no result
    result = change_catalogs(binding, text)
    if result is None:
        raise not_done(f"the statement {text[:100]!r}")
    return result


def _name_columns(tree: exp.Query) -> None:
    """Give the columns of the result that have no name the one a warehouse gives them."""
    if not isinstance(tree, exp.Select):
        return
    for place, chosen in enumerate(tree.expressions):
        if not isinstance(chosen, exp.Alias | exp.Column | exp.Star) and not chosen.alias:
            name = _name(chosen)
            tree.expressions[place] = exp.alias_(chosen, name, quoted=True) if name else chosen
    tree.set("expressions", tree.expressions)


def _name(chosen: exp.Expr) -> str:
    if isinstance(chosen, exp.UDTF):
        return "col" if type(chosen) is exp.Explode and not _is_map(chosen.this) else ""
    if isinstance(chosen, exp.Literal):
        return str(chosen.this)
    text = chosen.sql("databricks", normalize_functions="lower").replace("count(*)", "count(1)")
    if text.isupper() and text.removesuffix("()").isidentifier():
        return f"{text.lower().removesuffix('()')}()"
    return f"({text})" if isinstance(chosen, exp.Binary) else text


def _is_map(node: exp.Expr) -> bool:
    return isinstance(node, exp.Map | exp.VarMap)
