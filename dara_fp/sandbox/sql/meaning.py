"""Functions that mean something else to the engine than to a warehouse, and what they are there."""

from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp, parse_one

from dara_fp.sandbox.sql.errors import INDEXED, NO_ELEMENT, ZERO, wrong_count

__all__ = ["adapt", "whole"]

_WHOLE = frozenset(
    {exp.DType.TINYINT, exp.DType.SMALLINT, exp.DType.INT, exp.DType.BIGINT},
)
_DATES = (exp.CurrentDate, exp.TsOrDsToDate, exp.TsOrDsAdd, exp.AddMonths, exp.LastDay)
_DAYS = frozenset({"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"})
_NO_DATES = (exp.Interval, exp.Literal, exp.Null)
_MAPS = (exp.Map, exp.VarMap)
_ONCE = "dara_given_"

_BY_NAME = {
    "WEEKDAY": ("x", "CAST(ISODOW(CAST(x AS DATE)) - 1 AS INT)"),
    "GET": ("xi", "CASE WHEN i >= 0 THEN ARRAY_EXTRACT(x, i + 1) END"),
}

# The engine knows only when it binds them whether `x` is an array, and what type `i` has.
_SHIFTED = (
    "CASE WHEN TYPEOF(x) LIKE '%]' THEN CAST_TO_TYPE(TRY_CAST(i AS BIGINT) + 1, i) ELSE i END"
)
_FROM_ZERO = (
    "CASE WHEN TYPEOF(x) LIKE '%]' AND NOT TRY_CAST(i AS BIGINT) BETWEEN 0 AND CARDINALITY(x) - 1"
    f" THEN ERROR('{INDEXED}') ELSE found END"
)
_FROM_ONE = (
    "CASE WHEN TYPEOF(x) LIKE '%]' AND TRY_CAST(i AS BIGINT) = 0"
    f" THEN ERROR('{ZERO}')"
    " WHEN TYPEOF(x) LIKE '%]' AND ABS(TRY_CAST(i AS BIGINT)) > CARDINALITY(x)"
    f" THEN ERROR('{NO_ELEMENT}') ELSE found END"
)


def adapt(tree: exp.Expr) -> None:
    """Put into *tree* what the engine has for functions that mean something else to it.

    Do it once: another time would change what was made.
    """
    # The innermost first, since what is around one takes it as it is then.
    for node in reversed(list(tree.dfs())):
        adapted = _ADAPTED.get(type(node))
        made = adapted(node) if adapted else None
        if made is not None and node.parent is not None:
            node.replace(made)


def whole(value: str, kind: str) -> str:
    """Give the engine's SQL for *value* as the whole number *kind*: a fraction is cut, not rounded.

    The engine knows the type of *value* only when it binds it.
    """
    return (
        f"CASE WHEN TYPEOF({value}) IN ('DOUBLE', 'FLOAT')"
        f" THEN CAST(TRUNC(TRY_CAST({value} AS DOUBLE)) AS {kind})"
        f" WHEN TYPEOF({value}) LIKE 'DECIMAL%'"
        f" THEN CAST(TRUNC(TRY_CAST({value} AS DECIMAL(38, 10))) AS {kind})"
        f" ELSE CAST({value} AS {kind}) END"
    )


def _filled(template: str | exp.Expr, **given: exp.Expr) -> exp.Expr:
    """Give *template*, in the engine's SQL, with what was *given* in the places of its names."""
    made = parse_one(template, read="duckdb") if isinstance(template, str) else template
    names = list(made.find_all(exp.Column))
    once = _given_once([name.name for name in names], given)
    for place in names:
        name = place.name
        place.replace(exp.column(_ONCE + name) if name in once else given[name].copy())
    for name in once:
        made = _with(_ONCE + name, given[name].copy(), made)
    return made


def _given_once(told: Sequence[str], given: Mapping[str, exp.Expr]) -> list[str]:
    """Give the names *told* whose values are not to be written wherever their names are.

    Those that are long as they were made here: each around them would make them as long again.
    Then the others too, since not everything can be written where `_with` has the names.
    """
    if not any(told.count(name) > 1 and given[name].find(exp.Case) for name in given):
        return []
    return [name for name in given if not isinstance(given[name], exp.Literal)]


def _with(name: str, value: exp.Expr, made: exp.Expr) -> exp.Expr:
    """Give *made* where the column *name* stands for *value*, which is written once."""
    given = exp.Lambda(this=made, expressions=[exp.to_identifier(name)])
    listed = exp.Transform(this=exp.array(value), expression=given)
    return exp.Bracket(this=listed, expressions=[exp.Literal.number(1)], offset=1)


def _cast(node: exp.Expr) -> exp.Expr | None:
    kind, value = node.args["to"].this, node.this
    if kind not in _WHOLE or (isinstance(value, exp.Literal) and value.is_string):
        return None
    made = _filled(whole("x", kind.value), x=value)
    if isinstance(node, exp.TryCast):
        for cast in list(made.find_all(exp.Cast)):
            if type(cast) is exp.Cast and cast.args["to"].this is kind:
                cast.replace(exp.TryCast(this=cast.this, to=cast.args["to"]))
    return made


def _date(node: exp.Expr) -> exp.Expr:
    return exp.cast(node.copy(), "DATE")


def _sum(node: exp.Expr) -> exp.Expr | None:
    """Give a date where days or more are added to a date, as the engine gives a moment."""
    value, interval = node.this, node.args["expression"]
    if isinstance(value, exp.Interval):
        value, interval = interval, value
    if not isinstance(interval, exp.Interval) or isinstance(value, _NO_DATES):
        return None
    if interval.text("unit").upper().removesuffix("S") not in _DAYS:
        return None
    if _is_date(value):
        return _date(node)
    return _filled("CAST_TO_TYPE(summed, x)", summed=node, x=value)


def _is_date(node: exp.Expr) -> bool:
    if isinstance(node, exp.Cast):
        return node.to.this is exp.DType.DATE
    return isinstance(node, _DATES)


def _seconds(node: exp.Expr) -> exp.Expr:
    if isinstance(node.this, exp.CurrentTimestamp):
        return _filled("CAST(FLOOR(EPOCH(x)) AS BIGINT)", x=node.this)
    return _filled("CAST(FLOOR(x) AS BIGINT)", x=node)


def _substring(node: exp.Expr) -> exp.Expr | None:
    start = node.args.get("start")
    if start is None or (isinstance(start, exp.Literal) and start.name != "0"):
        return None
    made = node.copy()
    made.set("start", _filled("CASE WHEN x = 0 THEN 1 ELSE x END", x=start))
    return made


def _percentile(node: exp.Expr) -> exp.Expr:
    return _filled("QUANTILE_CONT(CAST(x AS DOUBLE), q)", x=node.this, q=node.args["quantile"])


def _element(node: exp.Expr) -> exp.Expr | None:
    """Give an element, or an error where an array is too short; a map has null there.

    What is no array or map has texts as its indices. The engine counts from 1.
    """
    index = node.expressions[0]
    if isinstance(index, exp.Null):
        index = exp.cast(index, "INT")
    if node.args.get("safe") or isinstance(node.this, _MAPS) or _is_text(index):
        return None
    checked, place = (_FROM_ONE, "i") if node.args.get("offset") else (_FROM_ZERO, _SHIFTED)
    found = exp.Bracket(
        this=exp.column("x"), expressions=[parse_one(place, read="duckdb")], offset=1
    )
    whole = _filled(checked, x=exp.column("x"), i=exp.column("i"), found=found)
    return _filled(whole, x=node.this, i=index)


def _is_text(index: exp.Expr) -> bool:
    return isinstance(index, exp.Slice) or (isinstance(index, exp.Literal) and index.is_string)


def _named(node: exp.Expr) -> exp.Expr | None:
    """Give what the parser does not know the function *node* as.

    Raises:
        SqlError: It has too few values, or too many.
    """
    if (known := _BY_NAME.get(node.name.upper())) is None:
        return None
    names, made = known
    if len(names) != len(node.expressions):
        raise wrong_count(node.name, len(names), len(node.expressions))
    return _filled(made, **dict(zip(names, node.expressions, strict=True)))


_ADAPTED: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr | None]] = {
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.DayOfWeek: lambda node: _filled("CAST(x + 1 AS INT)", x=node),
    exp.Anonymous: _named,
    exp.TsOrDsAdd: _date,
    exp.AddMonths: _date,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.StrToUnix: _seconds,
    exp.Substring: _substring,
    exp.Quantile: _percentile,
    exp.Bracket: _element,
}
