"""A claimed task: what its owner, and nobody else, may write."""

from collections.abc import Mapping, Sequence

import attrs

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Waiting
from dara_fp.store.arguments import document, moment, progress, reason_of, step_path, waits_words
from dara_fp.store.errors import Fenced
from dara_fp.store.functions import Call, Reply, call
from dara_fp.store.keys import Keys
from dara_fp.store.records import History, Retention, State
from dara_fp.store.rows import error_json, tickets_from, words_from
from dara_fp.store.writer import Writer

__all__ = ["Claimed", "Parking", "Writes"]


@attrs.frozen(kw_only=True)
class Writes:
    """How a store writes: its connection, the names of its keys, and what it keeps how long."""

    writer: Writer
    keys: Keys
    retention: Retention


@attrs.frozen(kw_only=True)
class Parking:
    """What came of parking: whether the task waits now, and how many tickets are to be put.

    It does not wait if what it waits for came meanwhile; then it is queued again.
    """

    parked: bool
    tickets: int


class Claimed:
    """A task that this process owns, until another one claims it.

    Every write carries the epoch of the claim, so that a worker whose lease was lost cannot write
    over the one that took over: it gets `Fenced`. All of them wait for a store that is away as
    long as it takes, since losing them loses work; once they are queued, cancelling their caller
    does not withdraw them.

    Attributes:
        history: All there was to know of the task when it was claimed.
        tickets: How many tickets are to be put because of the claim.
    """

    def __init__(self, writes: Writes, history: History, tickets: int = 0) -> None:
        """Own the task of *history*, which was just claimed, and write by *writes*."""
        self.history = history
        self.tickets = tickets
        self._writer = writes.writer
        self._retention = writes.retention
        task = history.task
        self._keys, self._epoch = writes.keys.of(task.task_id), b"%d" % task.epoch
        self._fleet = (writes.keys.prefix.encode(), task.task_id.encode())
        self._refused = ""
        self._record = Call("record", self._keys, self._epoch)

    def owned(self) -> None:
        """Return, unless a write was refused: then nothing new may begin.

        Raises:
            Fenced: It was.
        """
        if self._refused:
            raise self._fenced()

    async def record(
        self, step: str, changes: bytes, error: StepError | None, started_at: float
    ) -> None:
        """Record the outcome of *step*: journal, task and event log in one call.

        A path that this epoch recorded already stays as it is; a later epoch's record replaces it.

        Args:
            step: Path of the step.
            changes: The context fields it changed, a JSON object; `{}` for a failure.
            error: Why it failed.
            started_at: When it began, in seconds since 1970.

        Raises:
            Fenced: The task has another owner, is over, or is gone.
            ValueError: A path, document or time is malformed or too large.
            StoreUnavailable: The server refused, or the store was closed.
        """
        packed = self._record(
            step_path(step),
            moment("started_at", started_at),
            error_json(error),
            document("changes", changes),
        )
        reply = await self._writer.ask(packed)
        if reply != b"ok":
            self._welcome(reply)

    async def report(self, path: str, message: str, fraction: float | None) -> None:
        """Report the progress of the step at *path*; the last report of a path counts.

        While the store is away, only the newest report of a path waits for it.

        Args:
            path: Path of the step.
            message: What it is doing; cut after 2,000 characters.
            fraction: How far it is, between 0 and 1; None if unknown.

        Raises:
            Fenced: The task has another owner, is over, or is gone.
            ValueError: *path* is malformed, or *fraction* is outside its bounds.
            StoreUnavailable: The server refused, or the store was closed.
        """
        said, data = progress(path, message, fraction)
        task = self.history.task
        newest = (task.task_id, task.epoch, path)
        packed = call("report", self._keys, self._epoch, step_path(path), said, data)
        self._welcome(await self._writer.ask(packed, newest=newest))

    async def begin(self, steps: Mapping[str, float]) -> None:
        """Note when each of *steps* that still run was begun, for whoever asks how far the task is.

        Raises:
            Fenced: The task has another owner, is over, or is gone.
            ValueError: A path or time is malformed.
            StoreUnavailable: The server refused, or the store was closed.
        """
        words = [
            word
            for path, started_at in steps.items()
            for word in (step_path(path), moment("started_at", started_at))
        ]
        packed = call("begin", self._keys, self._epoch, *words)
        self._welcome(await self._writer.ask(packed))

    async def finish(self, state: State, error: StepError | None = None) -> int:
        """End the task in the final *state*, and let all its keys expire together.

        Returns:
            How many tickets are to be put.

        Raises:
            Fenced: The task has another owner, is over in another state, or is gone.
            ValueError: *state* is not final.
            StoreUnavailable: The server refused, or the store was closed.
        """
        if not state.final:
            raise ValueError(f"a task cannot finish as {state.value!r}: give a final state")
        kept = repr(float(self._retention.of(state))).encode()
        packed = self._packed("finish", state.value.encode(), error_json(error), kept)
        return tickets_from(self._welcome(await self._writer.ask(packed)))

    async def park(self, waits: Sequence[Waiting]) -> Parking:
        """Let the task wait for one of *waits* without a worker.

        Raises:
            Fenced: The task has another owner, is over, or is gone.
            ValueError: A wait's path or time is malformed, or there are too many.
            StoreUnavailable: The server refused, or the store was closed.
        """
        packed = self._packed("park", b"{}", *waits_words(waits))
        reply = await self._writer.ask(packed)
        word, rest = words_from(reply)
        if word not in {"parked", "again"}:
            self._welcome(reply)
        return Parking(parked=word == "parked", tickets=tickets_from(rest))

    async def hand_back(self) -> int:
        """Put the task back on the queue, since this worker stops; this delivery does not count.

        Returns:
            How many tickets are to be put.

        Raises:
            Fenced: The task has another owner, is over, or is gone.
            StoreUnavailable: The server refused, or the store was closed.
        """
        return tickets_from(self._welcome(await self._writer.ask(self._packed("hand_back"))))

    def _packed(self, name: str, *arguments: bytes) -> bytes:
        return call(name, self._keys, self._epoch, *self._fleet, *arguments)

    def _welcome(self, reply: Reply) -> str:
        """Give the rest of an accepting *reply*.

        Raises:
            Fenced: It is a refusal.
        """
        word, rest = words_from(reply)
        if reply is None or word == "ok":
            return rest  # None: a newer report took its place
        self._refused = reason_of(word, rest)
        raise self._fenced()

    def _fenced(self) -> Fenced:
        task = self.history.task
        return Fenced(task.task_id, task.epoch, self._refused)
