"""A journal in this process, for tests and notebooks."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from typing import Any

import msgspec

from dara_fp.core.errors import shown
from dara_fp.core.scope import Entry, Path, Waiting

__all__ = ["MemoryJournal"]


class _Done:
    """Awaited, it is done; a coroutine for each entry would cost more than the entry."""

    def __await__(self) -> Generator[None, None, None]:
        return iter(())  # type: ignore[return-value] # an empty iterator awaits nothing


_DONE = _Done()


class MemoryJournal:
    """A journal in this process, for tests and notebooks.

    Attributes:
        entries: What was recorded, by path, in order.
        reports: What running steps said: (path, message, fraction).
        heard: The paths of those that said anything, also in an earlier delivery.
        waits: What the task waits or has waited for, by path.
        signals: The bodies of the signals that came, as JSON, by name.
        clock: Gives the time by which waits of an earlier run end: that of the `Scope`.
    """

    def __init__(
        self,
        entries: Mapping[Path, Entry] | None = None,
        *,
        waits: Mapping[Path, Waiting] | None = None,
        signals: Mapping[str, bytes] | None = None,
        heard: Iterable[Path] = (),
    ) -> None:
        """Start from *entries*, *waits*, *signals* and who was *heard* of an earlier run."""
        self.entries: dict[Path, Entry] = dict(entries or {})
        self.reports: list[tuple[Path, str, float | None]] = []
        self.heard: set[Path] = set(heard)
        self.waits: dict[Path, Waiting] = dict(waits or {})
        self.signals: dict[str, bytes] = dict(signals or {})
        self.clock: Callable[[], float] = time.time
        self._listeners: dict[asyncio.Future[None], str] = {}

    def resumed(self) -> "MemoryJournal":
        """Give a journal to go on from: what succeeded is kept, what failed is tried again.

        After a failure whose effects were undone there is nothing to go on from: it is empty. A
        signal whose wait failed has to be given again.
        """
        if any(entry.verdict == "undone" for entry in self.entries.values()):
            return MemoryJournal()
        kept = {p: e for p, e in self.entries.items() if not e.error or e.verdict}
        failed = {wait.signal for path, wait in self.waits.items() if self._has_failed(path)}
        return MemoryJournal(
            kept,
            waits={p: wait for p, wait in self.waits.items() if p not in self.entries},
            signals={name: body for name, body in self.signals.items() if name not in failed},
        )

    def _has_failed(self, path: Path) -> bool:
        entry = self.entries.get(path)
        return entry is not None and entry.error is not None

    def find(self, path: Path, context: type[Any]) -> Entry | None:  # noqa: ARG002 - by protocol
        """Give what was recorded at *path*, or None."""
        return self.entries.get(path)

    def record(self, path: Path, entry: Entry) -> Awaitable[None]:
        """Keep *entry* at *path*, at once: there is nothing to wait for."""
        self.entries[path] = entry
        return _DONE

    async def report(self, path: Path, message: str, fraction: float | None) -> None:
        """Keep what the step at *path* said."""
        self.reports.append((path, message, fraction))
        self.heard.add(path)

    def signal(self, name: str, body: object = None) -> bool:
        """Give the signal *name* to whoever waits for it now or later.

        Args:
            name: The signal's name.
            body: Its content, which JSON can hold: the value of the field that it goes into.

        Returns:
            Whether it is new; the same one again changes nothing.

        Raises:
            ValueError: It was given with another *body* already.
        """
        data = msgspec.json.encode(body)
        known = self.signals.setdefault(name, data)
        if known is data:
            self._tell(name)
            return True
        if known != data:
            raise ValueError(
                f"signal {name!r} was given already, as {known.decode()}: it counts once, and "
                f"cannot become {shown(body)}"
            )
        return False

    def reported(self, path: Path) -> bool:
        """Tell whether the step at *path* has reported anything."""
        return path in self.heard

    def waiting(self, path: Path) -> Waiting | None:
        """Give the wait that was begun at *path*, or None."""
        return self.waits.get(path)

    async def wait(self, waiting: Waiting) -> bytes | None:
        """Wait in the running loop, and give the signal's body, or None once it is over."""
        earlier = self.waits.get(waiting.path)
        self.waits[waiting.path] = waiting
        name = waiting.signal or ""
        if name not in self.signals:
            now = waiting.since if earlier is None else self.clock()
            await self._listen(name, None if waiting.until is None else waiting.until - now)
        return self.signals.get(name)

    async def _listen(self, name: str, seconds: float | None) -> None:
        """Return when the signal *name* has come, or *seconds* are over."""
        heard = asyncio.get_running_loop().create_future()
        self._listeners[heard] = name
        try:
            await asyncio.wait([heard], timeout=seconds)
        finally:
            del self._listeners[heard]

    def _tell(self, name: str) -> None:
        for heard, wanted in self._listeners.items():
            if wanted == name and not heard.done():
                heard.set_result(None)
