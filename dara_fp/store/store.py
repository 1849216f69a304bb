"""The store: tasks, their journal and their events, each change one fenced call."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast

from dara_fp.core.errors import StepError
from dara_fp.store.arguments import (
    Limits,
    document,
    moment,
    new_token,
    poisoned,
    progress,
    reason_of,
    step_path,
    task_fields,
)
from dara_fp.store.errors import Fenced
from dara_fp.store.functions import Reply, call, pack
from dara_fp.store.keys import Keys, is_task_id
from dara_fp.store.place import find_place
from dara_fp.store.records import Event, History, NewTask, State
from dara_fp.store.rows import error_json, events_from, history_from, words_from
from dara_fp.store.settings import DATA_DIR, address_of
from dara_fp.store.writer import Writer

__all__ = ["Store"]

RETENTION_SECONDS: Final = 7 * 86_400
TIMEOUT_SECONDS: Final = 5.0
MAX_EVENTS: Final = 10_000
MAX_EVENT_NUMBER: Final = 2**62
MAX_QUEUED: Final = 1_000
# A task is in the index a moment before it exists; after this long without a task it is a leftover.
LEFTOVER_SECONDS: Final = 600


class Store:
    """All tasks of one prefix on one server; get one by `Store.open`.

    `create` and whatever reads give up after `timeout` seconds with `StoreUnavailable`. `claim`,
    `record`, `report` and `finish` wait for a store that is away as long as it takes, since losing
    them loses work; once they are queued, cancelling their caller does not withdraw them.

    Attributes:
        url: The server's address, with its password where it has one: for docket, not for a log.
        address: The same, fit to be shown.
        prefix: Beginning of every key.
    """

    def __init__(
        self, *, url: str, keys: Keys, writes: Writer, reads: Writer, limits: Limits
    ) -> None:
        """Use *writes* for what changes and *reads* for the rest; `Store.open` does it all."""
        self.url = url
        self.prefix = keys.prefix
        self.address = address_of(url)
        self._keys = keys
        self._writes = writes
        self._reads = reads
        self._timeout = limits.timeout
        self._retention = repr(float(limits.retention_seconds)).encode()

    def __repr__(self) -> str:
        return f"Store({self.address!r}, prefix={self._keys.prefix!r})"

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        url: str | None = None,
        data_dir: Path | None = None,
        *,
        prefix: str = "dara",
        retention_seconds: float = RETENTION_SECONDS,
        timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109 - kept as a setting of the store
    ) -> AsyncGenerator["Store"]:
        """Open the store at *url*, or start one of our own in *data_dir*.

        Args:
            url: `redis://`, `rediss://` or `unix://` address of a Redis or Valkey 7 or later.
            data_dir: Where the embedded server keeps its data when *url* is None; `.dara` in the
                current directory if not given. Processes with the same directory share one server.
            prefix: Beginning of every key.
            retention_seconds: How long a task stays after it is final.
            timeout: Seconds that `create`, `claim` and reads wait for an answer.

        Raises:
            ValueError: *url* or a limit is malformed.
            StoreUnavailable: The store is away, too old, refuses us, or cannot be started.
        """
        limits = Limits(retention_seconds=retention_seconds, timeout=timeout)
        keys = Keys(prefix=prefix)
        async with (
            find_place(url, data_dir or DATA_DIR) as place,
            place.connect(timeout) as writes,
            # Reads have a connection of their own: a long history does not hold up a checkpoint.
            place.connect(timeout) as reads,
        ):
            yield cls(url=place.url, keys=keys, writes=writes, reads=reads, limits=limits)

    async def create(self, task: NewTask) -> bool:
        """Store *task* as queued, and say whether it is new.

        Returns:
            False when a task of that id exists already; it is not changed.

        Raises:
            ValueError: An id, name or document is malformed or too large.
            StoreUnavailable: No answer in time. The task may exist all the same, and then `queued`
                gives it: create it again with the same id to be sure.
        """
        packed = call("create", self._keys.of(task.task_id), new_token(), *task_fields(task))
        # Both travel together, the index first: if the server stops between them, an id without a
        # task is left, which `queued` removes. The other way round, a task could be forgotten.
        _, created = await asyncio.gather(
            self._write(call("enlist", (self._keys.queued,), task.task_id.encode())),
            self._write(packed),
        )
        word, state = words_from(created)
        if word == "exists" and state != State.QUEUED:
            self._strike(task.task_id)
        return word == "created"

    async def claim(self, task_id: str, *, delivery_limit: int = 5) -> History | None:
        """Become the owner of *task_id*: raise its epoch, count the delivery, set it running.

        Args:
            task_id: The task to work on.
            delivery_limit: How many deliveries a task gets. One more fails it as poisoned.

        Returns:
            All there is to know, with the epoch to write with; None when there is nothing to do,
            because the task is unknown or over.

        Raises:
            StoreUnavailable: The server refused, or the store was closed.
        """
        if not is_task_id(task_id):
            return None
        error = error_json(poisoned(delivery_limit))
        arguments = (new_token(), b"%d" % delivery_limit, error, self._retention)
        # However long it takes: a claim that was given up and then executed would be nobody's.
        reply = await self._writes.ask(call("claim", self._keys.of(task_id), *arguments))
        if reply == b"unknown":
            return None
        # After the claim: a task that was struck first and then not claimed would be forgotten. If
        # this is lost, `queued` sees that the task is not queued any more, and strikes it.
        self._strike(task_id)
        return None if reply == b"over" else history_from(task_id, reply)

    async def record(
        self,
        task_id: str,
        epoch: int,
        step: str,
        changes: bytes,
        error: StepError | None,
        started_at: float,
    ) -> None:
        """Record the outcome of *step*: journal, task and event log in one call.

        A path that this epoch recorded already stays as it is; a later epoch's record replaces it.

        Args:
            task_id: A claimed task.
            epoch: The epoch that `claim` gave.
            step: Path of the step.
            changes: The context fields it changed, a JSON object; `{}` for a failure.
            error: Why it failed.
            started_at: When it began, in seconds since 1970.

        Raises:
            Fenced: The task has another owner, is over, or is gone.
            ValueError: A path, document or time is malformed or too large.
            StoreUnavailable: The server refused, or the store was closed.
        """
        arguments = (step_path(step), moment("started_at", started_at), error_json(error))
        await self._fenced("record", task_id, epoch, *arguments, document("changes", changes))

    async def report(
        self, task_id: str, epoch: int, path: str, message: str, fraction: float | None
    ) -> None:
        """Report the progress of the step at *path*; the last report of a path counts.

        While the store is away, only the newest report of a path waits for it.

        Args:
            task_id: A claimed task.
            epoch: The epoch that `claim` gave.
            path: Path of the step.
            message: What it is doing; cut after 2,000 characters.
            fraction: How far it is, between 0 and 1; None if unknown.

        Raises:
            Fenced: The task has another owner, is over, or is gone.
            ValueError: *path* is malformed, or *fraction* is outside its bounds.
            StoreUnavailable: The server refused, or the store was closed.
        """
        said, data = progress(path, message, fraction)
        newest = (task_id, epoch, path)
        await self._fenced("report", task_id, epoch, step_path(path), said, data, newest=newest)

    async def finish(
        self, task_id: str, epoch: int, state: State, error: StepError | None = None
    ) -> None:
        """End *task_id* in the final *state*, and let all its keys expire together.

        Raises:
            Fenced: The task has another owner, is over in another state, or is gone.
            ValueError: *state* is not final.
            StoreUnavailable: The server refused, or the store was closed.
        """
        if not state.final:
            raise ValueError(f"a task cannot finish as {state.value!r}: give succeeded or failed")
        arguments = (state.value.encode(), error_json(error), self._retention)
        await self._fenced("finish", task_id, epoch, *arguments)

    async def read(self, task_id: str) -> History | None:
        """Give all there is to know of *task_id* in one round trip, None if it is unknown.

        Raises:
            StoreUnavailable: No answer in time.
        """
        if not is_task_id(task_id):
            return None
        reply = await self._read(call("read", self._keys.of(task_id)[:2]))
        return history_from(task_id, reply)

    async def workflow_of(self, task_id: str) -> str | None:
        """Name the workflow of *task_id* without reading the rest, None if it is unknown.

        Raises:
            StoreUnavailable: No answer in time.
        """
        return await self._field(task_id, b"workflow") if is_task_id(task_id) else None

    async def events(self, task_id: str, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """Give up to *limit* events of *task_id* with a number above *after*, in order.

        Raises:
            StoreUnavailable: No answer in time.
        """
        if not is_task_id(task_id):
            return ()
        first = b"%d-0" % (min(max(after, 0), MAX_EVENT_NUMBER) + 1)
        count = b"%d" % min(max(limit, 1), MAX_EVENTS)
        key = self._keys.of(task_id)[2]
        return events_from(await self._read(pack(b"XRANGE", key, first, b"+", b"COUNT", count)))

    async def queued(self) -> tuple[str, ...]:
        """Give the ids of tasks that were created and never claimed: the 1,000 oldest, in order.

        A worker puts them back on its queue when the process that created them was cut off.

        Raises:
            StoreUnavailable: No answer in time.
        """
        found = await self._read(call("enlisted", (self._keys.queued,), b"%d" % MAX_QUEUED))
        rows = cast("list[bytes | int]", found)
        ids = [cast("bytes", one).decode() for one in rows[::2]]
        ages = [cast("int", one) for one in rows[1::2]]
        states = await asyncio.gather(*(self._state(task_id) for task_id in ids))
        for task_id, age, state in zip(ids, ages, states, strict=True):
            if state not in {None, State.QUEUED} or (state is None and age > LEFTOVER_SECONDS):
                self._strike(task_id)
        return tuple(
            task_id for task_id, state in zip(ids, states, strict=True) if state is State.QUEUED
        )

    async def ping(self) -> None:
        """Return when the server answers.

        Raises:
            StoreUnavailable: No answer in time.
        """
        await self._read(pack(b"PING"))

    async def _fenced(
        self, name: str, task_id: str, epoch: int, *arguments: bytes, newest: object = None
    ) -> None:
        packed = call(name, self._keys.of(task_id), b"%d" % epoch, *arguments)
        reply = await self._writes.ask(packed, newest=newest)
        word, detail = words_from(reply)
        if reply is None or word == "ok":
            return  # None: a newer report took its place
        raise Fenced(task_id, epoch, reason_of(word, detail))

    def _strike(self, task_id: str) -> None:
        """Remove *task_id* from the index of queued tasks; nobody waits for the answer."""
        self._writes.post(pack(b"ZREM", self._keys.queued, task_id.encode()), durable=True)

    async def _state(self, task_id: str) -> State | None:
        state = await self._field(task_id, b"state")
        return None if state is None else State(state)

    async def _field(self, task_id: str, name: bytes) -> str | None:
        value = await self._read(pack(b"HGET", self._keys.of(task_id)[0], name))
        return value.decode() if isinstance(value, bytes) else None

    async def _write(self, packed: bytes) -> Reply:
        return await self._writes.ask(packed, self._timeout)

    async def _read(self, packed: bytes) -> Reply:
        return await self._reads.ask(packed, self._timeout)
