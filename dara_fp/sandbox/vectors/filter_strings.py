"""`filter_string`: the conditions of a query as SQL, as storage-optimized endpoints take them."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json
from dara_fp.sandbox.vectors.filters import Predicate

__all__ = ["parse_filter_string"]

LONGEST = 10_000

_Value = Callable[[Json], Any]
_Test = Callable[[Json], bool | None]

_COMPARED: Mapping[type[exp.Expr], Callable[[Any, Any], bool]] = MappingProxyType(
    {
        exp.EQ: operator.eq,
        exp.NEQ: operator.ne,
        exp.LT: operator.lt,
        exp.LTE: operator.le,
        exp.GT: operator.gt,
        exp.GTE: operator.ge,
    }
)


def parse_filter_string(text: str, columns: frozenset[str]) -> Predicate:
    """Give the test that *text*, the inside of a WHERE clause, describes.

    There are comparisons, IN, LIKE, BETWEEN, IS NULL, array_contains, AND, OR, NOT and
    parentheses. A comparison with null is unknown, as in SQL.

    Raises:
        ApiError: 400; it cannot be read, has something else, or a column not in *columns*.

    >>> keep = parse_filter_string("year > 2020 AND tag IN ('a', 'b')", frozenset({"year", "tag"}))
    >>> keep({"year": 2024, "tag": "a"}), keep({"year": None, "tag": "a"})
    (True, False)
    """
    if len(text) > LONGEST:
        raise invalid(f"filter_string has {len(text)} characters: {LONGEST} at most.")
    try:
        found = parse_one(text, read="databricks", into=exp.Condition)
        holds = _test(found, columns)
    except (SqlglotError, RecursionError) as error:
        raise invalid(f"Invalid filter_string {text[:200]!r}: {str(error)[:200]}") from None
    return lambda row: holds(row) is True


def _test(found: exp.Expr, columns: frozenset[str]) -> _Test:
    if isinstance(found, exp.Paren):
        return _test(found.this, columns)
    if isinstance(found, exp.Not):
        return _denied(_test(found.this, columns))
    if isinstance(found, exp.And | exp.Or):
        ends = isinstance(found, exp.Or)
        tests = [_test(found.left, columns), _test(found.right, columns)]
        return lambda row: _joined([test(row) for test in tests], ends=ends)
    make = _SIMPLE.get(type(found))
    if make is None:
        raise invalid(f"The filter_string has {found.sql()[:100]!r}, which is no condition.")
    test = make(found, columns)
    return _denied(test) if found.args.get("negate") else test  # NOT LIKE is one node


def _denied(test: _Test) -> _Test:
    def holds(row: Json) -> bool | None:
        found = test(row)
        return None if found is None else not found

    return holds


def _joined(found: Sequence[bool | None], *, ends: bool) -> bool | None:
    """Give what *found* is together, where one that is *ends* decides, and None is unknown."""
    if ends in found:
        return ends
    return None if None in found else not ends


def _comparison(found: exp.Expr, columns: frozenset[str]) -> _Test:
    pair = cast("exp.Binary", found)
    left, right = _value(pair.left, columns), _value(pair.right, columns)
    holds = _COMPARED[type(found)]
    return lambda row: _compared(holds, left(row), right(row))


def _compared(holds: Callable[[Any, Any], bool], left: object, right: object) -> bool | None:
    if left is None or right is None:
        return None
    return isinstance(left, str) == isinstance(right, str) and holds(left, right)


def _is_in(found: exp.Expr, columns: frozenset[str]) -> _Test:
    value = _value(found.this, columns)
    wanted = [_value(entry, columns) for entry in found.expressions]
    return lambda row: _joined(
        [_compared(operator.eq, value(row), one(row)) for one in wanted], ends=True
    )


def _is_like(found: exp.Expr, columns: frozenset[str]) -> _Test:
    value, pattern = _value(found.this, columns), _value(found.expression, columns)

    def holds(row: Json) -> bool | None:
        text = value(row)
        return None if text is None else _fits(str(text), str(pattern(row)))

    return holds


def _fits(text: str, pattern: str) -> bool:
    signs = {"%": ".*", "_": "."}
    wanted = "".join(signs.get(sign) or re.escape(sign) for sign in pattern)
    return re.fullmatch(wanted, text, re.DOTALL) is not None


def _is_between(found: exp.Expr, columns: frozenset[str]) -> _Test:
    value = _value(found.this, columns)
    low, high = (_value(found.args[end], columns) for end in ("low", "high"))

    def holds(row: Json) -> bool | None:
        above = _compared(operator.ge, value(row), low(row))
        return _joined([above, _compared(operator.le, value(row), high(row))], ends=False)

    return holds


def _is_null(found: exp.Expr, columns: frozenset[str]) -> _Test:
    if not isinstance(found.expression, exp.Null):
        raise invalid(f"The filter_string has {found.sql()[:100]!r}: only IS NULL is known.")
    value = _value(found.this, columns)
    return lambda row: value(row) is None


def _has_entry(found: exp.Expr, columns: frozenset[str]) -> _Test:
    entries, wanted = _value(found.this, columns), _value(found.expression, columns)

    def holds(row: Json) -> bool | None:
        given = entries(row)
        return None if given is None else isinstance(given, list) and wanted(row) in given

    return holds


def _truth(found: exp.Expr, columns: frozenset[str]) -> _Test:
    value = _value(found, columns)

    def holds(row: Json) -> bool | None:
        given = value(row)
        return None if given is None else given is True

    return holds


def _value(found: exp.Expr, columns: frozenset[str]) -> _Value:
    if isinstance(found, exp.Column):
        return _column(found.name, columns)
    constant = _constant(found)
    return lambda _row: constant


def _column(name: str, columns: frozenset[str]) -> _Value:
    if name not in columns:
        raise invalid(
            f"Unknown filter column {name!r}: the index has {', '.join(sorted(columns))}."
        )
    return lambda row: row.get(name)


def _constant(found: exp.Expr) -> object:
    if isinstance(found, exp.Cast):
        return _constant(found.this)  # dates and timestamps are kept as texts that sort
    if isinstance(found, exp.Literal | exp.Neg | exp.Boolean):
        return found.to_py()
    raise invalid(f"The filter_string has {found.sql()[:100]!r}, which is no column and no value.")


_Make = Callable[[exp.Expr, frozenset[str]], _Test]

_SIMPLE: Mapping[type[exp.Expr], _Make] = MappingProxyType(
    {
        **dict.fromkeys(_COMPARED, _comparison),
        exp.In: _is_in,
        exp.Like: _is_like,
        exp.Between: _is_between,
        exp.Is: _is_null,
        exp.ArrayContains: _has_entry,
        exp.Column: _truth,
    }
)
