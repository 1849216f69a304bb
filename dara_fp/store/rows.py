"""Replies of the server's functions, turned into records."""

from collections.abc import Iterable, Iterator
from itertools import starmap
from operator import attrgetter
from typing import cast

import msgspec

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Waiting
from dara_fp.store.functions import Reply
from dara_fp.store.records import (
    Event,
    History,
    Page,
    Report,
    Signal,
    State,
    StepRecord,
    TaskRecord,
    TaskSummary,
)

__all__ = [
    "error_json",
    "events_from",
    "history_from",
    "page_from",
    "summary_from",
    "tickets_from",
    "words_from",
]

_KINDS = (b"s:", b"r:", b"b:", b"w:", b"g:")
"""How the journal's fields begin: steps, reports, slow steps that were begun, waits, signals."""

_ERROR = msgspec.json.Decoder(StepError)
_PATHS = msgspec.json.Decoder(tuple[str, ...])


def error_json(error: StepError | None) -> bytes:
    """Give *error* as the store keeps it; nothing for no error."""
    return b"" if error is None else msgspec.json.encode(error)


def history_from(task_id: str, reply: Reply) -> History | None:
    """Give the history in *reply*, None where the task is unknown."""
    task, journal = cast("list[list[bytes]]", reply)
    if not task:
        return None
    found: dict[bytes, dict[str, bytes]] = {kind: {} for kind in _KINDS}
    for field, value in _pairs(journal):
        found[field[:2]][field[2:].decode()] = value
    steps, reports, begun, waits, signals = found.values()
    return History(
        task=_task(task_id, dict(_pairs(task))),
        steps=tuple(sorted(starmap(_step, steps.items()), key=attrgetter("number"))),
        reports=tuple(sorted(starmap(_report, reports.items()), key=attrgetter("at"))),
        begun={path: float(value) for path, value in begun.items()},
        waits=tuple(sorted(starmap(_wait, waits.items()), key=attrgetter("since"))),
        signals={name: _signal(value) for name, value in signals.items()},
    )


def page_from(reply: Reply) -> Page:
    """Give the page in the *reply* of `list`."""
    age, last, rows = cast("tuple[bytes, bytes, list[tuple[bytes, list[bytes | None]]]]", reply)
    after = f"{age.decode()} {last.decode()}" if age else None
    return Page(tasks=tuple(_summary(task_id.decode(), row) for task_id, row in rows), next=after)


def summary_from(task_id: str, reply: Reply) -> TaskSummary | None:
    """Give the summary in the *reply* of `summary`, None where the task is unknown."""
    row = cast("list[bytes | None]", reply)
    return None if row[0] is None else _summary(task_id, row)


def events_from(reply: Reply) -> tuple[Event, ...]:
    """Give the events in the *reply* of `XRANGE`."""
    rows = cast("list[tuple[bytes, list[bytes]]]", reply or [])
    return tuple(_event(row_id, dict(_pairs(fields))) for row_id, fields in rows)


def words_from(reply: Reply) -> tuple[str, str]:
    """Give the first word of a status *reply*, and the rest."""
    word, _, rest = reply.decode().partition(" ") if isinstance(reply, bytes) else ("", "", "")
    return word, rest


def tickets_from(rest: str) -> int:
    """Give how many tickets are to be put, which is the last word of a reply's *rest*."""
    return int(rest.rpartition(" ")[2] or 0)


def _summary(task_id: str, row: list[bytes | None]) -> TaskSummary:
    workflow, state, owner, attempt, created_at, started_at, finished_at, error = row
    return TaskSummary(
        task_id=task_id,
        workflow=(workflow or b"").decode(),
        state=State((state or b"").decode()),
        owner=_text(owner),
        attempt=int(attempt or 1),
        created_at=float(created_at or 0),
        started_at=_seconds(started_at),
        finished_at=_seconds(finished_at),
        error=None if error is None else _ERROR.decode(error),
    )


def _task(task_id: str, fields: dict[bytes, bytes]) -> TaskRecord:
    error = fields.get(b"error")
    return TaskRecord(
        task_id=task_id,
        workflow=fields[b"workflow"].decode(),
        state=State(fields[b"state"].decode()),
        attempt=int(fields[b"attempt"]),
        epoch=int(fields[b"epoch"]),
        deliveries=int(fields[b"deliveries"]),
        context=fields[b"context"],
        structure=_PATHS.decode(fields[b"structure"]),
        owner=_text(fields.get(b"owner")),
        created_at=float(fields[b"created_at"]),
        started_at=_seconds(fields.get(b"started_at")),
        finished_at=_seconds(fields.get(b"finished_at")),
        error=None if error is None else _ERROR.decode(error),
        claimed_at=_seconds(fields.get(b"claimed_at")),
        resumed_at=_seconds(fields.get(b"resumed_at")),
        cancelling=b"cancel" in fields,
        request=_text(fields.get(b"request")),
        trace=_text(fields.get(b"trace")),
    )


def _step(path: str, value: bytes) -> StepRecord:
    times, error, changes = value.split(b"\n", 2)
    number, _epoch, started_at, finished_at = times.split(b" ")
    return StepRecord(
        path=path,
        number=int(number),
        changes=changes,
        error=_ERROR.decode(error) if error else None,
        started_at=float(started_at),
        finished_at=float(finished_at),
    )


def _report(path: str, value: bytes) -> Report:
    at, fraction, message = value.split(b"\n", 2)
    return Report(path=path, message=message.decode(), fraction=_seconds(fraction), at=float(at))


def _wait(path: str, value: bytes) -> Waiting:
    times, signal = value.split(b"\n", 1)
    since, until = times.split(b" ")
    return Waiting(
        path=path,
        signal=signal.decode() or None,
        since=float(since),
        until=_seconds(until),
    )


def _signal(value: bytes) -> Signal:
    at, _, body = value.partition(b"\n")
    return Signal(body=body, at=float(at))


def _event(row_id: bytes, fields: dict[bytes, bytes]) -> Event:
    return Event(
        number=int(row_id.partition(b"-")[0]),
        kind=fields[b"kind"].decode(),
        path=fields[b"path"].decode() or None,
        at=float(fields[b"at"]),
        data=fields[b"data"],
    )


def _seconds(text: bytes | None) -> float | None:
    return float(text) if text else None


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _pairs(flat: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    one = iter(flat)
    return zip(one, one, strict=True)
