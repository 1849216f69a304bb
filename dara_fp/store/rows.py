"""Replies of the server's functions, turned into records."""

from collections.abc import Iterable, Iterator
from typing import cast

import msgspec

from dara_fp.core.errors import StepError
from dara_fp.store.functions import Reply
from dara_fp.store.records import Event, History, Report, State, StepRecord, TaskRecord

__all__ = ["error_json", "events_from", "history_from", "words_from"]

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
    steps: list[tuple[int, StepRecord]] = []
    reports: list[Report] = []
    for field, value in _pairs(journal):
        path = field[2:].decode()
        if field.startswith(b"s:"):
            steps.append(_step(path, value))
        else:
            reports.append(_report(path, value))
    return History(
        task=_task(task_id, dict(_pairs(task))),
        steps=tuple(step for _, step in sorted(steps, key=lambda numbered: numbered[0])),
        reports=tuple(sorted(reports, key=lambda report: report.at)),
    )


def events_from(reply: Reply) -> tuple[Event, ...]:
    """Give the events in the *reply* of `XRANGE`."""
    rows = cast("list[tuple[bytes, list[bytes]]]", reply or [])
    return tuple(_event(row_id, dict(_pairs(fields))) for row_id, fields in rows)


def words_from(reply: Reply) -> tuple[str, str]:
    """Give the first word of a status *reply*, and the rest."""
    word, _, rest = reply.decode().partition(" ") if isinstance(reply, bytes) else ("", "", "")
    return word, rest


def _task(task_id: str, fields: dict[bytes, bytes]) -> TaskRecord:
    owner, error = fields.get(b"owner"), fields.get(b"error")
    return TaskRecord(
        task_id=task_id,
        workflow=fields[b"workflow"].decode(),
        state=State(fields[b"state"].decode()),
        epoch=int(fields[b"epoch"]),
        deliveries=int(fields[b"deliveries"]),
        context=fields[b"context"],
        structure=_PATHS.decode(fields[b"structure"]),
        owner=None if owner is None else owner.decode(),
        created_at=float(fields[b"created_at"]),
        started_at=_seconds(fields.get(b"started_at")),
        finished_at=_seconds(fields.get(b"finished_at")),
        error=None if error is None else _ERROR.decode(error),
    )


def _step(path: str, value: bytes) -> tuple[int, StepRecord]:
    times, error, changes = value.split(b"\n", 2)
    number, _epoch, started_at, finished_at = times.split(b" ")
    return int(number), StepRecord(
        path=path,
        changes=changes,
        error=_ERROR.decode(error) if error else None,
        started_at=float(started_at),
        finished_at=float(finished_at),
    )


def _report(path: str, value: bytes) -> Report:
    at, fraction, message = value.split(b"\n", 2)
    return Report(path=path, message=message.decode(), fraction=_seconds(fraction), at=float(at))


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


def _pairs(flat: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    one = iter(flat)
    return zip(one, one, strict=True)
