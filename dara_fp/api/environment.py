"""The environment of an app's steps: the one given, or the one its workflows know how to make."""

import inspect
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from dara_fp.core.errors import ConfigurationError
from dara_fp.core.workflow import Workflow

__all__ = ["closing", "make_environment"]


def make_environment(workflows: Iterable[Workflow[Any, Any]], given: object = None) -> object:
    """Give the environment *given* for *workflows*, or make the one they need; nothing is sent.

    Raises:
        ConfigurationError: It has to be made, and the workflows do not say how, or variables
            are missing.
    """
    needed = [each for each in workflows if each.pipeline.env is not None]
    return given if given is not None or not needed else _made(needed)


@asynccontextmanager
async def closing(env: object, given: object = None) -> AsyncGenerator[object]:
    """Give *env*, and close it afterwards unless it is the one *given*."""
    try:
        yield env
    finally:
        close = getattr(env, "aclose", None)
        if env is not given and inspect.iscoroutinefunction(close):
            await close()


def _made(workflows: list[Workflow[Any, Any]]) -> object:
    kinds: set[Any] = {each.pipeline.env for each in workflows}
    # The most derived class, if there is one, serves them all.
    best = next((kind for kind in kinds if all(issubclass(kind, each) for each in kinds)), None)
    make = getattr(best, "from_environment", None)
    if make is None:
        names = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ConfigurationError(
            f"the workflows need an environment ({names}): pass it as create_app(..., env=...), "
            "or give that class a `from_environment()` classmethod"
        )
    made: object = make()
    return made
