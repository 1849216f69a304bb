"""When a workflow starts by itself: the five fields of a cron line, checked."""

import re
from collections.abc import Sequence
from typing import Any

import attrs

from dara_fp.core.context import fields_of, given_fields

__all__ = ["ALIASES", "check_schedule"]

ALIASES = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
"""What may stand for the five fields."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ITEM = re.compile(r"(?:\*|(\w+)(?:-(\w+))?)(?:/([1-9]\d{0,3}))?", re.ASCII)


@attrs.frozen
class _Field:
    """One of the five fields.

    Attributes:
        name: What it is called.
        least: The least number that may stand there.
        most: The largest.
        words: What may stand for the numbers, the least first.
    """

    name: str
    least: int
    most: int
    words: Sequence[str] = ()

    def holds(self, text: str) -> bool:
        """Tell whether *text* is a list of numbers, ranges, steps or `*`."""
        return all(map(self._holds_item, text.split(",")))

    def _holds_item(self, item: str) -> bool:
        found = _ITEM.fullmatch(item)
        if found is None:
            return False
        numbers = [self._number(word) for word in found.groups()[:2] if word is not None]
        in_range = all(self.least <= number <= self.most for number in numbers)
        return in_range and numbers == sorted(numbers)

    def _number(self, word: str) -> int:
        if word.lower() in self.words:
            return self.words.index(word.lower()) + self.least
        return int(word) if word.isdecimal() else -1


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _DAYS),
)


def check_schedule(schedule: str, context: type[Any]) -> None:
    """Refuse a *schedule* that is none, or that could not start with the class *context*.

    Raises:
        ValueError: It is no cron line, or *context* has a field that somebody has to give.
    """
    if schedule not in ALIASES:
        _check_fields(schedule)
    given = given_fields(context)
    missing = [
        field.name
        for field in fields_of(context)
        if field.name in given and field.default is attrs.NOTHING
    ]
    if missing:
        raise ValueError(
            f"a schedule starts with {context.__name__}(), and nobody gives {', '.join(missing)}: "
            "give each field a default"
        )


def _check_fields(schedule: str) -> None:
    texts = schedule.split()
    if len(texts) != len(_FIELDS):
        raise ValueError(
            f"schedule {schedule!r} has {len(texts)} fields: give minute, hour, day, month and "
            f"weekday, such as '0 6 * * *', or one of {', '.join(ALIASES)}"
        )
    for field, text in zip(_FIELDS, texts, strict=True):
        if not field.holds(text):
            raise ValueError(
                f"schedule {schedule!r} has the {field.name} {text!r}: give *, or numbers from "
                f"{field.least} to {field.most}, as in '5', '1-4', '*/2' or '1,3'"
            )
