"""Filters of lists: those of pipelines by name and notebook, those of events by level and time."""

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime

from dara_fp.sandbox.pipelines.pipeline_records import Event, Pipeline
from dara_fp.sandbox.server.errors import ApiError, invalid

__all__ = ["event_filter", "pipeline_filter"]

_NAMED = re.compile(r"(?i)\s*name\s+like\s+'(.*)'\s*")
_NOTEBOOK = re.compile(r"(?i)\s*notebook\s*=\s*'(.*)'\s*")
_AND = re.compile(r"(?i)(?<!\s)\s+and\s+")  # so that a run of spaces is looked at once
_CLAUSE = re.compile(
    r"(?i)\s*(?P<field>level|id|timestamp)\s*"
    r"(?P<sign><=|>=|<|>|=|in\s*(?=\())\s*(?P<value>'[^']*'|\([^()]*\))\s*"
)
_SIGNS: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def pipeline_filter(text: str) -> Callable[[Pipeline], bool]:
    """Give what tells whether a pipeline fits *text*; an empty one lets all through.

    Raises:
        ApiError: 400; there is no such filter.
    """
    if not text:
        return lambda _pipeline: True
    if (named := _NAMED.fullmatch(text)) is not None:
        wanted = re.compile(_like(named[1]), re.DOTALL)
        return lambda pipeline: wanted.match(pipeline.name) is not None
    if (notebook := _NOTEBOOK.fullmatch(text)) is not None:
        path = notebook[1]
        return lambda pipeline: any(
            source.notebook is not None and source.path == path for source in pipeline.sources
        )
    raise _unknown(text, "name LIKE '<pattern>' or notebook='<path>'")


def event_filter(text: str) -> Callable[[Event], bool]:
    """Give what tells whether an event fits *text*; an empty one lets all through.

    Raises:
        ApiError: 400; there is no such filter.
    """
    clauses = [_clause(part, text) for part in _AND.split(text)] if text.strip() else []
    return lambda event: all(fits(event) for fits in clauses)


def _clause(part: str, text: str) -> Callable[[Event], bool]:
    found = _CLAUSE.fullmatch(part)
    if found is None:
        raise _unknown(text, "such as level in ('ERROR', 'WARN') AND timestamp > '<time>'")
    field, sign, values = found["field"].lower(), found["sign"], _values(found["value"])
    if field == "timestamp":
        compare, moment = _SIGNS.get(sign), _moment(values[0], text)
        if compare is not None:
            return lambda event: compare(event.timestamp, moment)
    elif sign == "=" or sign not in _SIGNS:
        return lambda event: (event.level if field == "level" else event.id) in values
    raise _unknown(text, f"{field} compared otherwise than with {sign.strip()}")


def _values(written: str) -> list[str]:
    return re.findall(r"'([^']*)'", written) or [""]


def _moment(written: str, text: str) -> int:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise _unknown(text, "a time such as 2021-07-22T06:37:33.083Z") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _like(pattern: str) -> str:
    """Give the expression for *pattern*, which goes back to no `%` once what follows it is found.

    To try another place for it could only find less, and would take a time that no name is worth.
    """
    first, *others = (
        "".join("." if letter == "_" else re.escape(letter) for letter in part)
        for part in pattern.split("%")
    )
    if not others:
        return rf"{first}\Z"
    *inner, last = others
    return "".join([first, *(f"(?>.*?{part})" for part in inner), rf".*{last}\Z"])


def _unknown(text: str, known: str) -> ApiError:
    return invalid(f"Invalid filter {text[:200]!r}: expected {known}.")
