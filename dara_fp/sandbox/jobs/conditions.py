"""Condition tasks: two values compared, without a cluster and so without a process."""

import operator
from collections.abc import Callable
from typing import Literal

import msgspec

__all__ = ["ConditionTask", "Outcome", "evaluate"]

Outcome = Literal["true", "false"]
Operator = Literal[
    "EQUAL_TO",
    "NOT_EQUAL",
    "GREATER_THAN",
    "GREATER_THAN_OR_EQUAL",
    "LESS_THAN",
    "LESS_THAN_OR_EQUAL",
]

_OF_TEXT: dict[Operator, Callable[[str, str], bool]] = {
    "EQUAL_TO": operator.eq,
    "NOT_EQUAL": operator.ne,
}
_OF_NUMBERS: dict[Operator, Callable[[float, float], bool]] = {
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL": operator.le,
}


class ConditionTask(msgspec.Struct, frozen=True):
    """Two values, which may be references, and how they are compared."""

    op: Operator
    left: str
    right: str


def evaluate(op: Operator, left: str, right: str) -> Outcome:
    """Compare *left* with *right* by *op*: as text for (in)equality, else as numbers.

    >>> evaluate("EQUAL_TO", "12.0", "12"), evaluate("GREATER_THAN_OR_EQUAL", "12.0", "12")
    ('false', 'true')

    Raises:
        ValueError: A value that has to be a number is none.
    """
    if op in _OF_TEXT:
        holds = _OF_TEXT[op](left, right)
    else:
        holds = _OF_NUMBERS[op](_number(left), _number(right))
    return "true" if holds else "false"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"A condition compares numbers, and {text[:100]!r} is none.") from None
