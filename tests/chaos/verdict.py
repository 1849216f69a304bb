"""The books compared: what clients were told, what the workspace started, what the store wrote."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from dara_fp.store.records import Event, State
from tests.chaos.chaos import Found
from tests.chaos.client import Seen
from tests.chaos.plan import token_of

__all__ = ["Figures", "complaints", "figures"]

REDELIVERY_BOUND: Final = 1.35
"""How many times the redelivery a task may stand still after its worker was killed."""

SHOWN: Final = 10
RECORDS: Final = ("step.succeeded", "step.failed")
ENDS: Final = tuple(f"task.{state}" for state in State if state.final)


@attrs.frozen(kw_only=True)
class Figures:
    """The result in numbers.

    Attributes:
        accepted: Tasks that a client was told are accepted.
        succeeded, failed, cancelled: How they ended; they failed because they were made to.
        lost: Accepted tasks the server does not know any more, or knows by two ids.
        stuck: Accepted tasks that did not end.
        wrong: Tasks that ended as they should not.
        runs: Runs the workspace started.
        duplicates: Runs beyond the first of a task, step and attempt.
        missing: Runs that should have been started and were not.
        foreign: Runs that no step of a task accounts for.
        left: Runs of cancelled tasks that nobody cancelled.
        kills: Workers killed.
        held: Tasks that stood still because of that, each time counted.
        again: Those among them whose next worker was killed, too, before it recorded anything.
        standstills: Seconds from the kill until another worker took the task, in order.
        recoveries: Seconds from the kill until that worker had recorded a step, in order.
    """

    accepted: int
    succeeded: int
    failed: int
    cancelled: int
    lost: int
    stuck: int
    wrong: int
    runs: int
    duplicates: int
    missing: int
    foreign: int
    left: int
    kills: int
    held: int
    again: int
    standstills: tuple[float, ...]
    recoveries: tuple[float, ...]


def figures(found: Found) -> Figures:
    """Count what *found* has."""
    ends = Counter(each.states[-1] for each in found.seen if each.final is not None)
    taken = sorted(loss.taken_at - loss.killed_at for loss in found.losses if loss.taken_at)
    recorded = sorted(
        loss.recorded_at - loss.killed_at for loss in found.losses if loss.recorded_at
    )
    started = Counter(run["token"] for run in found.ledger)
    owners = _owners(found.seen)
    return Figures(
        accepted=sum(bool(each.task_ids) for each in found.seen),
        succeeded=ends[State.SUCCEEDED],
        failed=ends[State.FAILED],
        cancelled=ends[State.CANCELLED],
        lost=sum(1 for each in found.seen if _is_lost(each, found)),
        stuck=sum(each.final is None for each in found.seen),
        wrong=sum(1 for each in found.seen if list(_wrongs(each, found))),
        runs=len(found.ledger),
        duplicates=len(found.ledger) - len(started),
        missing=sum(
            each.planned.cancel_after is None and token not in started
            for token, each in owners.items()
        ),
        foreign=len(started.keys() - owners.keys()),
        left=len(list(_left(found))),
        kills=found.trouble["workers killed"],
        held=len(found.losses),
        again=sum(loss.recorded_at is None for loss in found.losses),
        standstills=tuple(taken),
        recoveries=tuple(recorded),
    )


def complaints(found: Found) -> list[str]:
    """Tell everything that should not be, a line each; nothing where all is well."""
    counted = figures(found)
    bound = REDELIVERY_BOUND * found.asked.redelivery + found.asked.slack
    late = [seconds for seconds in counted.standstills if seconds > bound]
    return [
        *_few(f"task {each.planned.number} was not accepted" for each in found.seen
              if not each.task_ids),
        *_few(f"task {each.planned.number} got two ids" for each in found.seen
              if len(each.task_ids) > 1),
        *_few(_stuck(each, found) for each in found.seen if each.task_ids and each.final is None),
        *_few(line for each in found.seen for line in _wrongs(each, found)),
        *_few(line for each in found.seen for line in each.complaints),
        *_few(_runs(found)),
        *_few(f"a task stood still for {seconds:.1f} s, over {bound:.1f} s" for seconds in late),
    ]  # fmt: skip


def _is_lost(seen: Seen, found: Found) -> bool:
    """Tell whether a task was accepted that the store does not know, or that is two tasks."""
    unknown = not found.events.get(seen.task_id) or any(": 404 " in x for x in seen.complaints)
    return len(seen.task_ids) > 1 or (bool(seen.task_ids) and unknown)


def _owners(seen: Iterable[Seen]) -> dict[object, Seen]:
    """Give the tasks by the tokens of the runs that they start."""
    return {
        token_of(each.task_id, path): each
        for each in seen if each.task_ids for path in each.planned.paths
    }  # fmt: skip


def _wrongs(seen: Seen, found: Found) -> Iterator[str]:
    """Tell what is wrong with how a task ended."""
    status, planned = seen.final, seen.planned
    if status is None:
        return
    name = _name(seen)
    yield from (f"{name} {said}" for said in _log_wrongs(found.events.get(seen.task_id, ())))
    if status["state"] != planned.state:
        yield f"{name} {status['state']} instead of {planned.state}: {status['error']}"
        return
    context: dict[str, Any] = status["context"]
    made = {field: context.get(field) for field in planned.made}
    if made != dict(planned.made):
        yield f"{name} made {made} instead of {dict(planned.made)}"
    ours = {token_of(seen.task_id, path) for path in planned.paths}
    known = {run["run_id"] for run in found.ledger if run["token"] in ours}
    foreign = set(_run_ids(context)) - known
    if foreign:
        yield f"{name} has the runs {foreign}, which the workspace did not start for it"


def _log_wrongs(events: Sequence[Event]) -> Iterator[str]:
    """Tell what a task's log has twice, or after its end."""
    steps = Counter(event.path for event in events if event.kind in RECORDS)
    yield from (f"recorded {path} {times} times" for path, times in steps.items() if times > 1)
    ends = [place for place, event in enumerate(events) if event.kind in ENDS]
    if ends != [len(events) - 1]:
        yield f"did not end once and for all: {[event.kind for event in events]}"


def _run_ids(context: Mapping[str, Any]) -> Iterator[int]:
    """Give the ids of the runs in a context."""
    for name in ("run", "left", "right"):
        if context.get(name):
            yield context[name]["run_id"]
    for run in context.get("runs", ()):
        yield run["run_id"]


def _stuck(seen: Seen, found: Found) -> str:
    return f"{_name(seen)} is stuck; its last events: {_last_events(seen, found)}"


def _last_events(seen: Seen, found: Found) -> str:
    events = found.events.get(seen.task_id, ())[-8:]
    return "; ".join(f"{each.kind} {each.path or ''} {each.data.decode()}" for each in events)


def _name(seen: Seen) -> str:
    return f"task {seen.planned.number} ({seen.planned.workflow} {seen.task_id})"


def _runs(found: Found) -> Iterator[str]:
    started, owners = Counter(run["token"] for run in found.ledger), _owners(found.seen)
    for token, times in started.items():
        if token not in owners:
            yield f"{times} runs for no step we know ({token})"
        elif times > 1:
            yield f"{times} runs for {_name(owners[token])}"
    for token, owner in owners.items():
        if owner.planned.cancel_after is None and token not in started:
            yield f"no run for {_name(owner)}"
    yield from _left(found)


def _left(found: Found) -> Iterator[str]:
    """Tell which runs of cancelled tasks nobody cancelled."""
    owners = _owners(found.seen)
    for run in found.ledger:
        owner = owners.get(run["token"])
        cancelled = owner is not None and owner.planned.cancel_after is not None
        if owner is not None and cancelled and not run["cancel_requested"]:
            events = _last_events(owner, found)
            yield f"run {run['run_id']} of {_name(owner)} was left running: {events}"


def _few(lines: Iterable[str]) -> Sequence[str]:
    """Give the first of *lines*, and how many more there are."""
    every = list(lines)
    more = [f"... and {len(every) - SHOWN} more like this"] if len(every) > SHOWN else []
    return every[:SHOWN] + more
