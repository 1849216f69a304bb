"""The figures as a page in Markdown."""

from tests.bench_durable.fleet import CONCURRENCY
from tests.bench_durable.found import Found
from tests.bench_durable.table import grids, markdown

__all__ = ["page"]

_PAGE = """\
# Durable steps beside other ways to keep them

![Microseconds a durable step, on a logarithmic scale](durable.svg)

Measured on {day} with {machine}, where {load:.1f} other processes ran when it began.
`make bench-durable` measures anew and writes this page.

{tables}

## What is measured

The same work for all: ten steps on a state of eight fields, of which each step changes two. What a
step changed is kept before the next step begins. After each turn the final state is read back from
what was kept, and compared with what all must make; so are the single steps of dara_fp and DBOS.

- **µs a step**: the whole run over ten, median of {rounds} turns, and the quickest and slowest.
  Each contender has a process of its own; they take turns, in a drawn order, so that what else the
  machine does hits all alike. **CPU** is of that process with all its threads, **Valkey's CPU** of
  the server, in µs a step. **Times** are medians of the ratios within a round. Times dara_fp are
  those of the row that accepts too, since a peer's run cannot be had without its acceptance.
- **The floor**, in the first row, is what one would write by hand with redis.asyncio: after each
  step a pipeline, without a transaction, of one HSET with what it changed and one XADD with an
  event, on a blocking pool of 50 connections. It knows no task, no owner, no queue and no end.
- **dara_fp** takes an accepted task from the queue, records ten steps and ends it, as a worker
  does: twelve calls of the store's functions. The row **accepting too** submits each task first.
  The server is the embedded Valkey as `Store.open` starts it, with its append-only file, synced
  every second.
- **Workflows of ten steps** are run by worker processes, {concurrency} tasks at a time each, on one
  Valkey: {tasks} tasks through the executor and its queue. *a second* counts from the moment at
  which the first is taken, when all are there, to the end of the last one, by the server's clock;
  *submitting too* from the first submission, by one more process, to workers that wait for it. CPU
  is of all workers together, for each workflow.
- **Memory of a waiting task** is what many of them added to the resident memory of the one worker
  that runs them, and to the data of Valkey. Parked tasks wait for a signal; they come in ten
  batches, of which the middle one counts, after as many had warmed the worker up; some are
  signalled afterwards, and succeed. Those that poll ask a small HTTP server every {pause:g} seconds
  by the client's `runs.wait`, each for a run of its own, after a fifth as many had warmed the
  worker up; all succeed once the runs end.

## How the peers are set

As their documentation shows it, in their asynchronous form, tracing off.

| | version | set |
| --- | --- | --- |
{peers}

SQLite is in WAL mode with `synchronous=NORMAL` for both: so it promises what Valkey does that syncs
its file every second, and is quicker than as either library sets it. A killed process loses
nothing; a machine that loses power may lose the last moments.
"""

_SET = {
    "burr": (
        "`AsyncRedisBasePersister` on the same Valkey, a blocking pool of 50 connections; one "
        "graph, an application for each run `with_state_persister`, which saves after each action"
    ),
    "langgraph": (
        '`AsyncSqliteSaver`, the graph compiled once, a thread for each run, `durability="sync"`: '
        "a checkpoint is kept before the next node begins"
    ),
    "dbos": (
        "`@DBOS.workflow` and `@DBOS.step` on coroutines, each run started by "
        "`start_workflow_async`; SQLite as the system database"
    ),
}


def page(found: Found) -> str:
    """Write *found* down as a page in Markdown."""
    present = {each.key: each for each in found.steps[0].spent}
    peers = [present[key] for key in _SET if key in present]
    return _PAGE.format(
        day=found.machine.day,
        machine=found.machine,
        load=found.load,
        tables="\n\n".join(markdown(grid) for grid in grids(found)),
        rounds=len(next(iter(found.steps[0].spent.values())).wall.turns),
        concurrency=CONCURRENCY,
        tasks=f"{found.tasks:,}",
        pause=found.pause,
        peers="\n".join(f"| {each.label} | {each.version} | {_SET[each.key]} |" for each in peers),
    )
