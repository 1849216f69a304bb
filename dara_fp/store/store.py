"""The store: tasks, their journal and their events, each change one call of a function."""

import re
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast

from dara_fp.core.undo import CANCELLED
from dara_fp.store.answers import Creation, Look, Signalled, Taken
from dara_fp.store.arguments import new_token, poisoned, task_fields
from dara_fp.store.claimed import Claimed, Writes
from dara_fp.store.functions import Reply, call, pack
from dara_fp.store.keys import Keys, is_task_id
from dara_fp.store.place import find_place
from dara_fp.store.records import (
    Event,
    History,
    NewTask,
    Page,
    Retention,
    State,
    TaskSummary,
)
from dara_fp.store.rows import (
    error_json,
    events_from,
    history_from,
    page_from,
    summary_from,
    tickets_from,
    words_from,
)
from dara_fp.store.settings import DATA_DIR, Fsync, address_of
from dara_fp.store.writer import Writer

__all__ = ["Store"]

TIMEOUT_SECONDS: Final = 5.0
MAX_SECONDS: Final = 10**9
MAX_EVENTS: Final = 10_000
MAX_EVENT_NUMBER: Final = 2**62
MAX_PAGE: Final = 1_000
_RETENTION = Retention()
_FIRST_PAGE = ("+inf", "")
_AGE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,20})?")


class Store:
    """All tasks of one prefix on one server; get one by `Store.open`.

    Its own methods give up after `timeout` seconds with `StoreUnavailable`, but for `take`, which
    waits as long as it takes, like everything that the owner of a task writes.

    Attributes:
        url: The server's address, with its password where it has one: for docket, not for a log.
        address: The same, fit to be shown.
        prefix: Beginning of every key.
    """

    def __init__(
        self,
        *,
        url: str,
        keys: Keys,
        writes: Writer,
        reads: Writer,
        timeout: float,
        kept: Retention,
    ) -> None:
        """Use *writes* for what changes and *reads* for the rest; `Store.open` does it all."""
        self.url = url
        self.prefix = keys.prefix
        self.address = address_of(url)
        self._keys = keys
        self._start = keys.prefix.encode()
        self._writes = Writes(writer=writes, keys=keys, retention=kept)
        self._reads = reads
        self._timeout = timeout

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
        retention: Retention = _RETENTION,
        timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109 - kept as a setting of the store
        fsync: Fsync = "everysec",
    ) -> AsyncGenerator["Store"]:
        """Open the store at *url*, or start one of our own in *data_dir*.

        Args:
            url: `redis://`, `rediss://` or `unix://` address of a Redis or Valkey 7 or later.
            data_dir: Where the embedded server keeps its data when *url* is None; `.dara` in the
                current directory if not given. Processes with the same directory share one server.
            prefix: Beginning of every key.
            retention: How long a task stays after it is final.
            timeout: Seconds that everything but the work on a task waits for an answer.
            fsync: When the embedded server's writes are on the disk: `everysec`, so that a power
                failure costs a second, or `always`, before they are answered.

        Raises:
            ValueError: *url* or a limit is malformed.
            StoreUnavailable: The store is away, too old, refuses us, or cannot be started.
        """
        if not 0 < timeout < MAX_SECONDS:
            raise ValueError(f"timeout is {timeout!r}: give a positive number of seconds")
        keys = Keys(prefix=prefix)
        async with (
            find_place(url, data_dir or DATA_DIR, fsync) as place,
            place.connect(timeout) as writes,
            # Reads have a connection of their own: a long history does not hold up a checkpoint.
            place.connect(timeout) as reads,
        ):
            yield cls(
                url=place.url,
                keys=keys,
                writes=writes,
                reads=reads,
                timeout=timeout,
                kept=retention,
            )

    async def create(self, task: NewTask, *, bound: int = 0) -> Creation:
        """Store *task* as queued.

        Args:
            task: The task.
            bound: How many tasks may be queued, or 0 for any number.

        Raises:
            ValueError: An id, name or document is malformed or too large.
            StoreUnavailable: No answer in time. The task may exist all the same: create it again
                with the same id to be sure.
        """
        fleet = (self._start, task.task_id.encode(), new_token(), b"%d" % bound)
        packed = call("create", self._keys.of(task.task_id), *fleet, *task_fields(task))
        reply = cast("list[bytes | int]", await self._write(packed))
        outcome, tickets = _word(reply[0]), cast("int", reply[1])
        if outcome != "exists":
            return Creation(outcome=outcome, tickets=tickets)
        return Creation(outcome=outcome, workflow=_word(reply[3]), request=_word(reply[4]) or None)

    async def take(
        self,
        worker: str,
        workflows: Mapping[str, int],
        *,
        fresh: bool,
        owner_concurrency: int = 0,
        delivery_limit: int = 5,
    ) -> Taken:
        """Claim the oldest ready task: raise its epoch, count the delivery, set it running.

        Args:
            worker: Who takes it; it has to `look` at least every few seconds, or it is lost.
            workflows: Names of the workflows to take tasks of, and how many of each may run in the
                whole fleet, or 0 for any number.
            fresh: Whether a ticket was just delivered, which is used up by this.
            owner_concurrency: How many tasks of an owner may run in the whole fleet, or 0.
            delivery_limit: How many deliveries a task gets that come to nothing. One more fails it
                as poisoned.

        Raises:
            StoreUnavailable: The server refused, or the store was closed.
        """
        known = [word for name, most in workflows.items() for word in (name.encode(), b"%d" % most)]
        packed = call(
            "take",
            (),
            self._start,
            *(worker.encode(), b"1" if fresh else b"0", new_token()),
            *(b"%d" % delivery_limit, error_json(poisoned(delivery_limit))),
            *(self._kept(State.FAILED), b"%d" % owner_concurrency, *known),
        )
        # However long it takes: a claim that was given up and then executed would be nobody's.
        reply = cast("list[Reply]", await self._writes.writer.ask(packed))
        task_id = _word(reply[0])
        if not task_id:
            return Taken(task=None)
        history = history_from(task_id, reply[2:])
        assert history is not None  # noqa: S101 - the function just read it
        return Taken(task=Claimed(self._writes, history, cast("int", reply[1])))

    async def read(self, task_id: str) -> History | None:
        """Give all there is to know of *task_id* in one round trip, None if it is unknown.

        Raises:
            StoreUnavailable: No answer in time.
        """
        if not is_task_id(task_id):
            return None
        reply = await self._read(call("read", self._keys.of(task_id)[:2]))
        return history_from(task_id, reply)

    async def summary(self, task_id: str) -> TaskSummary | None:
        """Give what a list says of *task_id*, without its journal; None if it is unknown.

        Raises:
            StoreUnavailable: No answer in time.
        """
        if not is_task_id(task_id):
            return None
        return summary_from(task_id, await self._read(call("summary", self._keys.of(task_id)[:1])))

    async def list(
        self,
        *,
        workflow: str | None = None,
        state: State | None = None,
        owner: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page:
        """Give up to *limit* tasks, newest first; fewer where many had to be looked at.

        Args:
            workflow: Only of this workflow.
            state: Only in this state.
            owner: Only of this owner.
            after: The `next` of the page before.
            limit: 1 to 1,000.

        Raises:
            ValueError: *after* is no cursor.
            StoreUnavailable: No answer in time.
        """
        age, last = _cursor(after)
        wanted = (workflow or "", state.value if state else "", owner or "")
        words = (str(min(max(limit, 1), MAX_PAGE)), age, last, *wanted)
        packed = call("list", (), self._start, *(word.encode() for word in words))
        return page_from(await self._read(packed))

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

    async def signal(self, task_id: str, name: str, body: bytes) -> Signalled:
        """Keep the signal *name* with the JSON *body*, and wake the task if it waits for it.

        Raises:
            StoreUnavailable: No answer in time; sending it again does no harm.
        """
        words = await self._change("signal", task_id, name.encode(), body)
        return Signalled(outcome=words[0], tickets=words[1])

    async def cancel(self, task_id: str) -> tuple[State | None, int]:
        """Ask the task to end; one that never ran does at once.

        Returns:
            Its state then, None if it is unknown; and how many tickets are to be put.

        Raises:
            StoreUnavailable: No answer in time; asking again does no harm.
        """
        state, tickets = await self._change(
            "cancel", task_id, error_json(CANCELLED), self._kept(State.CANCELLED)
        )
        return (None if state == "unknown" else State(state)), tickets

    async def resume(
        self, task_id: str, attempt: int, forgotten: Collection[str]
    ) -> tuple[State | None, int]:
        """Queue a task again that failed in its attempt number *attempt*; that begins the next.

        Args:
            task_id: The task; one that did not fail in that attempt is left as it is.
            attempt: Counts from 1.
            forgotten: What is taken out of its journal, as `History` names it: `s:` and the path
                of a step, `w:` and that of a wait, `g:` and the name of a signal.

        Returns:
            Its state then, None if it is unknown; and how many tickets are to be put.

        Raises:
            StoreUnavailable: No answer in time; asking again does no harm.
        """
        fields = (field.encode() for field in forgotten)
        state, tickets = await self._change("resume", task_id, b"%d" % attempt, *fields)
        return (None if state == "unknown" else State(state)), tickets

    async def look(self, worker: str, patience: float, lost: Sequence[str] = ()) -> Look:
        """Give a sign of life of *worker*, and do what has to be done for the whole fleet.

        Parked tasks that are due are queued, tasks that expired are forgotten, and what workers
        ran that gave no sign for *patience* seconds is queued again.

        Args:
            worker: Who looks.
            patience: Seconds without a sign after which a worker is lost. Where nobody looked for
                a quarter of it, the server was away, and every worker has as long again.
            lost: Tasks that this worker took and does not work on.

        Raises:
            StoreUnavailable: No answer in time.
        """
        words = (worker, repr(float(patience)), *lost)
        packed = call("look", (), self._start, *(word.encode() for word in words))
        reply = cast("tuple[int, list[bytes], list[bytes], int]", await self._write(packed))
        tickets, *found, ready = reply
        cancelling, claimed = (tuple(one.decode() for one in ids) for ids in found)
        return Look(tickets=tickets, cancelling=cancelling, claimed=claimed, ready=ready)

    async def retire(self, worker: str) -> int:
        """Take leave of *worker*; what it still runs is queued again.

        Returns:
            How many tickets are to be put.

        Raises:
            StoreUnavailable: No answer in time.
        """
        return cast("int", await self._write(call("retire", (), self._start, worker.encode())))

    async def recount(self) -> int:
        """Count the tickets anew, since some may have been lost, and say how many are to be put.

        Raises:
            StoreUnavailable: No answer in time.
        """
        return cast("int", await self._write(call("recount", (), self._start)))

    async def ready(self) -> int:
        """Give how many tasks could be claimed now.

        Raises:
            StoreUnavailable: No answer in time.
        """
        found = await self._read(pack(b"HGET", self._start + b":fleet", b"ready"))
        return int(found) if isinstance(found, bytes) else 0

    def abandon(self) -> None:
        """Have all that waits for an answer to a write wait no longer: `StoreUnavailable`."""
        self._writes.writer.abandon()

    async def ping(self) -> None:
        """Return when the server answers.

        Raises:
            StoreUnavailable: No answer in time.
        """
        await self._read(pack(b"PING"))

    async def _change(self, name: str, task_id: str, *arguments: bytes) -> tuple[str, int]:
        if not is_task_id(task_id):
            return "unknown", 0
        fleet = (self._start, task_id.encode())
        reply = await self._write(call(name, self._keys.of(task_id), *fleet, *arguments))
        word, rest = words_from(reply)
        return word, tickets_from(rest) if rest.isdigit() else 0

    def _kept(self, state: State) -> bytes:
        return repr(float(self._writes.retention.of(state))).encode()

    async def _write(self, packed: bytes) -> Reply:
        return await self._writes.writer.ask(packed, self._timeout)

    async def _read(self, packed: bytes) -> Reply:
        return await self._reads.ask(packed, self._timeout)


def _word(reply: Reply) -> str:
    return cast("bytes", reply).decode()


def _cursor(after: str | None) -> tuple[str, str]:
    if after is None:
        return _FIRST_PAGE
    age, _, last = after.partition(" ")
    if not _AGE.fullmatch(age) or not is_task_id(last):
        raise ValueError(f"cursor {after[:200]!r} is none that a page gave as `next`")
    return age, last
