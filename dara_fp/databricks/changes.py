"""Telling of what is waited for when its state has changed, and not at every look."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import attrs

__all__ = ["Changes"]

T = TypeVar("T")


@attrs.define
class Changes(Generic[T]):
    """Awaits *tell* with what is seen first, and whenever its *state* is another than before."""

    state: Callable[[T], object]
    tell: Callable[[T], Awaitable[None]] | None
    told: object = None

    async def __call__(self, seen: T) -> None:
        """Tell about what was *seen*, if its state is news."""
        state = self.state(seen)
        if self.tell is not None and state != self.told:
            await self.tell(seen)
        self.told = state
