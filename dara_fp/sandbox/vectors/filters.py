"""`filters_json`: which rows a query may return."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, cast

from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json, parse

__all__ = ["Predicate", "parse_filters"]

Predicate = Callable[[Json], bool]

FILTER_LIMIT = 1_000


def parse_filters(filters_json: str, columns: frozenset[str]) -> Predicate:
    """Give the test that *filters_json* describes; all its conditions must hold.

    `{"a": 1}` equals, `{"a": [1, 2]}` is one of, `{"a NOT": 1}` is none of; `<`, `<=`, `>` and `>=`
    after the column compare numbers or strings; `{"a LIKE": "word"}` finds a word, and a pattern
    where there is a `%`; `NOT LIKE` is its opposite; `{"a OR b": [1, 2]}` holds when one column
    equals the value in its place. A column of arrays equals what is in it. A list of such objects
    holds when all of them do.

    Raises:
        ApiError: 400; no JSON object, an unknown operator, or a column not in *columns*.

    >>> keep = parse_filters('{"year >": 2020, "tag": ["a", "b"]}', frozenset({"year", "tag"}))
    >>> keep({"year": 2024, "tag": "a"}), keep({"year": 2024, "tag": "c"})
    (True, False)
    """
    if not filters_json:
        return _everything
    if filters_json.lstrip().startswith("["):
        objects = parse(filters_json, list[Json], "filters_json")
    else:
        objects = [parse(filters_json, Json, "filters_json")]
    conditions = [pair for conditions in objects for pair in conditions.items()]
    if len(conditions) > FILTER_LIMIT:
        raise invalid(f"filters_json has {len(conditions)} conditions: {FILTER_LIMIT} at most.")
    tests = [_condition(key, value, columns) for key, value in conditions]
    return lambda row: all(test(row) for test in tests)


def _everything(_row: Json) -> bool:
    return True


def _condition(key: str, value: object, columns: frozenset[str]) -> Predicate:
    if " OR " in key:
        return _any_of(key.split(" OR "), value, columns)
    name, _, operator = key.strip().partition(" ")
    if name not in columns:
        raise invalid(
            f"Unknown filter column {name!r}: the index has {', '.join(sorted(columns))}."
        )
    compare = COMPARE.get(" ".join(operator.upper().split()))
    if compare is None:
        known = ", ".join(repr(known) for known in COMPARE if known)
        raise invalid(f"Unknown filter operator {operator!r} in {key!r}: use one of {known}.")
    return lambda row: compare(row.get(name), value)


def _any_of(names: list[str], value: object, columns: frozenset[str]) -> Predicate:
    values = _listed(value)
    if len(values) != len(names):
        raise invalid(
            f"Filter {' OR '.join(names)!r} needs {len(names)} values, got {len(values)}."
        )
    pairs = zip(names, values, strict=True)
    tests = [_condition(name.strip(), wanted, columns) for name, wanted in pairs]
    return lambda row: any(test(row) for test in tests)


def _is_in(found: object, wanted: object) -> bool:
    return any(_same(entry, value) for entry in _listed(found) for value in _listed(wanted))


def _same(found: object, wanted: object) -> bool:
    # To Python, true is one.
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def _is_like(found: object, wanted: object) -> bool:
    return any(_fits(entry, value) for entry in _listed(found) for value in _listed(wanted))


def _fits(found: object, wanted: object) -> bool:
    if not isinstance(found, str):
        return False
    if "%" in str(wanted):
        return _pattern(str(wanted)).fullmatch(found) is not None
    return str(wanted).casefold() in found.casefold().split()


@lru_cache(maxsize=1_000)
def _pattern(wanted: str) -> re.Pattern[str]:
    # No single-character wildcard: names in JSON are full of underscores.
    return re.compile(".*".join(map(re.escape, wanted.split("%"))), re.DOTALL)


def _ordered(test: Callable[[int], bool]) -> Callable[[object, object], bool]:
    def compare(found: object, wanted: object) -> bool:
        if isinstance(found, int | float) and isinstance(wanted, int | float):
            return test((found > wanted) - (found < wanted))
        if isinstance(found, str) and isinstance(wanted, str):
            return test((found > wanted) - (found < wanted))
        return False

    return compare


def _listed(value: object) -> list[object]:
    return [*cast("list[object]", value)] if isinstance(value, list) else [value]


COMPARE: Final[dict[str, Callable[[object, object], bool]]] = {
    "": _is_in,
    "NOT": lambda found, wanted: not _is_in(found, wanted),
    "LIKE": _is_like,
    "NOT LIKE": lambda found, wanted: not _is_like(found, wanted),
    "<": _ordered(lambda order: order < 0),
    "<=": _ordered(lambda order: order <= 0),
    ">": _ordered(lambda order: order > 0),
    ">=": _ordered(lambda order: order >= 0),
}
