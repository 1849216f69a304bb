"""What has to be so at the end: the workspace's ledgers beside the records, and the results."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from returns.result import Success

from dara_fp import MemoryJournal, Outcome
from dara_fp.core.scope import Scope
from dara_fp.testing import run
from tests.simulation.chance import Chance
from tests.simulation.client import Client
from tests.simulation.drawing import SIGNAL
from tests.simulation.errands import Desk, Errand
from tests.simulation.stand_ins import server_time
from tests.simulation.watch import End, Watch
from tests.simulation.weather import CALM, Weather
from tests.simulation.workspace import JobRun, Workspace

__all__ = ["reckoned"]


def reckoned(watch: Watch, workspace: Workspace, clients: Iterable[Client]) -> Iterator[str]:
    """Give what is not as it has to be when all has ended."""
    counts = Counter(each.what for each in workspace.runs.values())
    yield from (f"{what!r} has {count} runs" for what, count in counts.items() if count > 1)
    for key, stands in watch.standing.items():
        if workspace.bookings.get(key) is stands:
            yield f"booking {key!r} {'was given back' if stands else 'was not given back'}"
    runs = {each.what: each for each in workspace.runs.values()}
    for client in clients:
        end = watch.ends.get(client.task_id)
        if end is not None and not end.error.startswith("poisoned"):
            yield from _left_behind(client, end, runs)
            yield from _otherwise(client, end)


def _left_behind(client: Client, end: End, runs: dict[str, JobRun]) -> Iterator[str]:
    """Give the runs that nobody waited for to the end, and nobody cancelled."""
    for path in end.steps:
        waits = path.replace("submit_", "await_")
        run_of = runs.get(f"{client.task_id} {path} 1")
        if run_of is not None and waits not in end.steps and not run_of.quit:
            yield f"task {client.task_id} {end.state}, and nobody looks after its {run_of}"


def _otherwise(client: Client, end: End) -> Iterator[str]:
    """Say how the task ended otherwise than it would have where nothing goes wrong."""
    if client.drawing.timed or client.cancelled or client.seen is None:
        return
    workspace = Workspace(
        chance=Chance(0, "undisturbed"), weather=_calm, clock=server_time, say=_unsaid
    )
    outcome: Outcome[Errand] = run(_undisturbed(client, workspace))
    stands = {key: not given_back for key, given_back in workspace.bookings.items()}
    wanted = "succeeded" if isinstance(outcome, Success) else "failed"
    if end.state != wanted:
        yield f"task {client.task_id} {end.state}, and without faults it {wanted}: {end.error}"
    elif isinstance(outcome, Success):
        yield from _differs(client, outcome.unwrap())
    if end.standing != stands:
        yield f"task {client.task_id} leaves {dict(end.standing)}, and without faults {stands}"


def _differs(client: Client, wanted: Errand) -> Iterator[str]:
    context: Any = client.seen.context if client.seen else {}
    marks = msgspec.json.decode(context["marks"], type=tuple[str, ...])
    answer = msgspec.json.decode(context["answer"])
    if (marks, answer) != (wanted.marks, wanted.answer):
        yield f"task {client.task_id} made {marks} {answer!r}, and not {wanted}"


async def _undisturbed(client: Client, workspace: Workspace) -> Any:
    """Give the outcome of the workflow where nothing goes wrong."""
    journal = MemoryJournal()
    journal.clock = server_time
    journal.signal(SIGNAL, f"to {client.task_id}")
    scope = Scope(task_id=client.task_id, journal=journal, clock=server_time)
    desk = Desk(workspace, _Nobody())
    return await client.drawing.workflow(client.context, desk, scope=scope)


def _calm() -> Weather:
    return CALM


def _unsaid(who: str, what: str) -> None:
    """Say nothing."""


class _Nobody:
    """Takes no notes."""

    def began(self, at: object) -> None:
        """Take no note."""

    def done(self, at: object, key: str) -> None:
        """Take no note."""
