"""The figures as a page in Markdown."""

from tests.bench.contenders import Contender
from tests.bench_client.caller import OVER_WARM
from tests.bench_client.contenders import CONNECTIONS
from tests.bench_client.found import Found
from tests.bench_client.server import ANSWER_BYTES, WAIT
from tests.bench_client.table import grids, markdown

__all__ = ["page"]

_PAGE = """\
# The client beside other ways to call a workspace

![Calls a second by how many there are at a time, on logarithmic scales](client.svg)

Measured on {day} with {machine}, where {load:.1f} other processes ran when it began.
`make bench-client` measures anew and writes this page.

{tables}

## What is measured

The same call for all: look at a run of a job, and read the JSON of the answer. The server has a
process of its own; it waits {wait:g} ms and answers {size:,} bytes. Each answer is checked to be
that of the run that was asked for.

- **A turn** is so many callers at a time, who all begin at once and call again and again, for
  {seconds}; the calls that have begun by then are waited for, at most
  {over}. What is not answered by then is **cut off** and not counted, but for its time so far among
  the slowest. Each contender has a process of its own; they take turns, in a drawn order, so that
  what else the machine does hits all alike.
- **Before** the first turn with so many callers, and after each that was cut off, comes one that
  does not count: as many callers, {connections:,} at most, call once, which opens the connections.
  Who cannot answer even that in {over_warm:g} s goes without.
- A process that is not done half a second after it was cut off, since the library is still busy
  with what was cancelled, **is ended**, and a new one takes the next turn: httpx's own pool needs
  up to half a minute with 1,000 callers, for it looks through all connections and all that wait
  each time one begins or ends.
- **calls/s** are those answered, over all the time that the turn took. They, **p50** and **p99**
  are medians of {rounds} turns; **range** has the slowest and the quickest. **CPU** is of the
  contender's process with all its threads, for each call. **Times** are medians of the ratios of
  calls/s within a round.
- With 5,000, httpx's own pool and the hundred threads are not asked: tried once, they had answered
  none, or hardly any, when a turn of 3.5 s was cut off.
- Each asynchronous pool may open {connections:,} connections. dara_fp's own limits of routes are
  off here: they would hold looks at runs to the documented 100 in a second.
- **dara_fp, jobs.get_run** is the SDK's method, made asynchronous, with the SDK's own record of a
  run; **runs.get** is what dara_fp has by hand. The others do what one would write first; their
  JSON becomes a dictionary, they have no retries, no budget and no errors of their own.
- **The SDK in threads** is called by `asyncio.to_thread`, whose threads are as many as the
  processors and four, and once more by a hundred threads, with a connection for each.
- **Tasks that poll** are all in one process, which has the client and no SDK; it is looked at when
  each has looked at its run twice. All see their runs succeed in the end.
- **Once a process** is the median of {starts} fresh ones. The first use of a service is beyond what
  the same call takes later, with a connection that is open.

## Versions

| | |
| --- | --- |
{versions}
"""


def page(found: Found) -> str:
    """Write *found* down as a page in Markdown."""
    contenders = found.levels[0].costs
    return _PAGE.format(
        day=found.machine.day,
        machine=found.machine,
        load=found.load,
        tables="\n\n".join(markdown(grid) for grid in grids(found)),
        wait=WAIT * 1e3,
        size=ANSWER_BYTES,
        seconds=", ".join(
            f"{level.turn.seconds:g} s with {level.concurrent:,}" for level in found.levels
        ),
        over=", ".join(
            f"{level.turn.over:g} s with {level.concurrent:,}" for level in found.levels
        ),
        over_warm=OVER_WARM,
        rounds=len(next(iter(contenders.values()))),
        connections=CONNECTIONS,
        starts=len(found.starts),
        versions="\n".join(_versions(list(contenders))),
    )


def _versions(contenders: list[Contender]) -> list[str]:
    packages = {contender.package: contender.version for contender in contenders}
    return [f"| {package} | {version} |" for package, version in sorted(packages.items())]
