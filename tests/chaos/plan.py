"""What is asked for: tasks drawn from a seed, and what has to come of each."""

import hashlib
import random
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from dara_fp.store.records import State

__all__ = ["Jobs", "Planned", "planned", "token_of"]

SUBMIT = "submit_run"
SLOW_SHARE = 0.03
EARLY_SHARE = 0.3
AGAIN_SHARE = 0.05
CANCELLED_SHARE = 0.1
LONGEST_LIFE = 4.0


@attrs.frozen(kw_only=True)
class Jobs:
    """Ids of jobs: one that ends at once, one that takes a while, one that does not end."""

    quick: str
    slow: str
    endless: str


@attrs.frozen(kw_only=True)
class Planned:
    """One task that a client starts.

    Attributes:
        number: Which one.
        key: Its idempotency key.
        workflow: The workflow's name.
        fields: The body of the request.
        at: When it is started, as a share of the time there is.
        again: Whether the client asks once more, as one that lost the answer.
        approval: The body of the signal it waits for, if it waits for one.
        early: Whether that is sent before anyone waits for it.
        cancel_after: Seconds after which the client cancels it; None if it does not.
        paths: The steps that start a run, each with one run; one that is cancelled may have none.
        state: How it ends.
        made: Fields of its context at the end.
    """

    number: int
    key: str
    workflow: str
    fields: Mapping[str, Any]
    at: float
    again: bool = False
    approval: Mapping[str, Any] | None = None
    early: bool = False
    cancel_after: float | None = None
    paths: tuple[str, ...] = (SUBMIT,)
    state: State = State.SUCCEEDED
    made: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.frozen(kw_only=True)
class _Drawn:
    """What a maker of tasks adds to what they have in common."""

    fields: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    approval: Mapping[str, Any] | None = None
    cancel_after: float | None = None
    paths: tuple[str, ...] = (SUBMIT,)
    state: State = State.SUCCEEDED
    made: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


def planned(count: int, seed: int, jobs: Jobs) -> tuple[Planned, ...]:
    """Draw *count* tasks with runs of *jobs* by *seed*; a few runs take longer."""
    chance = random.Random(seed)  # noqa: S311 - the same seed draws the same
    return tuple(_task(number, count, chance, jobs) for number in range(count))


def token_of(task_id: str, path: str) -> str:
    """Give the token of a run, worked out anew: of the task, the step and the first attempt."""
    return hashlib.sha256(f"{task_id}\n{path}\n1".encode()).hexdigest()


def _task(number: int, count: int, chance: random.Random, jobs: Jobs) -> Planned:
    cancelled = chance.random() < CANCELLED_SHARE
    workflow, draw = chance.choice(_KINDS[:3] if cancelled else _KINDS)
    drawn = _cut(draw(number, chance), chance) if cancelled else draw(number, chance)
    job = jobs.slow if chance.random() < SLOW_SHARE else jobs.quick
    return Planned(
        number=number,
        key=f"chaos-{number}",
        workflow=workflow,
        fields={"job": jobs.endless if cancelled else job, "number": number, **drawn.fields},
        at=(number + chance.random()) / count,
        again=chance.random() < AGAIN_SHARE,
        approval=drawn.approval,
        early=chance.random() < EARLY_SHARE,
        cancel_after=drawn.cancel_after,
        paths=drawn.paths,
        state=drawn.state,
        made=drawn.made,
    )


def _cut(drawn: _Drawn, chance: random.Random) -> _Drawn:
    life = chance.random() * LONGEST_LIFE
    return attrs.evolve(drawn, state=State.CANCELLED, cancel_after=life, made={})


def _linear(number: int, _chance: random.Random) -> _Drawn:
    return _Drawn(made={"doubled": 2 * number, "total": 2 * number + 1})


def _lanes(_number: int, _chance: random.Random) -> _Drawn:
    return _Drawn(paths=("left/submit_run", "right/submit_run"), made={"both": 2})


def _items(_number: int, chance: random.Random) -> _Drawn:
    names = "abcde"[: chance.randint(1, 5)]
    return _Drawn(fields={"names": list(names)}, paths=tuple(f"[{n}]/submit_run" for n in names))


def _tried(_number: int, chance: random.Random) -> _Drawn:
    failures = chance.randint(0, 3)
    tries = ("", *(f"{number}/" for number in range(2, failures + 2)))
    return _Drawn(
        fields={"failures": failures},
        paths=tuple(f"{number}submit_run" for number in tries),
        made={"tries": failures + 1},
    )


def _reserved(_number: int, chance: random.Random) -> _Drawn:
    if chance.random() < 0.5:
        return _Drawn(fields={"fails": False}, paths=("reserve/submit_run",), made={"kept": True})
    return _Drawn(
        fields={"fails": True},
        paths=("reserve/submit_run", "release/submit_run"),
        state=State.FAILED,
        made={"kept": False},
    )


def _approved(number: int, _chance: random.Random) -> _Drawn:
    return _Drawn(approval={"by": "somebody", "amount": number}, made={"amount": number})


_KINDS: tuple[tuple[str, Callable[[int, random.Random], _Drawn]], ...] = (
    ("linear", _linear),
    ("lanes", _lanes),
    ("items", _items),
    ("tried", _tried),
    ("reserved", _reserved),
    ("approved", _approved),
)
