"""Services before they are loaded: names that can be called at once and are resolved later."""

import asyncio
import inspect
import warnings
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import aclosing
from typing import Any

from dara_fp.databricks.sdk.irregular import Refused

__all__ = ["Pending", "Service"]


class Service:
    """A service that may not be loaded yet; its methods can be called all the same.

    Loading imports the SDK and rewrites the service, in a thread. A name it does not have is only
    found out then, when the call is awaited; one that is refused at once.
    """

    def __init__(self, name: str, load: Callable[[], Any], refusing: type | None = None) -> None:
        """Be the service *name*, which *load* makes in a thread; *refusing* has what is refused."""
        self._name = name
        self._refusing = refusing
        self._load = load
        self._loaded: Any = None
        self._loading: asyncio.Task[Any] | None = None

    async def loaded(self) -> Any:
        """Give the service itself, loading it where it is not, once for all who ask."""
        if self._loaded is not None:
            return self._loaded
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._bring())
            self._loading.add_done_callback(_look)
        # Shielded: a caller that is cancelled must not take it from the others.
        return await asyncio.shield(self._loading)

    async def _bring(self) -> Any:
        self._loaded = await asyncio.to_thread(self._load)
        return self._loaded

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._loaded is not None:
            return getattr(self._loaded, name)
        kept = inspect.getattr_static(self._refusing, name, None)
        if isinstance(kept, Refused):
            kept.__get__(self, type(self))
        return Member(self, (name,))

    def __dir__(self) -> list[str]:
        return dir(self._loaded) if self._loaded is not None else [*super().__dir__()]

    def __repr__(self) -> str:
        state = "not loaded yet" if self._loaded is None else repr(self._loaded)
        return f"<service {self._name}: {state}>"


class Member:
    """A method, or a service of a service, of a service that was not loaded."""

    def __init__(self, service: Service, path: tuple[str, ...]) -> None:
        """Be what stands in *service* under *path*."""
        self._service = service
        self._path = path

    def __getattr__(self, name: str) -> "Member":
        if name.startswith("_"):
            raise AttributeError(name)
        return Member(self._service, (*self._path, name))

    def __call__(self, *args: Any, **kwargs: Any) -> "Pending":
        return Pending(self, args, kwargs)

    async def resolved(self) -> Any:
        """Give what it stands for.

        Raises:
            AttributeError: There is no such thing.
        """
        here = await self._service.loaded()
        for name in self._path:
            here = getattr(here, name)
        return here

    def __repr__(self) -> str:
        return f"<{'.'.join(self._path)} of {self._service!r}>"


class Pending(Coroutine[Any, Any, Any]):
    """A call of a service that is not loaded: await it, or iterate it where it lists.

    It can do what a coroutine and an asynchronous generator can, such as becoming a task.
    """

    def __init__(self, member: Member, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Call *member* with *args* and *kwargs* when awaited or iterated."""
        self._member = member
        self._args = args
        self._kwargs = kwargs
        self._coroutine: Coroutine[Any, Any, Any] | None = None
        self._items: AsyncGenerator[Any] | None = None
        self._is_begun = False

    def __del__(self) -> None:
        if not self._is_begun:  # as Python warns of its own coroutines
            told = f"{self!r}: nothing was sent; await it, or iterate it where it lists"
            warnings.warn(told, RuntimeWarning, stacklevel=2, source=self)

    def __await__(self) -> Generator[Any, Any, Any]:
        self._is_begun = True
        return self._answered().__await__()

    def send(self, value: Any, /) -> Any:
        """Go on to the next pause, as a task does."""
        return self._going().send(value)

    def throw(self, *error: Any) -> Any:
        """Raise *error* at the pause, as a task does that is cancelled."""
        return self._going().throw(*error)

    def close(self) -> None:
        """Give up."""
        self._is_begun = True
        if self._coroutine is not None:
            self._coroutine.close()

    def __aiter__(self) -> AsyncGenerator[Any]:
        self._is_begun = True
        self._items = self._items or self._listed()
        return self._items

    async def __anext__(self) -> Any:
        """Give the next item."""
        return await anext(aiter(self))

    async def aclose(self) -> None:
        """Stop listing."""
        self._is_begun = True
        if self._items is not None:
            await self._items.aclose()

    def _going(self) -> Coroutine[Any, Any, Any]:
        self._is_begun = True
        self._coroutine = self._coroutine or self._answered()
        return self._coroutine

    async def _listed(self) -> AsyncGenerator[Any]:
        async with aclosing(await self.begun()) as listed:
            async for each in listed:
                yield each

    async def _answered(self) -> Any:
        begun = await self.begun()
        if inspect.isasyncgen(begun):
            raise TypeError(f"{self._member!r} lists: iterate it with `async for`")
        return await begun if inspect.iscoroutine(begun) else begun

    async def begun(self) -> Any:
        """Give what the loaded service's method gives: a coroutine, or items one by one.

        Raises:
            AttributeError: There is no such method.
        """
        self._is_begun = True
        return (await self._member.resolved())(*self._args, **self._kwargs)

    def __repr__(self) -> str:
        return f"<call of {self._member!r}, not awaited yet>"


def _look(loading: "asyncio.Task[Any]") -> None:
    """Look at how *loading* ended: where no one waits any more, asyncio would complain at exit."""
    if not loading.cancelled():
        loading.exception()
