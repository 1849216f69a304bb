"""Server-sent events, read from the bytes of an answer as they come (WHATWG HTML, section 9.2)."""

from collections.abc import AsyncGenerator, AsyncIterable

import attrs

from dara_fp.core.errors import StepError
from dara_fp.databricks.errors import UnexpectedAnswer

__all__ = ["LONGEST_EVENT", "Event", "events"]

LONGEST_EVENT = 4 * 1024 * 1024
"""Bytes of the longest event that is read."""

_MARK = b"\xef\xbb\xbf"


@attrs.frozen(kw_only=True)
class Event:
    """One event: its *data*, lines joined, and its *kind*, `message` where none is named."""

    data: str
    kind: str = "message"


async def events(chunks: AsyncIterable[bytes]) -> AsyncGenerator[Event]:
    """Give the events of *chunks*, cut anywhere; one without its empty line at the end is none.

    Raises:
        UnexpectedAnswer: An event is longer than 4 MiB.
    """
    lines = _Lines()
    pending = _Pending()
    async for chunk in chunks:
        for line in lines.of(chunk):
            event = pending.take(line)
            if event is not None:
                yield event
        if lines.held + pending.held > LONGEST_EVENT:
            said = f"an event of the stream is longer than {LONGEST_EVENT:,} bytes: ask for less"
            raise UnexpectedAnswer(StepError(message=said))


@attrs.define
class _Lines:
    """The lines of what has come, whose ends are LF, CR or CRLF."""

    rest: bytes = b""
    began: bool = False

    @property
    def held(self) -> int:
        return len(self.rest)

    def of(self, chunk: bytes) -> list[bytes]:
        text = self.rest + chunk
        if not self.began:
            if _MARK.startswith(text):  # the mark may not be complete yet
                self.rest = text
                return []
            text = text.removeprefix(_MARK)
            self.began = True
        # A CR at the end may be half of a CRLF, so it waits for what follows.
        late = b"\r" if text.endswith(b"\r") else b""
        whole = text.removesuffix(late) if late else text
        *lines, rest = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self.rest = rest + late
        return lines


@attrs.define
class _Pending:
    """The event that is being read."""

    data: list[bytes] = attrs.field(factory=list[bytes])
    kind: str = ""
    held: int = 0

    def take(self, line: bytes) -> Event | None:
        """Take *line*, and give the event that it ends."""
        if not line:
            return self._ended()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self.data.append(value)
            self.held += len(value) + 1
        elif name == b"event":
            self.kind = value.decode(errors="replace")
        return None  # comments, ids and pauses say nothing to us

    def _ended(self) -> Event | None:
        data, kind = self.data, self.kind
        self.data, self.kind, self.held = [], "", 0
        if not data:
            return None
        return Event(data=b"\n".join(data).decode(errors="replace"), kind=kind or "message")
