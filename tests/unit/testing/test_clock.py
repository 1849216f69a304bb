"""Virtual time: exact, in order, and honest about what it cannot wait for."""

import asyncio
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dara_fp.testing import Deadlock, SocketRefused, VirtualTimeLoop, run


def now() -> float:
    return asyncio.get_running_loop().time()


async def sleeping(*seconds: float) -> float:
    for each in seconds:
        await asyncio.sleep(each)
    return now()


async def test_async_tests_run_on_it_by_the_hook_of_pytest_asyncio() -> None:
    began = time.monotonic()
    await asyncio.sleep(30 * 86_400)
    assert now() == 30 * 86_400
    assert time.monotonic() - began < 5


def test_an_hour_takes_about_a_millisecond() -> None:
    began = time.monotonic()
    for _ in range(100):
        run(sleeping(3600))
    assert (time.monotonic() - began) / 100 < 0.02


@pytest.mark.parametrize("start", [0, 7, -7, 1e9])
def test_whole_seconds_stay_whole(start: float) -> None:
    async def main() -> None:
        assert now() == start
        assert await sleeping(3) == start + 3
        assert await sleeping(1, 0, 2, 0) == start + 6

    run(main(), start=start)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20), st.floats(0, 1e6))
def test_timers_run_in_order_of_time_and_then_of_setting(delays: list[float], start: float) -> None:
    async def main() -> list[tuple[float, int]]:
        seen: list[tuple[float, int]] = []
        loop = asyncio.get_running_loop()

        def ring(number: int) -> None:
            seen.append((now(), number))

        for number, delay in enumerate(delays):
            loop.call_at(start + delay, ring, number)
        await asyncio.sleep(2e6)
        return seen

    expected = sorted((start + delay, number) for number, delay in enumerate(delays))
    assert run(main(), start=start) == expected


def test_timers_of_one_instant_run_in_the_order_they_were_set() -> None:
    async def main() -> list[int]:
        seen: list[int] = []
        for number in range(50):
            asyncio.get_running_loop().call_at(10, seen.append, number)
        await asyncio.sleep(10)
        return seen

    assert run(main()) == list(range(50))


@given(st.floats(0, 1e9))
def test_everything_of_an_instant_runs_before_the_smallest_later_one(when: float) -> None:
    seen: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        later = asyncio.Event()
        loop.call_at(math.nextafter(when, math.inf), seen.append, "later")
        loop.call_at(math.nextafter(when, math.inf), later.set)
        loop.call_at(when, seen.append, "timer")
        await asyncio.sleep(when)
        for _ in range(100):
            await asyncio.sleep(0)
        seen.append("task")
        await later.wait()

    run(main())
    assert seen == ["timer", "task", "later"]


@given(st.lists(st.integers(0, 10**6), max_size=6), st.integers(0, 10**9))
def test_sleeps_that_sum_to_a_limit_end_within_it(parts: list[int], start: int) -> None:
    async def main() -> None:
        limit = math.nextafter(start + sum(parts), math.inf)
        async with asyncio.timeout_at(limit):
            for part in parts:
                await asyncio.sleep(part)
                await asyncio.sleep(0)

    run(main(), start=start)


def test_a_limit_that_comes_first_cuts_exactly_there() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.sleep(math.nextafter(2, math.inf))
        return now()

    assert run(main()) == 2


def test_a_cancelled_timer_moves_no_clock() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(1000 + n, print) for n in range(200)]
        for timer in timers:
            timer.cancel()
        return await sleeping(3)

    assert run(main()) == 3


def test_a_timer_in_the_past_runs_at_once() -> None:
    async def main() -> float:
        done = asyncio.Event()
        asyncio.get_running_loop().call_at(3, done.set)
        await done.wait()
        return now()

    assert run(main(), start=100) == 100


def test_the_loop_says_when_the_clock_jumped() -> None:
    async def main() -> list[float]:
        await asyncio.gather(sleeping(1, 5), sleeping(2))
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        return loop.jumps

    assert run(main()) == [1, 2, 6]


def test_the_clock_stands_still_while_a_thread_works() -> None:
    async def main() -> float:
        async with asyncio.timeout(1e-6):
            await asyncio.to_thread(time.sleep, 0.05)
        return now()

    assert run(main()) == 0


def test_nobody_waits_for_a_thread_that_nobody_waits_for() -> None:
    over = threading.Event()

    async def main() -> float:
        job = asyncio.get_running_loop().run_in_executor(None, over.wait, 10)
        job.cancel()
        try:
            return await sleeping(60)
        finally:
            over.set()

    assert run(main()) == 60


def test_a_thread_of_its_own_may_call_back() -> None:
    async def main() -> float:
        called = asyncio.Event()
        loop = asyncio.get_running_loop()

        def call() -> None:
            time.sleep(0.05)
            loop.call_soon_threadsafe(called.set)

        thread = threading.Thread(target=call)
        thread.start()
        await called.wait()
        thread.join()
        return now()

    assert run(main()) == 0


async def for_an_event() -> None:
    await asyncio.Event().wait()


async def for_a_lock() -> None:
    lock = asyncio.Lock()
    async with lock, lock:
        pass


async def for_ever() -> None:
    await asyncio.sleep(math.inf)


@pytest.mark.parametrize("wait", [for_an_event, for_a_lock, for_ever])
def test_a_deadlock_is_said_with_who_waits_where(
    wait: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    line = wait.__code__.co_firstlineno
    with pytest.raises(Deadlock) as caught:
        run(wait())
    said = str(caught.value)
    assert said.startswith("nothing can happen any more: 1 task waits for what no timer, task or ")
    assert f" in {wait.__name__}, {__file__}:{line + 1}" in said or f":{line + 2}" in said


def test_a_deadlock_of_many_names_the_first_and_counts_the_rest() -> None:
    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(30):
                group.create_task(for_an_event(), name=f"wait-{number}")

    with pytest.raises(Deadlock, match="31 tasks wait for") as caught:
        run(main())
    assert "\n  wait-9 in for_an_event, " in str(caught.value)
    assert str(caught.value).endswith("\n  and 11 more")


def test_after_a_deadlock_what_waits_is_cancelled_and_may_clean_up() -> None:
    cleaned: list[float] = []

    async def main() -> None:
        try:
            await for_an_event()
        finally:
            cleaned.append(await sleeping(5))

    with pytest.raises(Deadlock):
        run(main())
    assert cleaned == [5]


def test_the_first_deadlock_is_said_even_if_the_clean_up_deadlocks_too() -> None:
    async def main() -> None:
        try:
            await for_an_event()
        finally:
            await for_a_lock()

    with pytest.raises(Deadlock, match="in for_an_event"):
        run(main())


async def connecting(server: socket.socket) -> None:
    await asyncio.open_connection(*server.getsockname())


async def reading(server: socket.socket) -> None:
    server.settimeout(0)
    await asyncio.get_running_loop().sock_accept(server)


async def reading_a_pipe(_server: socket.socket) -> None:
    ours, theirs = os.pipe()
    with open(ours, "rb") as pipe, open(theirs, "wb"):  # noqa: ASYNC230, PTH123 - opens no file
        await asyncio.get_running_loop().connect_read_pipe(asyncio.Protocol, pipe)


@pytest.mark.parametrize("using", [connecting, reading, reading_a_pipe])
def test_a_real_socket_is_refused(
    using: Callable[[socket.socket], Coroutine[Any, Any, None]],
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(SocketRefused, match="give the code a made-up client"),
    ):
        run(using(server))


async def test_within_a_running_loop_there_is_no_other() -> None:
    with pytest.raises(RuntimeError, match="call this from a plain function"):
        run(sleeping(1))


def test_a_closed_loop_takes_no_timer() -> None:
    loop = VirtualTimeLoop()
    loop.close()
    with pytest.raises(RuntimeError, match="the loop is closed: no timer can be set"):
        loop.call_at(1, print)


class Foreign(Coroutine[Any, Any, None]):
    """A coroutine that Python did not make, such as one compiled from C."""

    def __init__(self) -> None:
        self.inner = for_an_event()

    def send(self, value: Any, /) -> Any:
        return self.inner.send(value)

    def throw(self, *error: Any) -> Any:
        return self.inner.throw(*error)

    def close(self) -> None:
        self.inner.close()

    def __await__(self) -> Generator[Any, Any, None]:
        return self.inner.__await__()

    def __repr__(self) -> str:
        return "<foreign>"


def test_a_deadlock_names_what_it_cannot_look_into() -> None:
    async def main() -> None:
        await asyncio.create_task(Foreign(), name="foreign")

    with pytest.raises(Deadlock, match="foreign in <foreign>"):
        run(main())


def test_what_main_raises_is_raised() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        raise LookupError("as it is")

    with pytest.raises(LookupError, match="as it is"):
        run(main())
