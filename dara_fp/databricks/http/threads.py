"""Work that blocks, in a thread nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

__all__ = ["Background"]

T = TypeVar("T")


class Background:
    """Runs one piece of work at a time in a daemon thread.

    asyncio's own threads are waited for when a loop ends, so one that hangs would hold up the end
    of the program; these are left behind.
    """

    def __init__(self, name: str) -> None:
        """Call the threads *name*."""
        self._name = name
        self._running: Future[None] | None = None

    async def run(self, work: Callable[[], T]) -> T | BaseException:
        """Give what *work* returns, or what it raises.

        Work that is still running from before, since nobody waited for its end, is let finish
        first: what hangs does not pile up.
        """
        if self._running is not None:
            await asyncio.wait([asyncio.wrap_future(self._running)])
        found: list[T | BaseException] = []
        done = self._running = Future[None]()
        target = _keeping(work, found, done)
        threading.Thread(target=target, name=self._name, daemon=True).start()
        await asyncio.wait([asyncio.wrap_future(done)])
        return found[0]


def _keeping(
    work: Callable[[], T], found: list[T | BaseException], done: Future[None]
) -> Callable[[], None]:
    def kept() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - handed on to whoever waits
            found.append(error)
        finally:
            done.set_result(None)

    return kept
