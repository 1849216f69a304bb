"""A step that is cut while it begins something does not wait for ever."""

import asyncio

import pytest

from dara_fp import Outcome, StepContext, Success, step
from dara_fp.core.scope import Position
from dara_fp.steps import beginning
from dara_fp.steps.beginning import begun


async def notes_of(request: float, stopping: float, stopped: list[int]) -> list[str]:
    """Cut a step whose request and whose stopping take so many seconds, and give the notes."""
    entered = asyncio.Event()

    async def asked() -> int:
        entered.set()
        await asyncio.sleep(request)
        return 7

    async def stop(found: int) -> None:
        await asyncio.sleep(stopping)
        stopped.append(found)

    @step
    async def begin(ctx: StepContext, _env: None, at: Position) -> Outcome[StepContext]:
        await begun(asked(), at, stop=stop, named="run {}".format)
        return Success(ctx)

    running = asyncio.ensure_future(begin(StepContext(), None))
    await entered.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        async with asyncio.timeout(5):
            await running
    error: BaseException | None = caught.value
    notes: list[str] = []
    while error is not None:
        notes += getattr(error, "__notes__", [])
        error = error.__context__
    return notes


async def test_what_has_begun_is_stopped() -> None:
    stopped: list[int] = []
    assert await notes_of(0.02, 0.02, stopped) == []
    assert stopped == [7]


@pytest.mark.parametrize(
    ("request_seconds", "stop_seconds", "said"),
    [
        (60, 0, "what was begun may go on: its request was not answered within 0.1 s"),
        (0.01, 60, "run 7 may go on: no answer to stopping it in 0.1 s"),
    ],
)
async def test_a_cancellation_waits_for_a_bounded_time_and_says_what_may_go_on(
    monkeypatch: pytest.MonkeyPatch, request_seconds: float, stop_seconds: float, said: str
) -> None:
    monkeypatch.setattr(beginning, "_PATIENCE", 0.1)
    stopped: list[int] = []
    assert said in await notes_of(request_seconds, stop_seconds, stopped)
    assert stopped == []
