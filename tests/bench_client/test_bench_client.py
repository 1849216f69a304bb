"""The benchmark runs, in small, and says what it found; how quick anything is, is not asked."""

import asyncio
import datetime as dt
import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping

import attrs
import msgspec
import pytest
from rich.console import Console
from rich.progress import Progress

from tests.bench.contenders import Contender
from tests.bench.found import Machine
from tests.bench_client.caller import Cost, Turn
from tests.bench_client.compare import Plan, compare
from tests.bench_client.contenders import CONTENDERS, DARA, PLAIN, SDK
from tests.bench_client.found import AT, Found, Level, Waited, targets
from tests.bench_client.page import page
from tests.bench_client.plot import svg
from tests.bench_client.server import ANSWER_BYTES, body_of
from tests.bench_client.starts import Start
from tests.bench_client.table import grids, shown

pytestmark = pytest.mark.timeout(300)  # it starts five processes, also on a machine that is busy

SMALL = Plan(
    turns=(Turn(concurrent=1, seconds=0.1), Turn(concurrent=8, seconds=0.1)),
    rounds=2,
    tasks=20,
    pause=0.1,
    starts=1,
)
TWO = (DARA, PLAIN)
BUSY = """
import asyncio, time
from tests.bench_client.caller import Turn, _cost

async def call(run_id):
    if run_id > 1:
        time.sleep(30)
    return run_id

asyncio.run(_cost(call, Turn(concurrent=3, seconds=0.0, over=0.1), 1))
"""
MACHINE = Machine(day=dt.date(2026, 1, 2), python="CPython 3.11.0", system="Linux", cores=2)


@pytest.fixture(scope="module")
def found() -> Found:
    return asyncio.run(
        compare(SMALL, TWO, Progress(console=Console(file=io.StringIO()), auto_refresh=False))
    )


def cost(rate: float, p99: float, *, threads: float = 0.0) -> Cost:
    return Cost(
        calls=round(rate), cut=0, wall=1.0, cpu=1.0, p50=p99 / 2, p99=p99, loop=1.0 - threads
    )


def made_up(
    rates: Mapping[Contender, float] | None = None,
    *,
    p99: float = 1.0,
    mib: int = 300,
    first: float = 0.05,
    imported: float = 0.3,
    sdk_free: bool = True,
    threads: float = 0.0,
) -> Found:
    rates = rates or {DARA: 900, PLAIN: 1_000, SDK: 100}
    costs = {each: [cost(rate, p99, threads=threads)] * 3 for each, rate in rates.items()}
    return Found(
        levels=[Level(turn=Turn(concurrent=AT, seconds=1.0), costs=costs)],
        waited=Waited(tasks=5_000, pause=5.0, idle=50 * 2**20, held=mib * 2**20),
        starts=[Start(imported=imported, sdk_free=sdk_free, sdk=1.5, first=first)],
        machine=MACHINE,
        load=0.1,
    )


def printed(found: Found) -> str:
    written = io.StringIO()
    Console(file=written, width=160).print(*shown(found))
    return written.getvalue()


def missed(found: Found) -> list[str]:
    return [target.label for target in targets(found) if not target.reached]


def test_all_take_every_turn_with_any_number_of_callers(found: Found) -> None:
    assert [level.turn for level in found.levels] == list(SMALL.turns)
    for level in found.levels:
        assert tuple(level.costs) == TWO
        for costs in level.costs.values():
            assert len(costs) == SMALL.rounds
            assert all(cost.calls + cost.cut >= level.concurrent for cost in costs)
            assert all(0.05 <= cost.p50 <= cost.p99 for cost in costs)
    assert all(level.rate(PLAIN) > 0 for level in found.levels)


def test_a_turn_that_keeps_the_loop_busy_is_told_of_all_the_same() -> None:
    spoken = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, check=True).stdout
    cost = msgspec.json.decode(spoken, type=Cost)
    assert (cost.calls, cost.cut, cost.ended) == (1, 2, True)
    assert 0.6 <= cost.wall < 30


def test_waiting_tasks_and_fresh_processes_are_measured(found: Found) -> None:
    assert found.waited.tasks == SMALL.tasks
    assert 0 < found.waited.idle <= found.waited.held
    (start,) = found.starts
    assert start.sdk_free
    assert min(start.imported, start.sdk) > 0


def test_the_page_has_every_row_of_every_table(found: Found) -> None:
    written = page(found)
    lines = set(written.splitlines())
    for grid in grids(found):
        for row in grid.rows:
            assert f"| {' | '.join(row)} |" in lines
            assert len(row) == 1 + len(grid.columns)
    assert sum(line.startswith(f"| {DARA.label} |") for line in lines) == len(SMALL.turns)
    assert "{" not in written


def test_the_terminal_shows_each_contender_and_each_verdict(found: Found) -> None:
    text = printed(found)
    assert all(each.label in text for each in TWO)
    assert text.count("reached") + text.count("missed") == len(targets(found))


def test_the_picture_has_a_line_for_each_contender_and_the_quicker_one_is_above() -> None:
    picture = ET.fromstring(svg(made_up()))  # noqa: S314 - just drawn
    lines = picture.findall(".//{*}polyline")
    heights = [float(str(line.get("points")).split(",")[1]) for line in lines]
    assert len(lines) == 3
    assert heights == sorted(heights)
    names = [str(text.text) for text in picture.findall(".//{*}text")]
    labels = [name for name in names if name.endswith("/s")]
    assert labels == [f"{PLAIN.label}: 1,000/s", f"{DARA.label}: 900/s", f"{SDK.label}: 100/s"]


def test_every_contender_has_a_colour_of_its_own() -> None:
    rates = {each: 100.0 + place for place, each in enumerate(CONTENDERS)}
    picture = ET.fromstring(svg(made_up(rates)))  # noqa: S314 - just drawn
    strokes = [line.get("stroke") for line in picture.findall(".//{*}polyline")]
    assert len({*strokes}) == len(CONTENDERS)


def test_a_line_that_ends_early_says_where() -> None:
    found = made_up()
    more = Level(turn=Turn(concurrent=5_000, seconds=1.0), costs={DARA: [cost(800, 1.0)] * 3})
    drawn = svg(attrs.evolve(found, levels=[*found.levels, more]))
    assert f"{DARA.label}: 800/s<" in drawn
    assert f"{SDK.label}: 100/s at 1,000<" in drawn


def test_an_answer_has_the_length_that_is_told() -> None:
    body = body_of(123, ended=True)
    assert len(body) == ANSWER_BYTES
    assert msgspec.json.decode(body)["state"]["result_state"] == "SUCCESS"


def test_the_targets_are_reached_by_what_is_just_good_enough() -> None:
    just = made_up({DARA: 850, PLAIN: 1_000, SDK: 106.0}, p99=1.499, mib=399, first=0.099)
    assert missed(just) == []
    assert len(targets(just)) == 8


@pytest.mark.parametrize(
    ("found", "label"),
    [
        (made_up({DARA: 840, PLAIN: 1_000, SDK: 100}), "beside plain httpx-aiohttp, 1,000 at a"),
        (made_up({DARA: 900, PLAIN: 1_000, SDK: 114}), "beside the SDK in threads, 1,000 at a"),
        (made_up(p99=1.5), "99 of 100 calls, 1,000 at a time"),
        (made_up(threads=0.02), "processor time that is the event loop's"),
        (made_up(mib=400), "5,000 tasks that each poll a run"),
        (made_up(first=0.1), "first use of a service"),
        (made_up(imported=0.35), "the client imported"),
        (made_up(sdk_free=False), "the SDK with it"),
    ],
)
def test_a_target_just_missed_is_called_missed(found: Found, label: str) -> None:
    (only,) = missed(found)
    assert only.startswith(label)
    assert "missed" in printed(found)


def test_a_contender_that_answers_nothing_in_time_is_not_divided_by() -> None:
    nothing = made_up({DARA: 900, PLAIN: 1_000, SDK: 0})
    assert nothing.levels[0].times(DARA, SDK) == 0.0
    assert "the SDK" in printed(nothing)
