"""Contexts, steps and pipelines drawn by hypothesis for the laws."""

import attrs
from hypothesis import strategies as st

from dara_fp import Outcome, Pipeline, StepContext, StepError, Success, fail, made, start, step


@attrs.frozen(kw_only=True)
class Drawn(StepContext):
    number: int
    trail: tuple[str, ...] = made(())


def adding(name: str, amount: int) -> Pipeline[Drawn, object]:
    async def add(ctx: Drawn) -> Outcome[Drawn]:
        return Success(ctx.evolve(number=ctx.number + amount, trail=(*ctx.trail, name)))

    add.__name__ = name
    return step(add)


def failing(name: str) -> Pipeline[Drawn, object]:
    async def refuse(ctx: Drawn) -> Outcome[Drawn]:
        return fail(f"{name} at {ctx.number}", kind="rejected")

    refuse.__name__ = name
    return step(refuse)


def breaking(name: str) -> Pipeline[Drawn, object]:
    async def explode(ctx: Drawn) -> Outcome[Drawn]:
        raise LookupError(f"{name} at {ctx.number}")

    explode.__name__ = name
    return step(explode)


names = st.integers(0, 10**9).map("step_{}".format)
adders = st.builds(adding, names, st.integers(-5, 5))
losers = st.one_of(st.builds(failing, names), st.builds(breaking, names))
contexts = st.builds(Drawn, number=st.integers(-1000, 1000))


def chained(steps: list[Pipeline[Drawn, object]]) -> Pipeline[Drawn, object]:
    whole = start(Drawn)
    for each in steps:
        whole = whole >> each
    return whole


def _unique(steps: list[Pipeline[Drawn, object]]) -> bool:
    drawn = [each.steps[0].name for each in steps]
    return len(set(drawn)) == len(drawn)


any_steps = st.lists(st.one_of(adders, losers), max_size=8).filter(_unique)
good_steps = st.lists(adders, max_size=8).filter(_unique)
pipelines = any_steps.map(chained)


def seen(outcome: Outcome[Drawn]) -> Drawn | StepError:
    """Give what an observer can tell apart: the context, or the error without its stack."""
    if isinstance(outcome, Success):
        return outcome.unwrap()
    return attrs.evolve(outcome.failure(), traceback=None)
