"""The tables that the SQL of a pipeline declares, in the order in which they can be made."""

import re
from collections.abc import Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import groupby, pairwise

import attrs
from sqlglot import exp, tokenize
from sqlglot.errors import TokenError
from sqlglot.tokenizer_core import Token, TokenType

from dara_fp.sandbox.sql.errors import no_parse, not_done
from dara_fp.sandbox.sql.names import is_own
from dara_fp.sandbox.sql.parsing import parsed_one
from dara_fp.sandbox.sql.running import SqlError
from dara_fp.sandbox.sql.session import Session

__all__ = ["Dataset", "datasets", "in_order"]

_CELLS = "-- COMMAND ----------"
_OTHER_CELL = re.compile(r"(?m)^-- MAGIC %(?!md)(\w+)")
_OR = r"CREATE\s+(?:OR\s+(?:REFRESH|REPLACE)\s+)?"
_TABLE = re.compile(
    rf"(?is){_OR}(?:MATERIALIZED\s+VIEW|STREAMING\s+(?:LIVE\s+)?TABLE|LIVE\s+TABLE)\s+"
    r"(?:IF\s+NOT\s+EXISTS\s+)?(?=[`\w])"
)
_VIEW = re.compile(
    rf"(?is){_OR}(?:(?:TEMP|TEMPORARY)\s+(?:STREAMING\s+)?(?:LIVE\s+)?|(?:STREAMING\s+)?LIVE\s+)"
    r"VIEW\s+(?=[`\w])"
)
_BEFORE_TABLES = frozenset({TokenType.FROM, TokenType.JOIN, TokenType.COMMA})
_DEPTHS = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


@attrs.frozen(kw_only=True)
class Dataset:
    """A table, or a view of this update alone, that a statement of a pipeline declares.

    Attributes:
        name: Its full name, in lower case.
        statement: What makes it, in the words of the SQL engine.
        reads: Full names of the tables its query reads.
        is_table: Whether there is a table of it after the update.
    """

    name: str
    statement: str
    reads: frozenset[str]
    is_table: bool


def datasets(texts: Iterable[str], session: Session) -> list[Dataset]:
    """Give what the SQL *texts* declare, with the names that *session* gives them.

    Raises:
        SqlError: A statement is none that declares a table or a view by a query.
    """
    return [_dataset(statement, session) for text in texts for statement in _statements(text)]


def in_order(found: Sequence[Dataset]) -> list[Dataset]:
    """Give those *found* so that each comes after what it reads, otherwise as they were written.

    Raises:
        SqlError: Two have the same name, or there is no such order.
    """
    known: dict[str, Dataset] = {}
    for dataset in found:
        if dataset.name in known:
            raise SqlError(message=f"Found duplicate table '{dataset.name}': declare it once.")
        known[dataset.name] = dataset
    sorter = TopologicalSorter(
        {name: sorted(dataset.reads & known.keys()) for name, dataset in known.items()}
    )
    try:
        return [known[name] for name in sorter.static_order()]
    except CycleError as error:
        around = " -> ".join(error.args[1])
        raise SqlError(message=f"Tables read each other in a circle: {around}.") from None


def _statements(text: str) -> Iterator[str]:
    """Give the statements of *text*, a file of SQL or a notebook, without what is around them."""
    if (other := _OTHER_CELL.search(text)) is not None:
        raise not_done(f"cells of %{other[1]} in a pipeline")
    for cell in text.split(_CELLS):
        try:
            tokens = tokenize(cell, read="databricks")
        except TokenError as error:
            raise no_parse(error, cell) from None
        for is_end, group in groupby(tokens, _is_end):
            if not is_end:
                words = list(group)  # without the comments before and after
                yield cell[words[0].start : words[-1].end + 1]


def _is_end(token: Token) -> bool:
    return token.token_type is TokenType.SEMICOLON


def _dataset(statement: str, session: Session) -> Dataset:
    if _expects(statement):
        raise not_done(f"expectations (CONSTRAINT ... EXPECT), as in {_shown(statement)}")
    text = _of_whole_tables(statement)
    if (head := _TABLE.match(text)) is not None:
        text = f"CREATE OR REPLACE TABLE {text[head.end() :]}"
    elif (head := _VIEW.match(text)) is not None:
        text = f"CREATE TEMPORARY VIEW {text[head.end() :]}"
    else:
        raise not_done(f"{_shown(statement)} in a pipeline, which runs CREATE ... AS SELECT only")
    tree = parsed_one(text)
    if not isinstance(tree, exp.Create) or not isinstance(tree.expression, exp.Query):
        raise not_done(f"{_shown(statement)} in a pipeline, without AS SELECT")
    named: exp.Table = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return Dataset(
        name=session.full_name(named),
        statement=text,
        reads=frozenset(_read(tree.expression, session)),
        is_table=tree.kind == "TABLE",
    )


def _expects(statement: str) -> bool:
    """Tell whether there is a `CONSTRAINT a EXPECT` in *statement*, outside of what it quotes."""
    words = [token.text.upper() for token in tokenize(statement, read="databricks")]
    return ("CONSTRAINT", "EXPECT") in zip(words, words[2:], strict=False)


def _of_whole_tables(statement: str) -> str:
    """Give *statement* with `b` for `STREAM(LIVE.b)`, and otherwise as it was written.

    The words are taken out of the text: a tree of it would not be written again as it was.
    """
    tokens = tokenize(statement, read="databricks")
    gone: set[int] = set()
    for at, (token, following) in enumerate(pairwise(tokens)):
        word = token.text.upper()
        if word == "LIVE" and following.token_type is TokenType.DOT:
            gone |= {at, at + 1}
        elif word == "STREAM" and at and tokens[at - 1].token_type in _BEFORE_TABLES:
            gone |= {at, *_brackets(tokens, at + 1)}
    letters = list(statement)
    for token in (tokens[at] for at in gone):
        length = token.end + 1 - token.start
        letters[token.start : token.end + 1] = " " * length
    return "".join(letters)


def _brackets(tokens: Sequence[Token], first: int) -> list[int]:
    """Give the places of the bracket at *first* and of its end, or of none."""
    depth = 0
    for at in range(first, len(tokens)):
        depth += _DEPTHS.get(tokens[at].token_type, 0)
        if depth == 0:
            return [first, at] if at > first else []
    return []


def _read(query: exp.Expr, session: Session) -> Iterator[str]:
    for table in query.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not is_own(table):
            yield session.full_name(table)


def _shown(statement: str) -> str:
    return repr(" ".join(statement.split())[:100])
