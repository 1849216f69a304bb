"""What the fleet's keys say, compared with what the tasks themselves say."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import attrs
from redis import Redis

__all__ = ["Books", "balance", "forget", "read_books"]

FINAL = {"succeeded", "failed", "cancelled"}
TICKETS = 32


@attrs.frozen(kw_only=True)
class Books:
    """All keys of a prefix, as plain data.

    Attributes:
        tasks: Their hashes, by id.
        rest: The fleet's keys without the prefix, with their values; sorted sets by member.
        expiries: When each key of a task expires, in milliseconds; -1 for never.
    """

    tasks: Mapping[str, Mapping[str, str]]
    rest: Mapping[str, Any]
    expiries: Mapping[str, Mapping[str, int]]

    def scores(self, key: str) -> dict[str, float]:
        return dict(self.rest.get(key, {}))

    def named(self, start: str) -> Iterator[tuple[str, Any]]:
        """Give the fleet's keys that begin with *start*, and their values."""
        for key, value in self.rest.items():
            if key.startswith(start):
                yield key.removeprefix(start), value

    def having(self, **fields: str) -> set[str]:
        """Give the tasks with these *fields*."""
        return {one for one, task in self.tasks.items() if fields.items() <= task.items()}


def read_books(client: Redis, prefix: str) -> Books:
    """Give all that *client*'s server has under *prefix*."""
    tasks: dict[str, Mapping[str, str]] = {}
    rest: dict[str, Any] = {}
    expiries: dict[str, dict[str, int]] = {}
    (keys,) = _calls(client, [("KEYS", f"{prefix}:*")])
    parts = [key for key in keys if key.startswith(f"{prefix}:{{")]
    hashes = [key for key in parts if key.endswith(":task")]
    moments = _calls(client, [("PEXPIRETIME", key) for key in parts])
    for key, moment in zip(parts, moments, strict=True):
        task_id, _, part = key.removeprefix(f"{prefix}:{{").rpartition("}:")
        assert part in {"task", "journal", "events"}, key
        expiries.setdefault(task_id, {})[part] = moment
    for key, fields in zip(
        hashes, _calls(client, [("HGETALL", key) for key in hashes]), strict=True
    ):
        tasks[key.removeprefix(f"{prefix}:{{").removesuffix("}:task")] = _pairs(fields)
    for key in set(keys) - set(parts):
        rest[key.removeprefix(f"{prefix}:")] = _value(client, key)
    return Books(tasks=tasks, rest=rest, expiries=expiries)


def balance(books: Books) -> None:
    """Prove that *books* agree with themselves, to the last counter."""
    queued, running = books.having(state="queued"), books.having(state="running")
    _queue_is_complete(books, queued)
    fleet: dict[str, str] = dict(books.rest.get("fleet", {}))
    assert 0 <= int(fleet.pop("tickets", 0)) <= TICKETS
    fleet.pop("looked_at", None)
    expected = Counter({"queued": len(queued)})
    expected["leaving"] = sum(len(ids) for _, ids in books.named("leaving:"))
    expected["ready"] = expected["leaving"] + sum(len(ids) for _, ids in books.named("ready:"))
    for task_id in running:
        task = books.tasks[task_id]
        expected[f"w:{task['workflow']}"] += 1
        if "owner" in task:
            expected[f"o:{task['owner']}"] += 1
    assert {name: int(value) for name, value in fleet.items()} == dict(+expected)
    _running_is_complete(books, running)
    _waiting_is_complete(books)
    _final_is_complete(books)


def forget(client: Redis, prefix: str) -> None:
    """Let the time pass after which nothing of the final tasks is kept."""
    books = read_books(client, prefix)
    gone = books.scores("gone")
    keys = [(one, part) for one in gone for part in books.expiries.get(one, ())]
    _calls(client, [("PEXPIREAT", f"{prefix}:{{{one}}}:{part}", "1") for one, part in keys])
    _calls(client, [("ZADD", f"{prefix}:gone", "1", one) for one in gone])


def _queue_is_complete(books: Books, queued: set[str]) -> None:
    places: list[str] = []
    for start in ("ready:", "leaving:"):
        for workflow, ids in books.named(start):
            assert {books.tasks[one]["workflow"] for one in ids} == {workflow}
            assert {"cancel" in books.tasks[one] for one in ids} == {start == "leaving:"}
            places += ids
    for name, ids in books.named("aside:"):
        workflow, _, owner = name.partition(":")
        assert set(ids) <= books.having(workflow=workflow, owner=owner)
        assert workflow in books.rest[f"blocked:{owner}"]
        assert not any("cancel" in books.tasks[one] for one in ids)
        ready = set(books.rest.get(f"ready:{workflow}", ())) & books.having(owner=owner)
        assert ready or books.having(state="running", owner=owner), f"{ids} stay aside forever"
        places += ids
    for owner, workflows in books.named("blocked:"):
        assert all(f"aside:{workflow}:{owner}" in books.rest for workflow in workflows)
    assert sorted(places) == sorted(queued), "each queued task has one place in the queue"
    ages = [ids for start in ("ready:", "leaving:", "aside:") for _, ids in books.named(start)]
    for task_id, age in [pair for ids in ages for pair in ids.items()]:
        assert age == float(books.tasks[task_id]["created_at"])


def _running_is_complete(books: Books, running: set[str]) -> None:
    runs = {(worker, one) for worker, ids in books.named("runs:") for one in ids}
    assert runs == {(books.tasks[one]["worker"], one) for one in running}
    calls = {(call, one) for call, one in books.rest.get("calls", {}).items()}
    assert calls == {(books.tasks[one]["claimed_by"], one) for one in running}
    assert {worker for worker, _ in runs} <= set(books.scores("alive")), "or it is never missed"
    assert books.rest.get("cancelling", set()) == {
        one for one in running if "cancel" in books.tasks[one]
    }
    claimed = {one for one, task in books.tasks.items() if {"worker", "claimed_by"} & set(task)}
    assert claimed == running


def _waiting_is_complete(books: Books) -> None:
    waiting = books.having(state="waiting")
    assert set(books.scores("due")) <= waiting
    assert {one for one, task in books.tasks.items() if "awaits" in task} == waiting
    assert not any("cancel" in books.tasks[one] for one in waiting)


def _final_is_complete(books: Books) -> None:
    left = set(books.scores("gone")) - set(books.tasks)
    gone = {one: at for one, at in books.scores("gone").items() if one not in left}
    assert all(books.scores("gone")[one] <= time.time() for one in left), "expired too early"
    assert set(books.scores("tasks")) == {*books.tasks, *left}
    assert set(gone) == {one for one, task in books.tasks.items() if task["state"] in FINAL}
    for task_id, expiries in books.expiries.items():
        expected = round(gone[task_id] * 1000) if task_id in gone else -1
        assert set(expiries.values()) == {expected}, task_id


def _value(client: Redis, key: str) -> Any:
    kind = _call(client, "TYPE", key)
    if kind == "hash":
        return _pairs(_call(client, "HGETALL", key))
    if kind == "zset":
        rows = _pairs(_call(client, "ZRANGE", key, "0", "-1", "WITHSCORES"))
        return {member: float(score) for member, score in rows.items()}
    assert kind == "set", f"{key} is a {kind}"
    return set(_call(client, "SMEMBERS", key))


def _call(client: Redis, *words: str) -> Any:
    return _calls(client, [words])[0]


def _calls(client: Redis, commands: Sequence[Sequence[str]]) -> list[Any]:
    """Give the replies to all *commands*, which travel together."""
    batch = cast("Any", client).pipeline(transaction=False)
    for words in commands:
        batch.execute_command(*words)
    return cast("list[Any]", _text(batch.execute()))


def _text(reply: Any) -> Any:
    if isinstance(reply, bytes):
        return reply.decode()
    if isinstance(reply, dict):
        pairs = cast("dict[Any, Any]", reply)  # type: ignore[redundant-cast]  # not to every checker
        return {_text(key): _text(value) for key, value in pairs.items()}
    if isinstance(reply, list | set | tuple):
        return [_text(one) for one in cast("list[Any]", reply)]
    return reply


def _pairs(reply: Any) -> dict[str, str]:
    """Give *reply*, whose pairs may come as a mapping, in a row or in twos."""
    if isinstance(reply, dict):
        return cast("dict[str, str]", reply)
    if reply and isinstance(reply[0], list):
        return dict(cast("list[tuple[str, str]]", reply))
    flat = iter(cast("list[str]", reply))
    return dict(zip(flat, flat, strict=True))
