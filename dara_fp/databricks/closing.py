"""What is open, and is closed at the end of an `async with`."""

from abc import ABC, abstractmethod
from typing import Self

__all__ = ["Closing"]


class Closing(ABC):
    """Something to use in `async with`, whose end calls `aclose`."""

    @abstractmethod
    async def aclose(self) -> None:
        """Let go of what is open; again does no harm."""

    async def __aenter__(self) -> Self:
        """Give this itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go of what is open."""
        await self.aclose()
