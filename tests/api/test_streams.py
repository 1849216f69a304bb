"""The hub of all streams, on virtual time: what it reads, encodes, sends and ends."""

import asyncio
from itertools import count

import attrs
import pytest

from dara_fp.api.streams import EventHub, Frame, TooManyStreams
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import Event
from dara_fp.testing import run


@attrs.define
class Log:
    """Logs of tasks that a test writes, and how often they were read and encoded."""

    events: list[Event] = attrs.field(factory=list[Event])
    reads: int = 0
    encoded: int = 0
    away: bool = False

    def add(self, *kinds: str) -> None:
        for number, kind in zip(count(len(self.events) + 1), kinds, strict=False):
            self.events.append(Event(number=number, kind=kind, path=None, at=0.0, data=b"{}"))

    async def read(self, task_id: str, after: int, limit: int) -> tuple[Event, ...]:
        self.reads += 1
        await asyncio.sleep(0.001)
        if self.away:
            raise StoreUnavailable("gone")
        return tuple(self.events[after : after + limit])

    def encode(self, event: Event) -> Frame:
        self.encoded += 1
        return Frame(event.number, f"{event.number} ".encode(), event.kind == "end")

    def hub(self) -> EventHub:
        return EventHub(self.read, self.encode)


async def text_of(hub: EventHub, after: int = 0) -> str:
    return "".join([part.decode() async for part in hub.stream("t", after)])


def test_an_event_is_read_and_encoded_once_for_all_who_watch() -> None:
    log = Log()

    async def watched() -> list[str]:
        hub = log.hub()
        readers = [asyncio.ensure_future(text_of(hub)) for _ in range(100)]
        await asyncio.sleep(3)
        log.reads = 0
        log.add("a", "b", "end")
        return await asyncio.gather(*readers)

    assert set(run(watched())) == {"1 2 3 "}
    assert log.encoded == 3
    assert log.reads <= 2


def test_a_reader_who_comes_late_gets_everything_too() -> None:
    log = Log()

    async def watched() -> list[str]:
        hub = log.hub()
        early = asyncio.ensure_future(text_of(hub))
        log.add(*("a" for _ in range(2000)))
        await asyncio.sleep(5)
        late = [asyncio.ensure_future(text_of(hub, after)) for after in (0, 1990, 2000)]
        await asyncio.sleep(5)
        log.add("b", "end")
        return await asyncio.gather(early, *late)

    early, late, near, newest = run(watched())
    assert early == late == "".join(f"{number} " for number in range(1, 2003))
    assert near == "".join(f"{number} " for number in range(1991, 2003))
    assert newest == "2001 2002 "


def test_a_stream_in_which_nothing_happens_says_every_15_seconds_that_it_lives() -> None:
    async def parts() -> list[tuple[float, bytes]]:
        loop = asyncio.get_running_loop()
        return [(loop.time(), part) async for part in Log().hub().stream("t", 0)]

    found = run(parts())
    assert [part for _, part in found] == [b": still here\n\n"] * 8
    assert [at for at, _ in found] == pytest.approx([15, 30, 45, 60, 75, 90, 105, 110], abs=0.1)


def test_a_stream_in_which_much_happens_ends_after_110_seconds_too() -> None:
    log = Log()

    async def seconds() -> float:
        async def write() -> None:
            while True:
                log.add("a")
                await asyncio.sleep(0.5)

        writing = asyncio.ensure_future(write())
        await text_of(log.hub())
        writing.cancel()
        return asyncio.get_running_loop().time()

    assert run(seconds()) == pytest.approx(110, abs=1)


def test_nothing_is_read_for_a_task_that_nobody_watches_any_more() -> None:
    log = Log()

    async def reads() -> tuple[int, int]:
        hub = log.hub()
        for _ in range(3):
            reader = asyncio.ensure_future(text_of(hub))
            await asyncio.sleep(1)
            reader.cancel()
            await asyncio.wait({reader})
        before = log.reads
        await asyncio.sleep(60)
        return before, log.reads

    before, after = run(reads())
    assert 0 < before == after


def test_a_store_that_is_away_for_a_while_cuts_no_stream() -> None:
    log = Log()

    async def watched() -> str:
        reader = asyncio.ensure_future(text_of(log.hub()))
        await asyncio.sleep(1)
        log.away = True
        log.add("a", "end")
        await asyncio.sleep(10)
        log.away = False
        return await reader

    assert run(watched()) == "1 2 "


def test_a_hub_that_is_closed_ends_its_streams_at_once_and_opens_no_other() -> None:
    async def seconds() -> float:
        hub = Log().hub()
        readers = [asyncio.ensure_future(text_of(hub)) for _ in range(3)]
        await asyncio.sleep(5)
        hub.close()
        await asyncio.gather(*readers)
        with pytest.raises(TooManyStreams):
            hub.admit()
        return asyncio.get_running_loop().time()

    assert run(seconds()) == pytest.approx(5, abs=0.1)


def test_a_process_opens_a_thousand_streams_and_no_more() -> None:
    async def opened() -> None:
        hub = Log().hub()
        readers = [asyncio.ensure_future(text_of(hub)) for _ in range(1000)]
        await asyncio.sleep(1)
        with pytest.raises(TooManyStreams):
            hub.admit()
        readers[0].cancel()
        await asyncio.wait({readers[0]})
        hub.admit()
        hub.close()
        await asyncio.wait(readers)

    run(opened())
