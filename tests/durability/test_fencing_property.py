"""Any interleaving of two workers: states move forward, and no former owner writes."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Literal, TypeAlias

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from dara_fp.store.errors import Fenced
from dara_fp.store.records import History, NewTask, State
from dara_fp.store.store import Store

LIMIT = 4
ORDER = [State.QUEUED, State.RUNNING, State.SUCCEEDED, State.FAILED]

Worker: TypeAlias = Literal[0, 1]
Operation: TypeAlias = tuple[str, Worker, str]

workers: st.SearchStrategy[Worker] = st.sampled_from([0, 1])
operations: st.SearchStrategy[list[Operation]] = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), workers, st.just("")),
        st.tuples(st.just("record"), workers, st.sampled_from(["a", "b"])),
        st.tuples(st.just("report"), workers, st.sampled_from(["a", "b"])),
        st.tuples(st.just("finish"), workers, st.sampled_from(["succeeded", "failed"])),
    ),
    max_size=14,
)


@attrs.define
class Model:
    """What the store must be like, as plain data."""

    state: State = State.QUEUED
    epoch: int = 0
    deliveries: int = 0
    held: list[int] = attrs.field(factory=lambda: [0, 0])
    journal: dict[str, tuple[int, bytes]] = attrs.field(factory=dict[str, tuple[int, bytes]])

    def claim(self, worker: Worker) -> bool:
        if self.state.final:
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
        return self.held[worker] == self.epoch

    def record(self, worker: Worker, path: str, changes: bytes) -> bool:
        mine = self.journal.get(path, (-1, b""))[0] == self.epoch
        if self.owns(worker) and mine:
            return True
        if not self.owns(worker) or self.state is not State.RUNNING:
            return False
        self.journal[path] = (self.epoch, changes)
        return True

    def report(self, worker: Worker) -> bool:
        return self.owns(worker) and self.state is State.RUNNING

    def finish(self, worker: Worker, state: State) -> bool:
        if not self.owns(worker) or self.state not in {State.RUNNING, state}:
            return False
        self.state = state
        return True


async def perform(store: Store, model: Model, operation: Operation, serial: int) -> None:
    """Do *operation* in the store and in the *model*, and compare what both say."""
    name, worker, what = operation
    epoch = model.held[worker]
    changes = b'{"n":%d}' % serial
    if name == "claim":
        claimed = await store.claim("t", delivery_limit=LIMIT)
        assert (claimed is not None) == model.claim(worker)
        return
    if name == "record":
        expected = model.record(worker, what, changes)
        call = store.record("t", epoch, what, changes, None, 1.0)
    elif name == "report":
        expected = model.report(worker)
        call = store.report("t", epoch, what, str(serial), None)
    else:
        expected = model.finish(worker, State(what))
        call = store.finish("t", epoch, State(what))
    try:
        await call
    except Fenced:
        assert not expected
    else:
        assert expected


def agree(history: History | None, model: Model, before: State) -> None:
    assert history is not None
    task = history.task
    assert (task.state, task.epoch, task.deliveries) == (
        model.state,
        model.epoch,
        model.deliveries,
    )
    assert {step.path: step.changes for step in history.steps} == {
        path: changes for path, (_, changes) in model.journal.items()
    }
    assert ORDER.index(before) <= ORDER.index(task.state)
    assert not before.final or task.state is before


async def play(url: str, prefix: str, script: list[Operation]) -> None:
    async with Store.open(url, prefix=prefix) as store:
        task = NewTask(task_id="t", workflow="w", context=b"{}", structure=("a", "b"))
        await store.create(task)
        model = Model()
        for serial, operation in enumerate(script):
            before = model.state
            await perform(store, model, operation, serial)
            agree(await store.read("t"), model, before)


@settings(max_examples=80)
@given(script=operations)
def test_states_move_forward_and_no_stale_write_is_accepted(
    embedded_url: str, clean: Callable[[str, str], None], script: list[Operation]
) -> None:
    prefix = f"test-{secrets.token_hex(4)}"
    try:
        asyncio.run(play(embedded_url, prefix, script))
    finally:
        clean(embedded_url, prefix)
