"""Events of tasks as server-sent events: read once a process, encoded once, sent to many."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable

import attrs

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.records import Event

__all__ = ["MOST_STREAMS", "EventHub", "Frame", "TooManyStreams"]

MOST_STREAMS = 1000
"""Streams that one process has open at a time."""

_STREAM_SECONDS = 110.0  # Databricks Apps cut a request at 120 s
_HEARTBEAT_SECONDS = 15.0
_HEARTBEAT = b": still here\n\n"
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_AWAY_PAUSE = 2.0
_PAGE = 500
_KEPT = 256

logger = logging.getLogger(__name__)

Read = Callable[[str, int, int], Awaitable[tuple[Event, ...]]]


class TooManyStreams(Exception):
    """This process has as many streams open as it may."""


@attrs.frozen
class Frame:
    """One event as it is sent: its *number*, its *text*, and whether its task *ended* with it."""

    number: int
    text: bytes
    ended: bool


@attrs.define(eq=False)
class _Channel:
    """What the hub knows of one task that is watched.

    Attributes:
        head: Number of the newest event that was read.
        ended: Whether the task ended with that one.
        frames: The newest events, without a gap.
        news: Is done, and another one is put here, when there is more to see.
        readers: How many watch.
    """

    head: int
    ended: bool = False
    frames: deque[Frame] = attrs.field(factory=lambda: deque[Frame](maxlen=_KEPT))
    news: "asyncio.Future[None]" = attrs.field(factory=asyncio.Future[None])
    readers: int = 0
    reading: "asyncio.Task[None] | None" = None

    def tell(self) -> None:
        """Wake whoever waits for news."""
        done, self.news = self.news, asyncio.Future()
        done.set_result(None)

    def add(self, frames: tuple[Frame, ...]) -> None:
        """Take *frames* that follow the head."""
        self.frames.extend(frames)
        self.head, self.ended = frames[-1].number, frames[-1].ended
        self.tell()

    def after(self, number: int) -> tuple[Frame, ...] | None:
        """Give the frames that follow *number*, or None if they are no longer here."""
        if number >= self.head:
            return ()
        if not self.frames or self.frames[0].number > number + 1:
            return None
        return tuple(frame for frame in self.frames if frame.number > number)


class EventHub:
    """Watches tasks on behalf of all streams of a process.

    A stream holds a number and nothing else, so one that is slow to read costs no memory: what it
    missed it reads from the store again.
    """

    def __init__(self, read: Read, encode: Callable[[Event], Frame]) -> None:
        """Give what *read* (task id, after, limit) gives, each event as *encode* says it."""
        self._read = read
        self._encode = encode
        self._channels: dict[str, _Channel] = {}
        self._streams = 0
        self._closed = False

    def admit(self) -> None:
        """Return if one more stream may be opened.

        Raises:
            TooManyStreams: There are too many already, or the server stops.
        """
        if self._closed or self._streams >= MOST_STREAMS:
            raise TooManyStreams

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        for channel in self._channels.values():
            channel.tell()

    async def stream(self, task_id: str, after: int) -> AsyncGenerator[bytes]:
        """Give the events of the task that follow the number *after*, until it has ended.

        A stream also ends after 110 seconds, when the server stops and when the store goes away;
        its reader then opens another one after the last number it got.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _STREAM_SECONDS
        channel = self._join(task_id, after)
        try:
            while not self._closed and (left := deadline - loop.time()) > 0:
                # Taken first, so that what comes while others are sent is not missed.
                news = channel.news
                frames = await self._frames(task_id, channel, after)
                if frames:
                    yield b"".join(frame.text for frame in frames)
                    after = frames[-1].number
                if channel.ended and after >= channel.head:
                    return
                if not frames and not await _comes(news, min(left, _HEARTBEAT_SECONDS)):
                    yield _HEARTBEAT
        except StoreUnavailable as error:
            logger.info("a stream of task %s ends: %s", task_id, error)
        finally:
            self._leave(task_id, channel)

    async def _frames(self, task_id: str, channel: _Channel, after: int) -> tuple[Frame, ...]:
        frames = channel.after(after)
        if frames is not None:
            return frames
        return tuple(map(self._encode, await self._read(task_id, after, _PAGE)))

    def _join(self, task_id: str, after: int) -> _Channel:
        self._streams += 1
        channel = self._channels.get(task_id)
        if channel is None:
            channel = self._channels[task_id] = _Channel(after)
            channel.reading = asyncio.create_task(
                self._follow(task_id, channel), name=f"events of {task_id}"
            )
        channel.readers += 1
        return channel

    def _leave(self, task_id: str, channel: _Channel) -> None:
        self._streams -= 1
        channel.readers -= 1
        if not channel.readers:
            del self._channels[task_id]
            if channel.reading is not None:
                channel.reading.cancel()

    async def _follow(self, task_id: str, channel: _Channel) -> None:
        """Read what comes, once for all who watch; more rarely while nothing comes."""
        pause = _FIRST_PAUSE
        while True:
            try:
                events = await self._read(task_id, channel.head, _PAGE)
            except StoreUnavailable as error:
                logger.info("cannot read the events of task %s: %s", task_id, error)
                await asyncio.sleep(_AWAY_PAUSE)
                continue
            pause = _FIRST_PAUSE if events else min(pause * 1.5, _LONGEST_PAUSE)
            if events:
                channel.add(tuple(map(self._encode, events)))
            if len(events) < _PAGE:
                await asyncio.sleep(pause)


async def _comes(news: "asyncio.Future[None]", seconds: float) -> bool:
    """Tell whether *news* comes in time; others wait for the same."""
    done, _ = await asyncio.wait({news}, timeout=seconds)
    return bool(done)
