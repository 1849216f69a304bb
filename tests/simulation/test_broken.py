"""The simulation can fail: take away any one of the protections, and it sees a promise broken."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from dara_fp import Position
from dara_fp.core.shape import is_verdict
from dara_fp.runtime import worker
from dara_fp.runtime.journal import HandedBack, StoreJournal
from dara_fp.store.claimed import Claimed
from dara_fp.store.functions import LIBRARY, SOURCE
from tests.simulation.redis.script import functions_of
from tests.simulation.world import live

_SEEDS: Final = range(150)

_IN_THE_STORE: Final = {
    "an old epoch may record": (
        "zombies",
        "if task[1] ~= 'running' or task[2] ~= args[1] then",
        "if task[1] ~= 'running' then",
    ),
    "an old epoch may do all else": (
        "all",
        "if task[2] ~= epoch then return 'stale ' .. task[2] end",
        "",
    ),
    "a task that waits or is queued may be written": (
        "network",
        "if task[1] ~= 'running' then return 'state ' .. task[1] end",
        "",
    ),
    "the epoch does not rise": (
        "zombies",
        "local epoch = redis.call('HINCRBY', keys[1], 'epoch', 1)",
        "local epoch = redis.call('HINCRBY', keys[1], 'epoch', 0)",
    ),
    "a second copy of a record is recorded again": (
        "network",
        "if string.match(before, '^%d+ (%d+) ') == args[1] then return OK end",
        "",
    ),
    "a task of a lost worker stays with it": (
        "crashes",
        "if task[1] ~= 'running' or task[2] ~= worker then return end",
        "do return end",
    ),
    "a parked task is never due": (
        "calm",
        "if first then redis.call('ZADD', prefix .. ':due', first, id) end",
        "",
    ),
    "a signal wakes nobody": (
        "calm",
        "if task[1] == 'waiting' and task[2] and string.find(",
        "if false and string.find(",
    ),
    "what has ended is kept for ever": (
        "calm",
        "redis.call('PEXPIREAT', key,",
        "redis.call('EXISTS', key, key,",
    ),
    "a limit is never free again": (
        "calm",
        "count(prefix, 'w:' .. task[1], -1)",
        "",
    ),
    "a workflow has no limit": (
        "calm",
        "limit == 0 or counted(prefix, 'w:' .. workflow) < limit",
        "true",
    ),
    "an owner has no limit": (
        "calm",
        "if owner and counted(prefix, 'o:' .. owner) >= owners then",
        "if false then",
    ),
    "who stands aside for its owner stays there": (
        "calm",
        "if first[1] then offer(prefix, first[1], workflow, first[2]) end",
        "",
    ),
    "whoever resumes keeps the attempt": (
        "calm",
        "redis.call('HINCRBY', keys[1], 'attempt', 1)",
        "redis.call('HINCRBY', keys[1], 'attempt', 0)",
    ),
}


def _seen(climate: str, change: Callable[[bytes], bytes] = bytes) -> str:
    """Give the first broken promise that the seeds show in *climate*."""
    lives = (live(seed, climate=climate, change=change) for seed in _SEEDS)
    broken: Iterator[str] = (said for lived in lives for said in lived.wrong)
    return next(broken, "")


@pytest.mark.parametrize("weakness", _IN_THE_STORE)
def test_a_store_without_a_protection_is_seen(weakness: str) -> None:
    climate, old, new = _IN_THE_STORE[weakness]
    assert old.encode() in SOURCE, "the store has changed: name what protects it now"
    weakened = SOURCE.replace(old.encode(), new.encode())
    assert functions_of(weakened).name == LIBRARY  # it can be loaded, only not relied upon
    assert _seen(climate, lambda _source: weakened)


def test_a_token_that_changes_with_the_worker_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def token(at: Any) -> str:
        return f"{at.scope.task_id} {at.path} {id(at.scope)}"

    monkeypatch.setattr(Position, "token", property(token))
    assert "runs" in _seen("workspace")


def test_a_worker_that_goes_on_after_it_was_refused_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def welcome(_self: object, _reply: object) -> int:
        return 0

    monkeypatch.setattr(Claimed, "_welcome", welcome)
    assert _seen("zombies")


def test_a_worker_that_undoes_what_it_hands_back_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    record = StoreJournal.record

    async def undo_all(self: Any, path: str, entry: Any) -> None:
        try:
            await record(self, path, entry)
        except HandedBack:
            return

    monkeypatch.setattr(StoreJournal, "record", undo_all)
    assert _seen("deploys")


def test_a_journal_that_forgets_its_verdicts_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    find = StoreJournal.find

    def forget(self: Any, path: str, context: type[Any]) -> Any:
        return None if is_verdict(path) else find(self, path, context)

    monkeypatch.setattr(StoreJournal, "find", forget)
    assert _seen("crashes")


def test_a_worker_without_signs_of_life_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(_self: object) -> None:
        """Look after nothing."""

    monkeypatch.setattr(worker.Worker, "_look", look)
    assert _seen("crashes")
