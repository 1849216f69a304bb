"""Statements as trees: parsed as Databricks does, with values in the places of parameters."""

from collections.abc import Sequence

from sqlglot import exp, parse
from sqlglot.errors import ParseError, TokenError

from dara_fp.sandbox.sql.errors import no_parse, not_done
from dara_fp.sandbox.sql.running import SqlError
from dara_fp.sandbox.sql.session import Parameter

__all__ = ["parsed", "parsed_one", "with_parameters"]


def parsed(statement: str) -> list[exp.Expr]:
    """Parse *statement*, which may be several.

    Raises:
        SqlError: It does not parse, or is empty.
    """
    try:
        found = [tree for tree in parse(statement, read="databricks") if tree is not None]
    except (ParseError, TokenError) as error:
        raise no_parse(error, statement) from None
    except RecursionError:
        raise not_done("statements nested this deep") from None
    if not found:
        raise SqlError(
            message="[PARSE_EMPTY_STATEMENT] Syntax error, unexpected empty statement."
            " SQLSTATE: 42617",
            sql_state="42617",
        )
    return found


def parsed_one(statement: str) -> exp.Expr:
    """Parse *statement*.

    Raises:
        SqlError: It does not parse, or is not one.
    """
    found = parsed(statement)
    if len(found) > 1:
        raise SqlError(
            message="[PARSE_SYNTAX_ERROR] Syntax error at or near ';': extra input, send one"
            " statement at a time. SQLSTATE: 42601",
            sql_state="42601",
        )
    return found[0]


def with_parameters(tree: exp.Expr, parameters: Sequence[Parameter]) -> exp.Expr:
    """Give *tree* with the values of *parameters* in their places.

    Raises:
        SqlError: A value is missing, or is of no known type.
    """
    known = {parameter.name: parameter for parameter in parameters}

    def filled(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Placeholder):
            return node
        if node.name not in known:
            raise _unbound(node.name or "?")
        return _literal(known[node.name])

    return tree.transform(filled, copy=False)


def _literal(parameter: Parameter) -> exp.Expr:
    if parameter.value is None:
        return exp.null()
    text = exp.Literal.string(parameter.value)
    if parameter.type.upper() == "STRING":
        return text
    try:
        return exp.cast(text, parameter.type, dialect="databricks")
    except ParseError:
        raise SqlError(
            message=f"Parameter {parameter.name!r} has the unknown type {parameter.type!r}.",
            error_code="BAD_REQUEST",
        ) from None


def _unbound(name: str) -> SqlError:
    return SqlError(
        message=f"[UNBOUND_SQL_PARAMETER] Found the unbound parameter: {name}. Please, fix `args`"
        " and provide a mapping of the parameter to either a SQL literal or collection constructor"
        " functions such as `map()`, `array()`, `struct()`. SQLSTATE: 42P02",
        sql_state="42P02",
    )
