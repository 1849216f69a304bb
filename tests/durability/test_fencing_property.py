"""Any interleaving of two workers: states move forward, and no former owner writes."""

import asyncio
import secrets
from typing import Literal, TypeAlias

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from dara_fp.store.claimed import Claimed
from dara_fp.store.errors import Fenced
from dara_fp.store.records import History, State
from dara_fp.store.store import Store
from tests.durability.endings import leave_nothing
from tests.durability.tasks import FOREVER, history_of, new_task, take, waiting_for

LIMIT = 2
FORWARD = {
    State.QUEUED: {State.RUNNING, State.FAILED},
    State.RUNNING: set(State),  # queued again when its worker is lost or hands it back
    State.WAITING: {State.QUEUED, State.RUNNING, State.FAILED},
}
"""Where a task may go by one operation, which may take it away and give it to the next worker."""

Worker: TypeAlias = Literal[0, 1]
Operation: TypeAlias = tuple[str, Worker, str]

workers: st.SearchStrategy[Worker] = st.sampled_from([0, 1])
operations: st.SearchStrategy[list[Operation]] = st.lists(
    st.one_of(
        *[st.tuples(st.just("claim"), workers, st.just(""))] * 2,
        st.tuples(st.sampled_from(["record", "report"]), workers, st.sampled_from(["a", "b"])),
        st.tuples(st.just("finish"), workers, st.sampled_from(["succeeded", "failed"])),
        st.tuples(st.sampled_from(["park", "hand_back"]), workers, st.just("")),
        st.tuples(st.just("signal"), st.just(0), st.just("")),
    ),
    min_size=10,
    max_size=24,
)


@attrs.define
class Model:
    """What the store must be like, as plain data."""

    state: State = State.QUEUED
    epoch: int = 0
    deliveries: int = 0
    signalled: bool = False
    held: list[int] = attrs.field(factory=lambda: [0, 0])
    journal: dict[str, tuple[int, bytes]] = attrs.field(factory=dict[str, tuple[int, bytes]])

    def lose(self) -> None:
        if self.state is State.RUNNING:
            self.epoch += 1
            self.state = State.QUEUED

    def claim(self, worker: Worker) -> bool:
        if self.state is not State.QUEUED:
            return False
        self.epoch += 1
        if self.deliveries >= LIMIT:
            self.state = State.FAILED
            return False
        self.deliveries += 1
        self.state = State.RUNNING
        self.held[worker] = self.epoch
        return True

    def owns(self, worker: Worker) -> bool:
        return self.held[worker] == self.epoch > 0

    def runs(self, worker: Worker) -> bool:
        return self.owns(worker) and self.state is State.RUNNING

    def record(self, worker: Worker, path: str, changes: bytes) -> bool:
        if self.owns(worker) and self.journal.get(path, (-1, b""))[0] == self.epoch:
            return True
        if self.runs(worker):
            self.journal[path] = (self.epoch, changes)
            self.deliveries = 0
            return True
        return False

    def finish(self, worker: Worker, state: State) -> bool:
        if not self.runs(worker):
            return self.owns(worker) and self.state is state
        self.state = state
        return True

    def park(self, worker: Worker) -> bool:
        if not self.runs(worker):
            return self.owns(worker) and self.state in {State.WAITING, State.QUEUED}
        self.deliveries = 0
        self.state = State.QUEUED if self.signalled else State.WAITING
        return True

    def hand_back(self, worker: Worker) -> bool:
        if not self.runs(worker):
            return self.owns(worker) and self.state is State.QUEUED
        self.deliveries = max(0, self.deliveries - 1)
        self.state = State.QUEUED
        return True

    def signal(self) -> None:
        if not self.state.final:
            self.signalled = True
        if self.state is State.WAITING:
            self.state = State.QUEUED


@attrs.frozen
class Play:
    """The store and its model, and what two workers claimed."""

    store: Store
    model: Model
    claimed: dict[Worker, Claimed] = attrs.field(factory=dict[Worker, Claimed])

    async def perform(self, operation: Operation, serial: int) -> None:
        """Do *operation* in both, and compare what they say."""
        name, worker, what = operation
        if name == "claim":
            await self.claim(worker)
        elif name == "signal":
            await self.store.signal("t", "go", b"1")
            self.model.signal()
        elif worker in self.claimed:
            await self.write(name, worker, what, b'{"n":%d}' % serial)

    async def claim(self, worker: Worker) -> None:
        """Let the other worker lose the task, and this one take it."""
        for each in (0, 1):
            await self.store.look(f"w{each}", FOREVER, ("t",))
        self.model.lose()
        claimed = await take(self.store, f"w{worker}", delivery_limit=LIMIT)
        assert (claimed is not None) == self.model.claim(worker)
        if claimed is not None:
            self.claimed[worker] = claimed

    async def write(self, name: str, worker: Worker, what: str, changes: bytes) -> None:
        try:
            await self.call(name, self.claimed[worker], what, changes)
            accepted = True
        except Fenced:
            accepted = False
        assert accepted == self.expected(name, worker, what, changes)

    async def call(self, name: str, mine: Claimed, what: str, changes: bytes) -> None:
        if name == "record":
            await mine.record(what, changes, None, 1.0)
        elif name == "report":
            await mine.report(what, changes.decode(), None)
        elif name == "finish":
            await mine.finish(State(what))
        elif name == "park":
            await mine.park([waiting_for("go")])
        else:
            await mine.hand_back()

    def expected(self, name: str, worker: Worker, what: str, changes: bytes) -> bool:
        if name == "record":
            return self.model.record(worker, what, changes)
        if name == "report":
            return self.model.runs(worker)
        if name == "finish":
            return self.model.finish(worker, State(what))
        return self.model.park(worker) if name == "park" else self.model.hand_back(worker)


def agree(history: History, model: Model, before: State) -> None:
    task = history.task
    assert (task.state, task.epoch, task.deliveries) == (
        model.state,
        model.epoch,
        model.deliveries,
    )
    assert {step.path: step.changes for step in history.steps} == {
        path: changes for path, (_, changes) in model.journal.items()
    }
    assert task.state is before or task.state in FORWARD.get(before, set[State]())


async def play(url: str, prefix: str, script: list[Operation]) -> None:
    async with Store.open(url, prefix=prefix) as store:
        await store.create(new_task("t"))
        game = Play(store, Model())
        for serial, operation in enumerate(script):
            before = game.model.state
            await game.perform(operation, serial)
            agree(await history_of(store), game.model, before)
    await leave_nothing(url, prefix)


@settings(max_examples=60)
@given(script=operations)
def test_states_move_forward_and_no_stale_write_is_accepted(
    embedded_url: str, script: list[Operation]
) -> None:
    asyncio.run(play(embedded_url, f"test-{secrets.token_hex(4)}", script))
