"""What stops a virtual clock, and how it is said.

RuntimeError
├── Deadlock         nothing can happen any more
└── SocketRefused    something would wait for a real socket
"""

from asyncio import Task
from collections.abc import Collection, Iterator
from types import FrameType
from typing import Any

__all__ = ["Deadlock", "SocketRefused", "deadlock", "refusal"]

_MOST_SHOWN = 20


class Deadlock(RuntimeError):
    """Nothing can happen any more: no task can run, no timer is set, and no thread is at work."""


class SocketRefused(RuntimeError):
    """Something would wait for a real socket or pipe, for which there is no virtual time."""


def deadlock(tasks: Collection[Task[Any]]) -> Deadlock:
    """Give the error that says which of *tasks* wait, and where."""
    names = {task.get_name(): task for task in tasks}
    ordered = sorted(names, key=lambda name: (len(name), name))  # Task-9 before Task-10
    lines = [f"{name} in {_place(names[name])}" for name in ordered[:_MOST_SHOWN]]
    rest = [f"and {len(names) - _MOST_SHOWN} more"] if len(names) > _MOST_SHOWN else []
    counted = "1 task waits" if len(names) == 1 else f"{len(names) or 'no'} tasks wait"
    said = f"nothing can happen any more: {counted} for what no timer, task or thread will bring"
    return Deadlock("\n  ".join([said, *lines, *rest]))


def refusal(source: object) -> SocketRefused:
    """Give the error that refuses to wait for *source*, a file descriptor or what has one."""
    return SocketRefused(
        f"there is no waiting for the real socket or pipe {source!r} on virtual time, since nobody "
        "knows how long its answer takes: give the code a made-up client, or run it on asyncio's "
        "own loop"
    )


def _place(task: Task[Any]) -> str:
    """Say where *task* waits: its innermost function that is not asyncio's own."""
    coroutines = list(_chain(task.get_coro()))
    others = [each for each in coroutines if not _is_asyncio(each.cr_frame)]
    if not coroutines:
        return repr(task.get_coro())
    place = (others or coroutines)[-1]
    frame: FrameType = place.cr_frame
    return f"{place.__qualname__}, {frame.f_code.co_filename}:{frame.f_lineno}"


def _chain(coroutine: Any) -> Iterator[Any]:
    """Give *coroutine* and those it awaits, outermost first."""
    while getattr(coroutine, "cr_frame", None) is not None:
        yield coroutine
        coroutine = coroutine.cr_await


def _is_asyncio(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == "asyncio"
