"""The result of a chaos as a table for the terminal, and as a page in Markdown."""

from collections.abc import Mapping, Sequence
from statistics import median

from rich import box
from rich.table import Table

from tests.bench.found import this_machine
from tests.chaos.chaos import Found
from tests.chaos.verdict import REDELIVERY_BOUND, Figures, complaints, figures

__all__ = ["page", "table"]

_PAGE = """\
# Everything is killed, and nothing is lost

Measured on {day} with {machine}. `make chaos` runs it anew and writes this page; this one was
`python -m tests.chaos --tasks {tasks} --seconds {seconds:g} --workers {workers} --seed {seed}`.

{books}

{recovery}

{trouble}

{outcome}

## What happens

- Real processes: Valkey with its append-only file written through (`appendfsync always`), a server
  (`dara serve` with `DARA_CONCURRENCY=0`), {workers} workers (`dara worker --concurrency 10`), and
  the sandbox as the workspace, whose jobs are mostly conditions and now and then a process.
- Tasks of six workflows (one step after the other, `&`, `for_each`, `retry`, `compensate`,
  `wait_for`) come in over HTTP, each with an `Idempotency-Key`, during the first {coming:.0%} of
  the trouble. Their client asks again until it is answered, and some ask twice on purpose. One in
  ten is cancelled while its runs, which would take an hour, may be anywhere.
- For {seconds:g} s a random worker is killed by SIGKILL every second, and another started in its
  place at once. Twice one is frozen for longer than its leases last, and wakes up to find that
  others have its tasks. The server is killed or stopped three times, and so is Valkey. Of the
  calls that start a run more than a quarter goes wrong: reset before the effect, reset or 503
  after it, 429, 503, late. Of those that look at a run as many do.
- Server and workers are `dara serve` and `dara worker`, forked from a process that has imported
  what they need: importing it takes two seconds of a core, and starting one a second would leave
  nothing of two cores.
- Then the trouble ends, and every task has to end within {patience:g} s.

## What is compared

- **Lost**: tasks that were accepted and that the server then did not know, or gave two ids.
  **Stuck**: tasks without an end. **Wrong**: tasks that ended otherwise than planned, made other
  values in their context, or hold a run that the workspace did not start for them.
- The sandbox keeps a ledger of all runs it ever started. The token of every run that the plan asks
  for is worked out anew, from task, step and attempt. **Duplicates** are runs with a token that
  another run has, **missing** ones tokens without a run, **foreign** ones runs with any other token
  or none. A cancelled task may have no run; if it has, that has to be cancelled, too, or it was
  **left behind**.
- **Held** are the tasks that a worker ran when it was killed, by what its log says it took and what
  the task's events say it still had. **Until it is taken** counts from the kill until another
  worker has claimed the task, which is to be {bound:g} times the redelivery of {redelivery:g} s at
  most; **until it records** goes on until that worker recorded something, which is one step more.
  A task whose next worker is killed, too, before it records, counts anew from that kill.
"""


def table(found: Found) -> Table:
    """Lay out *found* for the terminal."""
    counted = figures(found)
    laid = Table(title=f"seed {found.asked.seed}", box=box.SIMPLE_HEAD, show_header=False)
    laid.add_column("", no_wrap=True)
    laid.add_column("", justify="right")
    for rows in (_books(counted), _recovery(counted), _trouble(found)):
        for name, value in rows.items():
            laid.add_row(name, value)
        laid.add_section()
    return laid


def page(found: Found) -> str:
    """Write *found* as a page."""
    asked, counted, machine = found.asked, figures(found), this_machine()
    wrong = complaints(found)
    return _PAGE.format(
        day=machine.day,
        machine=machine,
        tasks=asked.tasks,
        seconds=asked.seconds,
        workers=asked.workers,
        seed=asked.seed,
        patience=asked.patience,
        coming=asked.coming,
        bound=REDELIVERY_BOUND,
        redelivery=asked.redelivery,
        books=_markdown(_books(counted)),
        recovery=_markdown(_recovery(counted)),
        trouble=_markdown(_trouble(found)),
        outcome="\n".join(f"- {line}" for line in wrong) or "Nothing was found wrong.",
    )


def _books(counted: Figures) -> Mapping[str, str]:
    return {
        "tasks accepted": f"{counted.accepted:,}",
        "succeeded": f"{counted.succeeded:,}",
        "failed, as planned": f"{counted.failed:,}",
        "cancelled, as asked": f"{counted.cancelled:,}",
        "lost": f"{counted.lost:,}",
        "stuck": f"{counted.stuck:,}",
        "wrong": f"{counted.wrong:,}",
        "runs started": f"{counted.runs:,}",
        "duplicate runs": f"{counted.duplicates:,}",
        "missing runs": f"{counted.missing:,}",
        "foreign runs": f"{counted.foreign:,}",
        "runs left behind by a cancelled task": f"{counted.left:,}",
    }


def _recovery(counted: Figures) -> Mapping[str, str]:
    return {
        "tasks held by a killed worker": f"{counted.held:,}",
        "of which lost again before a record": f"{counted.again:,}",
        "until it is taken, p50": _seconds(counted.standstills, worst=False),
        "until it is taken, longest": _seconds(counted.standstills, worst=True),
        "until it records, p50": _seconds(counted.recoveries, worst=False),
        "until it records, longest": _seconds(counted.recoveries, worst=True),
    }


def _trouble(found: Found) -> Mapping[str, str]:
    return {
        **{what: f"{times:,}" for what, times in sorted(found.trouble.items())},
        "processes that ended by themselves": f"{len(found.died):,}",
        "calls to the workspace gone wrong": f"{found.faults:,}",
        "requests that clients sent again": f"{sum(found.retries.values()):,}",
        "tasks that ended during the trouble": f"{found.final_in_trouble:,}",
        "slowest end of a worker by SIGTERM": f"{max(found.stopped):.1f} s",
        "in all": f"{found.seconds:.0f} s",
    }


def _seconds(found: Sequence[float], *, worst: bool) -> str:
    if not found:
        return "none"
    return f"{max(found) if worst else median(found):.1f} s"


def _markdown(rows: Mapping[str, str]) -> str:
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["|  |  |", "| --- | --: |", *lines])
