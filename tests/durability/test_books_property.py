"""Any sequence of calls, some of them sent twice: the fleet's books agree with its tasks."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from dara_fp.store.claimed import Claimed
from dara_fp.store.errors import Fenced
from dara_fp.store.functions import Reply
from dara_fp.store.records import State
from dara_fp.store.store import Store
from dara_fp.store.writer import Writer
from tests.durability.books import balance, forget, read_books
from tests.durability.endings import leave_nothing
from tests.durability.tasks import FOREVER, NO, new_task, waiting_for

WORKFLOWS = ("v", "w")
OWNERS = ("ada", "ada", "ada", "ada", "bob", None)


@attrs.frozen
class Step:
    """A call: what, for which of the tasks or claims, how, and whether its answer is lost once."""

    name: str
    which: int
    how: int
    twice: bool


@attrs.frozen
class Fleet:
    """A store under test, its limits, and every claim that any worker ever got."""

    store: Store
    client: Redis
    workflow_limit: int
    owner_limit: int
    claims: list[Claimed] = attrs.field(factory=list[Claimed])

    @property
    def limits(self) -> dict[str, int]:
        return dict.fromkeys(WORKFLOWS, self.workflow_limit)


Rule: TypeAlias = Callable[[Fleet, Step], Awaitable[object]]


def task_of(step: Step) -> str:
    return f"t{step.which}"


async def create(fleet: Fleet, step: Step) -> None:
    task = new_task(task_of(step), WORKFLOWS[step.which % 2], OWNERS[step.which])
    await fleet.store.create(task, bound=(0, 3, 5)[step.how])


async def take(fleet: Fleet, step: Step) -> None:
    taken = await fleet.store.take(
        f"w{step.which % 3}",
        fleet.limits,
        fresh=step.how > 0,
        owner_concurrency=fleet.owner_limit,
        delivery_limit=2,
    )
    if taken.task:
        fleet.claims.append(taken.task)


async def write(fleet: Fleet, step: Step) -> None:
    """Let one of the last claims write, whether its task is still its own or not."""
    if not fleet.claims:
        return
    mine = fleet.claims[-1 - step.which % min(3, len(fleet.claims))]
    state = (State.SUCCEEDED, State.FAILED, State.CANCELLED)[step.how]
    waits = [waiting_for("go", until=(None, 1.0, 4e9)[step.how])]
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "record": lambda: mine.record(f"p{step.how}", b"{}", None, 1.0),
        "report": lambda: mine.report("p", "half", 0.5),
        "finish": lambda: mine.finish(state, NO if step.how else None),
        "park": lambda: mine.park(waits),
        "hand_back": mine.hand_back,
    }
    with suppress(Fenced):  # whether it was welcome is the matter of another property
        await calls[step.name]()


async def look(fleet: Fleet, step: Step) -> None:
    lost = (task_of(step),) if step.how == 2 else ()
    await fleet.store.look(f"w{step.which % 3}", FOREVER, lost)


async def resume(fleet: Fleet, step: Step) -> None:
    await fleet.store.resume(task_of(step), step.how + 1, ["s:p0", "g:go"])


async def expire(fleet: Fleet, step: Step) -> None:
    forget(fleet.client, fleet.store.prefix)


RULES: dict[str, Rule] = {
    "create": create,
    "take": take,
    **dict.fromkeys(("record", "report", "finish", "park", "hand_back"), write),
    "signal": lambda fleet, step: fleet.store.signal(task_of(step), "go", b"%d" % step.how),
    "cancel": lambda fleet, step: fleet.store.cancel(task_of(step)),
    "resume": resume,
    "look": look,
    "retire": lambda fleet, step: fleet.store.retire(f"w{step.which % 3}"),
    "recount": lambda fleet, _: fleet.store.recount(),
    "expire": expire,
}
# Without tasks and claims there is little to do, so these come more often than others.
NAMES = [*RULES, *["create"] * 5, *["take"] * 6, *["finish"] * 2]

steps = st.builds(
    Step,
    name=st.sampled_from(NAMES),
    which=st.integers(0, 5),
    how=st.integers(0, 2),
    twice=st.booleans(),
)


@contextmanager
def losing_answers(step: Step) -> Generator[None]:
    """Send what *step* sends a second time where it says so, and give the second answer."""
    ask = Writer.ask

    async def ask_twice(writer: Writer, packed: bytes, *limits: Any, **more: Any) -> Reply:
        await ask(writer, packed, *limits, **more)
        return await ask(writer, packed, *limits, **more)

    with pytest.MonkeyPatch.context() as patch:
        if step.twice:
            patch.setattr(Writer, "ask", ask_twice)
        yield


async def drain(fleet: Fleet) -> None:
    """Prove that nothing is stuck: whatever is queued is taken, within the limits."""
    for worker in range(3):
        await fleet.store.retire(f"w{worker}")
    while True:
        taken = await fleet.store.take(
            "w0", fleet.limits, fresh=True, owner_concurrency=fleet.owner_limit
        )
        if taken.task is None:
            break
        await taken.task.finish(State.SUCCEEDED)
    assert not read_books(fleet.client, fleet.store.prefix).having(state="queued")


async def play(url: str, prefix: str, script: list[Step], limits: tuple[int, int]) -> None:
    with Redis.from_url(url, legacy_responses=False) as client:  # pyright: ignore[reportUnknownMemberType] # redis-py's **kwargs
        async with Store.open(url, prefix=prefix) as store:
            fleet = Fleet(store, client, *limits)
            for step in script:
                with losing_answers(step):
                    await RULES[step.name](fleet, step)
                balance(read_books(client, prefix))
            await drain(fleet)
    await leave_nothing(url, prefix)


@settings(max_examples=25)
@given(
    script=st.lists(steps, min_size=25, max_size=50),
    limits=st.tuples(st.sampled_from([0, 0, 1, 2]), st.sampled_from([1, 1, 0, 2])),
)
def test_the_books_balance_after_every_call(
    embedded_url: str, script: list[Step], limits: tuple[int, int]
) -> None:
    asyncio.run(play(embedded_url, f"test-{secrets.token_hex(4)}", script, limits))
