"""Plain functions in threads of their own, which hold nobody up."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

__all__ = ["in_thread"]

P = ParamSpec("P")
T = TypeVar("T")


class _Threads(Executor):
    """A new daemon thread for each call: a pool would make the end of a process wait for it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call *fn* in a thread, and give its future, which cannot be cancelled any more."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()

        def work() -> None:
            future.set_result(fn(*args, **kwargs))

        threading.Thread(target=work, name=f"dara {fn!r}", daemon=True).start()
        return future


_THREADS = _Threads()


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the plain *function* in a thread, with the context variables of the caller.

    A cancellation does not wait for the thread: it is abandoned, and what it gives is dropped.

    Raises:
        BaseException: What *function* raised.
    """
    context = contextvars.copy_context()

    def call() -> tuple[Any, BaseException | None]:
        # Caught here, since a future takes no StopIteration.
        try:
            return context.run(function, *arguments), None
        except BaseException as error:  # noqa: BLE001 - it is raised again below
            return None, error

    result, error = await asyncio.get_running_loop().run_in_executor(_THREADS, call)
    if error is not None:
        raise error
    return result
