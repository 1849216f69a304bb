"""The contenders that are durable workflow libraries: Burr, LangGraph, DBOS.

Each is built once, is written as its documentation shows it, and keeps what a step changed before
the next step begins. They are imported when they are opened, by name: they come with an extra of
their own, which the type checkers do not see.
"""

import importlib
import itertools
import os
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.bench.graphs import State
from tests.bench.work import GIVEN, NAMES, START, ten
from tests.bench_durable.contenders import Durable, Place, Run

__all__ = ["burr", "dbos", "langgraph"]

_CONNECTIONS = 50
_PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL")
"""With these SQLite promises what Valkey's append-only file does that is synced every second: a
process that is killed loses nothing, a machine that loses power may lose the last moments."""


@asynccontextmanager
async def burr(place: Place) -> AsyncGenerator[Durable]:
    """Save the state after each of ten actions by Burr's own persister for Redis."""
    core: Any = importlib.import_module("burr.core")
    graphs: Any = importlib.import_module("burr.core.graph")
    persisters: Any = importlib.import_module("burr.integrations.persisters.b_redis")
    redis: Any = importlib.import_module("redis.asyncio")
    declare: Any = core.action(reads=["count", "total", "limit"], writes=["count", "total"])

    async def work(state: Any) -> Any:
        return state.update(count=state["count"] + 1, total=state["total"] + state["limit"])

    actions = {name: declare(step) for name, step in _named(work)}
    links = itertools.pairwise(NAMES)
    graph = graphs.GraphBuilder().with_actions(**actions).with_transitions(*links).build()
    pool = redis.BlockingConnectionPool(
        connection_class=redis.UnixDomainSocketConnection,
        path=place.socket,
        max_connections=_CONNECTIONS,
        timeout=None,
    )
    persister = persisters.AsyncRedisBasePersister(redis.Redis(connection_pool=pool))

    given = {**GIVEN, "tags": list(START.tags)}  # Burr stores what JSON has, and a text of the rest

    async def run() -> str:
        app_id = uuid.uuid4().hex
        builder = core.ApplicationBuilder().with_graph(graph).with_entrypoint(NAMES[0])
        builder = builder.with_identifiers(app_id=app_id, partition_key="bench")
        builder = builder.with_state(**given).with_state_persister(persister)
        application = await builder.abuild()
        await application.arun(halt_after=[NAMES[-1]])
        return app_id

    async def stored(app_id: str) -> Mapping[str, object]:
        found = await persister.load("bench", app_id)
        return _fields(found["state"].get_all())

    yield Durable(prepare=_again(run), stored=stored)
    await persister.cleanup()
    await pool.aclose()


@asynccontextmanager
async def langgraph(place: Place) -> AsyncGenerator[Durable]:
    """Checkpoint each of ten nodes by LangGraph's asynchronous saver, before the next begins."""
    savers: Any = importlib.import_module("langgraph.checkpoint.sqlite.aio")
    aiosqlite: Any = importlib.import_module("aiosqlite")
    async with aiosqlite.connect(place.folder / "langgraph.sqlite") as connection:
        for pragma in _PRAGMAS:
            await connection.execute(pragma)
        graph = _graph().compile(checkpointer=savers.AsyncSqliteSaver(connection))

        async def run() -> str:
            thread_id = uuid.uuid4().hex
            await graph.ainvoke(dict(GIVEN), _thread(thread_id), durability="sync")
            return thread_id

        async def stored(thread_id: str) -> Mapping[str, object]:
            return _fields((await graph.aget_state(_thread(thread_id))).values)

        yield Durable(prepare=_again(run), stored=stored)


@asynccontextmanager
async def dbos(place: Place) -> AsyncGenerator[Durable]:
    """Record each of ten steps of a workflow of DBOS."""
    library: Any = importlib.import_module("dbos").DBOS
    sqlalchemy: Any = importlib.import_module("sqlalchemy")
    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", _tune)
    url = f"sqlite:///{place.folder / 'dbos.sqlite'}"
    library(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})
    chain = _chain(library)

    async def run() -> str:
        handle = await library.start_workflow_async(chain, dict(GIVEN))
        await handle.get_result()
        return str(handle.workflow_id)

    async def stored(workflow_id: str) -> Mapping[str, object]:
        steps = await library.list_workflow_steps_async(workflow_id)
        assert [step["function_name"] for step in steps] == list(NAMES)
        return _fields(steps[-1]["output"])

    library.launch()
    yield Durable(prepare=_again(run), stored=stored)
    library.destroy()


def _graph() -> Any:
    """Chain ten nodes that give what they change."""
    os.environ["LANGSMITH_TRACING"] = "false"
    library: Any = importlib.import_module("langgraph.graph")

    async def work(state: State) -> dict[str, object]:
        return {"count": state["count"] + 1, "total": state["total"] + state["limit"]}

    graph = library.StateGraph(State)
    for name, step in _named(work):
        graph.add_node(name, step)
    for one, next_ in itertools.pairwise([library.START, *NAMES, library.END]):
        graph.add_edge(one, next_)
    return graph


def _chain(library: Any) -> Any:
    """Call ten steps one after the other in a workflow."""

    async def work(state: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**state, "count": state["count"] + 1, "total": state["total"] + state["limit"]}

    steps = [library.step(name=name)(step) for name, step in _named(work)]

    async def chain(state: Mapping[str, Any]) -> Mapping[str, Any]:
        for step in steps:
            state = await step(state)
        return state

    return library.workflow(name="ten")(chain)


def _tune(connection: Any, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _named(work: Any) -> Sequence[tuple[str, Any]]:
    return list(zip(NAMES, ten(work, work, sleeping=False), strict=True))


def _fields(state: Mapping[str, Any]) -> Mapping[str, object]:
    """Give the job's fields of a *state* that was read back; some have no tuples."""
    return {**{name: state[name] for name in GIVEN}, "tags": tuple(state["tags"])}


def _thread(thread_id: str) -> Mapping[str, Mapping[str, str]]:
    return {"configurable": {"thread_id": thread_id}}


def _again(run: Run) -> Any:
    async def prepare(count: int) -> Sequence[Run]:
        return [run] * count

    return prepare
