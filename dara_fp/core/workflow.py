"""A pipeline under a name: what can be started, listed and served."""

import re
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar, overload

import attrs

from dara_fp.core.check import check
from dara_fp.core.errors import Outcome
from dara_fp.core.pipeline import Pipeline
from dara_fp.core.schedule import check_schedule
from dara_fp.core.scope import Scope
from dara_fp.core.step import refuse_other

__all__ = ["Workflow", "workflow"]

C = TypeVar("C")
E = TypeVar("E")
C_contra = TypeVar("C_contra", contravariant=True)
E_contra = TypeVar("E_contra", contravariant=True)

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 63
_ROUTES = frozenset({"status", "tasks", "livez", "readyz", "metrics", "schedules"})


@attrs.frozen
class Workflow(Generic[C_contra, E_contra]):
    """A named pipeline, ready to be registered.

    Attributes:
        name: Lower-case words joined by `-`; the last part of its route.
        pipeline: What it runs, anchored by `start`.
        description: One paragraph for its readers.
        schedule: When it starts by itself, as a cron line in UTC, or None.
        concurrency: How many of its tasks may run at the same time, or None for any number.
    """

    name: str
    pipeline: Pipeline[C_contra, E_contra]
    description: str = ""
    schedule: str | None = None
    concurrency: int | None = None

    @property
    def context(self) -> type[Any]:
        """The class of the contexts it takes."""
        anchored = self.pipeline.context
        if anchored is None:  # pragma: no cover - `workflow` refuses such a pipeline
            raise TypeError(f"workflow {self.name!r} is not anchored")
        return anchored

    @overload
    def __call__(
        self: "Workflow[C, object]", ctx: C, /, *, scope: Scope | None = ...
    ) -> Coroutine[Any, Any, Outcome[C]]: ...
    @overload
    def __call__(
        self: "Workflow[C, E]", ctx: C, env: E, /, *, scope: Scope | None = ...
    ) -> Coroutine[Any, Any, Outcome[C]]: ...
    def __call__(
        self, ctx: Any, env: Any = None, /, *, scope: Scope | None = None
    ) -> Coroutine[Any, Any, Outcome[Any]]:
        """Run the pipeline here and now; arguments and result are the pipeline's."""
        erased: Pipeline[Any, Any] = self.pipeline
        return erased(ctx, env, scope=scope)

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        """Show the workflow in a notebook as the picture of its pipeline."""
        return {"text/html": self.pipeline.html(), "text/plain": repr(self)}


def workflow(
    name: str,
    pipeline: Pipeline[C, E],
    *,
    description: str = "",
    schedule: str | None = None,
    concurrency: int | None = None,
) -> Workflow[C, E]:
    """Name a *pipeline* so that it can be started, recorded and served.

    Args:
        name: Lower-case words joined by `-`, 63 characters at most.
        pipeline: Anchored by `start`, with step names that occur once.
        description: One paragraph for its readers; the context class's docstring by default.
        schedule: When it starts by itself, in UTC: the five fields of a cron line, such as
            `0 6 * * *`, or a word such as `@daily`. It starts with the defaults of the context.
        concurrency: How many of its tasks may run at the same time on all machines, beside those
            that are cancelled and take back what they did; None sets no limit.

    Raises:
        TypeError: *schedule* is no text, or *concurrency* no whole number.
        ValueError: *name*, *schedule* or *concurrency* does not fit, or the context of a workflow
            with a schedule has a field without a default.
        InvalidPipeline: *pipeline* is not anchored, is empty, or could not be recorded.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(
            f"workflow name {name!r} does not fit: use lower-case words joined by '-', "
            f"{_LONGEST_NAME} characters at most, such as 'ingest-documents'"
        )
    if name in _ROUTES:
        raise ValueError(f"workflow name {name!r} is a route of the API: choose another")
    check(pipeline)
    named = Workflow(name, pipeline, description or _first_paragraph(pipeline.context))
    if schedule is not None:
        refuse_other(schedule, str, "schedule takes a cron line, such as '0 6 * * *'")
        check_schedule(schedule, named.context)
    if concurrency is not None:
        _check_concurrency(concurrency)
    return attrs.evolve(named, schedule=schedule, concurrency=concurrency)


def _check_concurrency(concurrency: int) -> None:
    refuse_other(concurrency, int, "concurrency takes a whole number of tasks, 1 or more")
    if concurrency < 1:
        raise ValueError(f"concurrency is {concurrency}: give how many tasks may run, 1 or more")


def _first_paragraph(context: type | None) -> str:
    documented = context.__dict__.get("__doc__") if context else None
    text = re.split(r"\n\s*\n", (documented or "").strip())[0]
    return " ".join(text.split())
