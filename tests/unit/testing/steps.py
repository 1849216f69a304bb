"""What the tests of the test kit run."""

import asyncio

import attrs

from dara_fp import Outcome, StepContext, Success, made, start, step
from dara_fp.testing import Recorder


@attrs.frozen(kw_only=True)
class Letter(StepContext):
    text: str
    stamp: int = made(0)
    sent: tuple[str, ...] = made(())


@step
async def write(ctx: Letter, env: Recorder) -> Outcome[Letter]:
    await asyncio.sleep(60)
    env.note("written", ctx.text)
    return Success(ctx.evolve(text=ctx.text + "!"))


@step
async def stamp(ctx: Letter, env: Recorder) -> Outcome[Letter]:
    env.note("stamped")
    return Success(ctx.evolve(stamp=85))


@step
async def send(ctx: Letter, env: Recorder) -> Outcome[Letter]:
    await asyncio.sleep(3600)
    env.note("sent", ctx.text)
    return Success(ctx.evolve(sent=(*ctx.sent, ctx.text)))


post = start(Letter, Recorder) >> write >> stamp >> send
LETTER = Letter(text="hello")
