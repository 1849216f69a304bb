"""What may never happen, watched where it would: in the keyspace, at the steps, at the server."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from dara_fp import Position
from dara_fp.runtime.executor import Limits
from dara_fp.store.functions import Refusal
from tests.simulation.drawing import Place
from tests.simulation.journals import Recorded, TaskKeys, recorded
from tests.simulation.processes import current
from tests.simulation.redis.keyspace import Keyspace, Words
from tests.simulation.redis.server import Call

__all__ = ["FINAL", "End", "Watch"]

FINAL: Final = frozenset({"succeeded", "failed", "cancelled"})

_MOVES: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"queued"}),
    "queued": frozenset({"running", "cancelled", "failed"}),
    "running": frozenset({"queued", "waiting", "succeeded", "failed", "cancelled"}),
    "waiting": frozenset({"queued"}),
    "succeeded": frozenset(),
    "failed": frozenset({"queued"}),
    "cancelled": frozenset(),
}

_OWNED: Final = frozenset({"begin", "record", "report", "finish", "hand_back", "park"})


@attrs.define(eq=False)
class _Seen:
    """What was seen of one task.

    Attributes:
        state: The last state.
        attempt: The attempt of that state.
        running_epoch: The epoch it last ran with.
        claims: How often it was claimed in this attempt.
        begun: How often each step began in this attempt.
        most: How often a step that is recorded may have begun: once for each claim until then.
    """

    state: str = ""
    attempt: str = ""
    running_epoch: int = 0
    claims: int = 0
    begun: Counter[str] = attrs.field(factory=Counter[str])
    most: dict[str, int] = attrs.field(factory=dict[str, int])


@attrs.frozen
class End:
    """How an attempt ended.

    Attributes:
        state: The final state.
        error: The message of why it failed.
        steps: What was recorded then, by path.
        standing: Whether what was booked stood then, by its key.
    """

    state: str
    error: str
    steps: Mapping[str, Recorded]
    standing: Mapping[str, bool]


@attrs.define(eq=False)
class Watch:
    """Watches a simulation.

    Attributes:
        space: The keyspace of the server.
        say: Takes what happened, for the trace.
        places: Where the bookings of a task stand in its workflow, by the task's id.
        wrong: What happened that may never happen.
        limits: How much the fleet takes on.
        most: How many tasks of a workflow may run at a time, by its name.
        ends: How the first attempt of each task ended.
        standing: Whether what was booked still stands, as far as it is recorded, by its key.
    """

    space: Keyspace
    say: Callable[[str, str], None]
    places: dict[str, Mapping[str, Place]] = attrs.field(factory=dict[str, Mapping[str, Place]])
    wrong: list[str] = attrs.field(factory=list[str])
    limits: Limits = attrs.field(factory=Limits)
    most: dict[str, int] = attrs.field(factory=dict[str, int])
    ends: "dict[str, End]" = attrs.field(factory=dict[str, "End"])
    standing: dict[str, bool] = attrs.field(factory=dict[str, bool])
    _news: asyncio.Event = attrs.field(factory=asyncio.Event)
    _seen: dict[str, _Seen] = attrs.field(factory=dict[str, _Seen])
    _booked_at: dict[tuple[str, str], str] = attrs.field(factory=dict[tuple[str, str], str])
    _owns: dict[tuple[str, str], int] = attrs.field(factory=dict[tuple[str, str], int])

    def noted(self, key: bytes, field: bytes, before: bytes | None, now: bytes | None) -> None:
        """Look at a field of a hash that changed."""
        found = TaskKeys.of(self.space, key)
        if found is None:
            return
        task, part = found
        if part == "task" and field == b"state" and now is not None:
            self._moved(task, now.decode())
        elif part == "task" and field == b"epoch" and int(now or 0) < int(before or 0):
            self._wrong(task, f"its epoch fell from {before!r} to {now!r}")
        elif part == "journal" and field.startswith(b"s:"):
            self._recorded(task, field[2:].decode(), before, now)

    def heard(self, call: Call) -> None:
        """Look at a *call* that the server executed."""
        if isinstance(call.reply, Refusal):
            self.wrong.append(f"{call.name} raised {call.reply.code} {call.reply.text}")
        if call.name not in _OWNED:
            return
        found = TaskKeys.of(self.space, call.words[3])
        epoch = call.words[3 + int(call.words[2])].decode()
        if found and call.writes and epoch != found[0].field("epoch"):
            self._wrong(found[0], f"{call.name} of epoch {epoch} changed it")

    def learned(self, who: str, words: Words, reply: object) -> None:
        """Note that the process *who* has got the *reply* to *words*."""
        if words[0] != b"FCALL":
            return
        taken: Any = reply
        if words[1].endswith(b"_take") and not isinstance(taken, Refusal) and taken[0]:
            fields: list[bytes] = taken[2]
            epoch = fields[fields.index(b"epoch") + 1]
            self._owns[who, taken[0].decode()] = int(epoch)
        found = TaskKeys.of(self.space, words[3]) if len(words) > 3 else None
        if found and isinstance(reply, bytes) and reply.startswith((b"stale", b"gone")):
            mine = (who, found[0].task_id)
            if self._owns.get(mine) == int(words[3 + int(words[2])]):
                del self._owns[mine]

    def began(self, at: Position) -> None:
        """Look at the step at *at*, which begins."""
        process, seen = current(), self._of(at.scope.task_id)
        who, task = process.name if process else "nobody", TaskKeys(self.space, at.scope.task_id)
        self.say(who, f"{task.task_id} begins {at.path} in attempt {at.attempt}")
        if (who, task.task_id) not in self._owns:
            self._wrong(task, f"{who} was refused, and began {at.path} all the same")
        if str(at.attempt) != seen.attempt:
            return
        seen.begun[at.path] += 1
        most = seen.most.get(at.path, seen.claims)
        if seen.begun[at.path] > most:
            self._wrong(task, f"{at.path} began {seen.begun[at.path]} times, for {most} claims")
        self._undone_in_order(task, at.path)

    def done(self, at: Position, key: str) -> None:
        """Note that the step at *at* booked, or gave back, *key*."""
        process = current()
        self.say(process.name if process else "nobody", f"{at.path} did {key}")

    def state(self, task_id: str) -> str:
        """Give the state of a task, empty for one that was never seen."""
        return self._of(task_id).state

    async def ended(self, task_id: str) -> str:
        """Wait for the end of a task, and give its final state."""
        while (state := self.state(task_id)) not in FINAL:
            self._news.clear()
            await self._news.wait()
        return state

    def _of(self, task_id: str) -> _Seen:
        return self._seen.setdefault(task_id, _Seen())

    def _moved(self, task: TaskKeys, state: str) -> None:
        seen, attempt, epoch = self._of(task.task_id), task.field("attempt"), task.field("epoch")
        self.say("store", f"{task.task_id} is {state}, epoch {epoch}, attempt {attempt}")
        # A new attempt begins where a final one is left, and nowhere else.
        leaves = seen.state in {*FINAL, ""}
        if state not in _MOVES[seen.state] or leaves == (attempt == seen.attempt):
            self._wrong(task, f"it moved from {seen.state!r} to {state}, attempt {attempt}")
        if attempt != seen.attempt:
            self._seen[task.task_id] = seen = _Seen(running_epoch=seen.running_epoch)
        if state == "running":
            seen.claims += 1
            if int(epoch) <= seen.running_epoch:
                self._wrong(task, f"it was claimed again with epoch {epoch}")
            seen.running_epoch = int(epoch)
            self._within_limits(task)
        seen.state, seen.attempt = state, attempt
        if state in FINAL:
            mine = {k: v for k, v in self.standing.items() if k.startswith(f"{task.task_id} ")}
            self.ends.setdefault(task.task_id, End(state, task.error(), task.steps(), mine))
            self._news.set()
            self._settled(task, state)

    def _within_limits(self, task: TaskKeys) -> None:
        if task.field("cancel"):
            return  # it only takes back what it did, which no limit holds
        running = [TaskKeys(self.space, i) for i, s in self._seen.items() if s.state == "running"]
        for name, most in (
            ("workflow", self.most[task.field("workflow")]),
            ("owner", self.limits.owner_concurrency or len(running) + 1),
        ):
            mine = task.field(name)
            if mine and sum(each.field(name) == mine for each in running) >= most:
                self._wrong(task, f"it runs beside others, and of its {name} run {most} already")

    def _recorded(self, task: TaskKeys, path: str, before: bytes | None, now: bytes | None) -> None:
        seen = self._of(task.task_id)
        if now is None:
            seen.most.pop(path, None)
            return
        entry = recorded(now)
        outcome = "failed" if entry.failed else "succeeded"
        self.say("store", f"{task.task_id} has {path} recorded as {outcome}")
        seen.most[path] = seen.claims
        if not entry.failed:
            self._counted(task, path)
        if before is not None:
            self._wrong(task, f"{path} was recorded twice")
        if entry.epoch.decode() != task.field("epoch") or task.field("state") != "running":
            self._wrong(task, f"{path} was recorded by epoch {entry.epoch!r}, {seen.state}")

    def _counted(self, task: TaskKeys, path: str) -> None:
        prefix, name = _split(path)
        if name.startswith("book_"):
            self._booked_at[task.task_id, path] = key = (
                f"{task.task_id} {path} {task.field('attempt')}"
            )
            self.standing[key] = True
        elif name.startswith("back_"):
            key = self._booked_at.get((task.task_id, prefix + _booked(name)), "")
            self.standing[key] = False

    def _undone_in_order(self, task: TaskKeys, path: str) -> None:
        """Look whether what was done later stands while the step at *path* takes something back."""
        prefix, name = _split(path)
        places = self.places.get(task.task_id, {})
        if not name.startswith("back_"):
            return
        mine, steps = places[_booked(name)], task.steps()
        for other, place in places.items():
            body, undo = prefix + other, prefix + other.replace("book_", "back_")
            stands = body in steps and not steps[body].failed and undo not in steps
            if stands and _is_later(place, mine):
                self._wrong(task, f"{path} began while the later {body} stands")

    def _settled(self, task: TaskKeys, state: str) -> None:
        """Look whether all that a task did is undone, where it did not succeed."""
        steps = task.steps()
        done = {path for path, entry in steps.items() if not entry.failed}
        for path in done:
            prefix, name = _split(path)
            if name.startswith("back_") and prefix + _booked(name) not in done:
                self._wrong(task, f"{path} took back what was not done")
            left = name.startswith("book_") and prefix + name.replace("book_", "back_") not in done
            if left and state != "succeeded" and not task.error().startswith("poisoned"):
                self._wrong(task, f"it {state}, and {path} still stands")

    def _wrong(self, task: TaskKeys, what: str) -> None:
        said = f"task {task.task_id}: {what}"
        self.say("WRONG", said)
        self.wrong.append(said)


def _split(path: str) -> tuple[str, str]:
    before, slash, name = path.rpartition("/")
    return before + slash, name


def _booked(name: str) -> str:
    return name.replace("back_", "book_")


def _is_later(one: Place, other: Place) -> bool:
    """Tell whether what stands at *one* comes after what stands at *other*, one after the other."""
    for (form, mine), (_, theirs) in zip(one, other, strict=False):
        if mine != theirs:
            return form == "then" and mine > theirs
    return False
