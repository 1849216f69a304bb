"""A task's log over HTTP: in pages, and as a stream that goes on where it was cut."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import attrs
import httpx
import pytest
import pytest_asyncio

from dara_fp.api.app import create_app
from dara_fp.api.streams import EventHub, Frame, TooManyStreams
from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import Event
from dara_fp.testing import run
from tests.api.stage import PREFIX, check, ended, problem, said, served
from tests.api.waiting import Shop, begun, buy, grab, until

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest_asyncio.fixture
async def client(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with served(create_app([buy, grab, check], env=shop)) as client:
        yield client


def url_of(task_id: str) -> str:
    return f"{PREFIX}/tasks/{task_id}/events"


def read(text: str) -> list[dict[str, str]]:
    """Read server-sent events as a browser does."""
    found: list[dict[str, str]] = []
    for block in text.split("\n\n"):
        lines = [line.partition(": ") for line in block.splitlines() if not line.startswith(":")]
        if lines:
            found.append({name: value for name, _, value in lines})
    return found


async def test_the_log_tells_all_that_happened_in_order(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    page = (await client.get(url_of(task_id))).json()
    kinds = [(event["kind"], event["path"]) for event in page["events"]]
    assert kinds == [
        ("task.queued", None),
        ("task.running", None),
        ("step.succeeded", "reserve"),
        ("step.succeeded", "pay"),
        ("task.succeeded", None),
    ]
    assert [event["number"] for event in page["events"]] == [1, 2, 3, 4, 5]
    assert page["next"] == 5


async def test_pages_follow_one_another(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    after, pages = 0, list[list[int]]()
    for _ in range(4):
        page = (await client.get(url_of(task_id), params={"after": after, "limit": 2})).json()
        pages.append([event["number"] for event in page["events"]])
        after = page["next"]
    assert (pages, after) == ([[1, 2], [3, 4], [5], []], 5)


async def test_the_stack_of_a_defect_is_in_no_event(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"{PREFIX}/check", json={"text": "broken"})
    task_id = answer.json()["task_id"]
    await ended(client, task_id)
    for headers in ({}, STREAM):
        text = (await client.get(url_of(task_id), headers=headers)).text
        assert "ZeroDivisionError: one over none" in text
        assert "traceback" not in text.lower()


@pytest.mark.parametrize(
    ("name", "value"),
    [("after", "-1"), ("after", "x"), ("limit", "0"), ("limit", "1001"), ("after", "9" * 19)],
)
async def test_a_number_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, name: str, value: str
) -> None:
    task_id = await begun(client, "grab")
    answer = await client.get(url_of(task_id), params={name: value})
    problem(answer, 422, "INVALID_PARAMETERS")
    assert set(said(answer)) == {name}


async def test_a_stream_tells_the_same_and_ends_with_the_task(client: httpx.AsyncClient) -> None:
    task_id = await begun(client, "buy")
    await until(client, task_id, "waiting")
    streaming = asyncio.ensure_future(client.get(url_of(task_id), headers=STREAM))
    await client.post(f"{PREFIX}/tasks/{task_id}/signal/decision", json={"approved": True})
    answer = await asyncio.wait_for(streaming, 20)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    events = read(answer.text)
    page = (await client.get(url_of(task_id))).json()["events"]
    assert [json.loads(event["data"]) for event in events] == page
    assert [event["id"] for event in events] == [str(event["number"]) for event in page]
    assert [event["event"] for event in events] == [event["kind"] for event in page]
    assert events[-1]["event"] == "task.succeeded"


@pytest.mark.parametrize("last", [1, 3, 4])
async def test_a_stream_goes_on_after_the_last_event_that_came(
    client: httpx.AsyncClient, last: int
) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    headers = {**STREAM, "Last-Event-ID": str(last)}
    answer = await client.get(url_of(task_id), headers=headers, params={"after": 0})
    assert [int(event["id"]) for event in read(answer.text)] == list(range(last + 1, 6))


async def test_a_stream_of_which_nothing_is_left_is_not_opened_again(
    client: httpx.AsyncClient,
) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    answer = await client.get(url_of(task_id), headers={**STREAM, "Last-Event-ID": "5"})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_number_that_no_event_has_starts_from_the_beginning(
    client: httpx.AsyncClient,
) -> None:
    task_id = await begun(client, "grab")
    await ended(client, task_id)
    answer = await client.get(url_of(task_id), headers={**STREAM, "Last-Event-ID": "77"})
    assert len(read(answer.text)) == 5


async def test_the_events_of_a_task_that_is_not_there_are_404(client: httpx.AsyncClient) -> None:
    for headers in ({}, STREAM):
        answer = await client.get(url_of("none"), headers=headers)
        problem(answer, 404, "UNKNOWN_TASK")


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


async def test_too_many_streams_are_refused_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, client: httpx.AsyncClient
) -> None:
    def full(_hub: EventHub) -> Any:
        raise TooManyStreams

    monkeypatch.setattr(EventHub, "admit", full)
    task_id = await begun(client, "buy")
    answer = await client.get(url_of(task_id), headers=STREAM)
    found = problem(answer, 503, "TOO_MANY_STREAMS")
    assert found["retryable"] is True
    assert "page by page" in found["detail"]
    assert int(answer.headers["retry-after"]) >= 1
