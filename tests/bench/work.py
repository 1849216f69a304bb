"""The work that all contenders do: ten steps, each of which changes two of eight fields."""

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import TypeVar, cast

import attrs

from dara_fp import StepContext

__all__ = [
    "EXPECTED",
    "GIVEN",
    "NAMES",
    "SLEEPERS",
    "START",
    "Job",
    "WrongResult",
    "check",
    "fields_of_job",
    "ten",
]

F = TypeVar("F", bound=Callable[..., object])

_HOUR = 3600.0


@attrs.frozen(kw_only=True)
class Job(StepContext):
    """The state: eight fields, of which a step changes the last two."""

    path: str
    owner: str
    language: str
    tags: tuple[str, ...]
    limit: int
    threshold: float
    count: int
    total: int


class WrongResult(ValueError):
    """A contender did other work than the rest."""


class Sleepers:
    """Counts the runs that fell asleep."""

    count = 0

    def one_more(self) -> float:
        """Count one more, and give how many seconds it sleeps: until it is cancelled."""
        self.count += 1
        return _HOUR


def fields_of_job(job: Job) -> dict[str, object]:
    """Give the fields of *job* by name."""
    return attrs.asdict(job, recurse=False)


SLEEPERS = Sleepers()
NAMES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SLEEPS = NAMES.index("five")
START = Job(
    path="/Volumes/main/default/files/report.pdf",
    owner="someone@example.com",
    language="en",
    tags=("quarterly", "finance"),
    limit=7,
    threshold=0.25,
    count=0,
    total=0,
)
GIVEN: Mapping[str, object] = fields_of_job(START)
EXPECTED: Mapping[str, object] = {**GIVEN, "count": 10, "total": 70}


def ten(work: F, rest: F, *, sleeping: bool) -> tuple[F, ...]:
    """Give ten copies of *work* under ten names; if *sleeping*, the fifth is *rest*."""
    return tuple(
        _renamed(rest if sleeping and number == _SLEEPS else work, name)
        for number, name in enumerate(NAMES)
    )


def check(label: str, fields: Mapping[str, object]) -> None:
    """Compare the final *fields* of the contender *label* with what all must make.

    Raises:
        WrongResult: They differ.
    """
    if dict(fields) != EXPECTED:
        raise WrongResult(f"{label} gave {dict(fields)}, not {dict(EXPECTED)}")


def _renamed(function: F, name: str) -> F:
    plain = cast("FunctionType", function)
    copied = FunctionType(plain.__code__, plain.__globals__, name, None, plain.__closure__)
    return cast("F", copied)
