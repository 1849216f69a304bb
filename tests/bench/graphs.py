"""The contenders that are graphs: Hamilton, Burr, pydantic-graph, LangGraph.

Each is built once, with tracing and persistence off. They are imported when they are built, by
name: they come with an extra of their own, which the type checkers do not see.
"""

import asyncio
import functools
import importlib
import itertools
import os
from collections.abc import Mapping
from typing import Any, TypedDict

import attrs

from tests.bench import hamilton_rest, hamilton_steps
from tests.bench.contenders import Built, Run
from tests.bench.work import GIVEN, NAMES, SLEEPERS, START, Job, fields_of_job, ten

__all__ = ["burr", "hamilton", "langgraph", "pydantic_graph"]


class State(TypedDict):
    """The job as a graph of LangGraph declares it: a channel for each field."""

    path: str
    owner: str
    language: str
    tags: tuple[str, ...]
    limit: int
    threshold: float
    count: int
    total: int


def hamilton(*, sleeping: bool) -> Built:
    """Drive ten functions, each named by the parameter of the next."""
    library: Any = importlib.import_module("hamilton.async_driver")
    builder = library.Builder().with_modules(hamilton_steps)
    if sleeping:
        builder = builder.with_modules(hamilton_rest).allow_module_overrides()
    driver = builder.build_without_init()
    run = functools.partial(driver.execute, [NAMES[-1]], inputs={"job": START})
    return Built(prepare=lambda: run, fields=lambda result: fields_of_job(result[NAMES[-1]]))


def burr(*, sleeping: bool) -> Built:
    """Give each run an application of its own over one graph of ten actions."""
    core: Any = importlib.import_module("burr.core")
    graphs: Any = importlib.import_module("burr.core.graph")
    declare: Any = core.action(reads=["count", "total", "limit"], writes=["count", "total"])

    async def work(state: Any) -> Any:
        return state.update(count=state["count"] + 1, total=state["total"] + state["limit"])

    async def rest(state: Any) -> Any:
        await asyncio.sleep(SLEEPERS.one_more())
        return await work(state)

    steps = zip(NAMES, ten(work, rest, sleeping=sleeping), strict=True)
    actions = {name: declare(function) for name, function in steps}
    links = itertools.pairwise(NAMES)
    graph = graphs.GraphBuilder().with_actions(**actions).with_transitions(*links).build()

    def prepare() -> Run:
        builder = core.ApplicationBuilder().with_graph(graph).with_entrypoint(NAMES[0])
        application = builder.with_state(**GIVEN).build()
        run: Run = functools.partial(application.arun, halt_after=[NAMES[-1]])
        return run

    return Built(prepare=prepare, fields=_of_state)


def pydantic_graph(*, sleeping: bool) -> Built:
    """Let the job flow along the edges of a graph of ten steps."""
    library: Any = importlib.import_module("pydantic_graph")

    async def work(ctx: Any) -> Job:
        job: Job = ctx.inputs
        return attrs.evolve(job, count=job.count + 1, total=job.total + job.limit)

    async def rest(ctx: Any) -> Job:
        await asyncio.sleep(SLEEPERS.one_more())
        return await work(ctx)

    builder = library.GraphBuilder(
        name="bench", input_type=Job, output_type=Job, auto_instrument=False
    )
    steps = map(builder.step, ten(work, rest, sleeping=sleeping))
    nodes = [builder.start_node, *steps, builder.end_node]
    builder.add(*(builder.edge_from(one).to(next_) for one, next_ in itertools.pairwise(nodes)))
    run = functools.partial(builder.build().run, inputs=START)
    return Built(prepare=lambda: run, fields=fields_of_job)


def langgraph(*, sleeping: bool) -> Built:
    """Compile a graph of ten nodes that give what they change."""
    os.environ["LANGSMITH_TRACING"] = "false"
    library: Any = importlib.import_module("langgraph.graph")

    async def work(state: State) -> dict[str, object]:
        return {"count": state["count"] + 1, "total": state["total"] + state["limit"]}

    async def rest(state: State) -> dict[str, object]:
        await asyncio.sleep(SLEEPERS.one_more())
        return await work(state)

    graph = library.StateGraph(State)
    for name, step in zip(NAMES, ten(work, rest, sleeping=sleeping), strict=True):
        graph.add_node(name, step)
    for one, next_ in itertools.pairwise([library.START, *NAMES, library.END]):
        graph.add_edge(one, next_)
    run = functools.partial(graph.compile().ainvoke, dict(GIVEN))
    return Built(prepare=lambda: run, fields=dict)


def _of_state(result: Any) -> Mapping[str, object]:
    """Give the fields of Burr's state; names that begin with underscores are its own."""
    _action, _result, state = result
    return {name: value for name, value in state.get_all().items() if name in GIVEN}
