"""The benchmark runs, in small, and says what it found; how quick anything is, is not asked."""

import asyncio
import datetime as dt
import io
import xml.etree.ElementTree as ET
from collections.abc import Mapping

import pytest
from rich.console import Console
from rich.progress import Progress

from tests.bench.contenders import Contender, Family
from tests.bench.found import Machine
from tests.bench.speed import Timing
from tests.bench_durable.compare import Plan, compare
from tests.bench_durable.contenders import ACCEPTING, CONTENDERS, DARA, FLOOR
from tests.bench_durable.fleet import Fleet
from tests.bench_durable.found import AT, Found, targets
from tests.bench_durable.lines import Child, ChildFailed
from tests.bench_durable.memory import Held
from tests.bench_durable.page import page
from tests.bench_durable.plot import svg
from tests.bench_durable.runs import Ending, Seen
from tests.bench_durable.table import grids, shown
from tests.bench_durable.turns import Spent, Steps

pytestmark = pytest.mark.timeout(300)  # it starts eight processes, also on a machine that is busy

SMALL = Plan(
    concurrent=(1, AT),
    rounds=2,
    seconds=0.01,
    workers=(1,),
    tasks=60,
    fleet_rounds=1,
    parked=20,
    polling=10,
    pause=0.2,
)
OURS = (FLOOR, DARA, ACCEPTING)
PEER = next(contender for contender in CONTENDERS if contender.family is Family.WORKFLOW)


@pytest.fixture(scope="module")
def found() -> Found:
    return asyncio.run(compare(SMALL, OURS, Progress(disable=True)))


def always(value: float) -> Timing:
    return Timing(turns=(value, value))


def made_up(
    micros: Mapping[Contender, float], *, rate: float = 1_000, resident: float = 0
) -> Found:
    """Give a finding with *micros* a step; accepting costs nothing unless they say so."""
    micros = {ACCEPTING: micros[DARA], **micros}
    spent = {
        each: Spent(wall=always(value / 1e6), cpu=always(value / 2e6), server=always(1e-6))
        for each, value in micros.items()
    }
    wall = always(1 / rate)
    return Found(
        steps=[Steps(concurrent=AT, spent=spent)],
        fleets=[Fleet(workers=1, ready=wall, submitted=wall, cpu=wall, server=wall)],
        tasks=4_000,
        pause=5,
        parked=Held(tasks=10_000, process=resident, server=2_000),
        polling=Held(tasks=5_000, process=20_000, server=2_000),
        machine=Machine(day=dt.date(2026, 1, 2), python="CPython 3.11.0", system="Linux", cores=2),
        load=0.1,
    )


def printed(found: Found) -> str:
    written = io.StringIO()
    Console(file=written, width=120).print(*shown(found))
    return written.getvalue()


def missed(found: Found) -> list[str]:
    return [target.wanted for target in targets(found) if not target.reached]


def test_the_floor_and_ours_take_every_turn_with_any_number_of_tasks(found: Found) -> None:
    assert [steps.concurrent for steps in found.steps] == list(SMALL.concurrent)
    for steps in found.steps:
        assert tuple(steps.spent) == OURS
        for spent in steps.spent.values():
            assert len(spent.wall.turns) == len(spent.cpu.turns) == SMALL.rounds
            assert min(*spent.wall.turns, *spent.cpu.turns, *spent.server.turns) > 0


def test_a_fleet_runs_all_its_workflows(found: Found) -> None:
    assert [fleet.workers for fleet in found.fleets] == list(SMALL.workers)
    for fleet in found.fleets:
        assert min(fleet.ready.best, fleet.submitted.best, fleet.cpu.best, fleet.server.best) > 0


def test_waiting_tasks_are_kept_in_the_server(found: Found) -> None:
    assert (found.parked.tasks, found.polling.tasks) == (SMALL.parked, SMALL.polling)
    assert found.parked.server > 100
    assert found.polling.server > 100


def test_the_page_has_every_row_of_every_table(found: Found) -> None:
    written = page(found)
    lines = set(written.splitlines())
    for grid in grids(found):
        for row in grid.rows:
            assert f"| {' | '.join(row)} |" in lines
            assert len(row) == 1 + len(grid.columns)
    assert sum(line.startswith(f"| {DARA.label} |") for line in lines) == len(SMALL.concurrent)
    assert "{" not in written


def test_the_terminal_shows_each_contender_and_each_verdict(found: Found) -> None:
    text = printed(found)
    assert all(each.label in text for each in OURS)
    assert text.count("reached") + text.count("missed") == len(targets(found))


def test_the_picture_has_a_bar_for_each_contender_and_number_of_tasks(found: Found) -> None:
    picture = ET.fromstring(svg(found))  # noqa: S314 - just drawn
    bars = [bar for bar in picture.findall(".//{*}rect") if bar.get("rx") == "3"]
    assert len(bars) == (len(OURS) + 1) * len(SMALL.concurrent)  # and the legend
    assert all(float(bar.get("width", "0")) > 0 for bar in bars)


def test_a_longer_bar_is_for_what_is_slower() -> None:
    picture = ET.fromstring(svg(made_up({FLOOR: 300, DARA: 90, PEER: 3_000})))  # noqa: S314
    bars = [bar for bar in picture.findall(".//{*}rect") if bar.get("height") == "14"]
    lengths = [float(bar.get("width", "0")) for bar in bars]
    labels = [
        text.text for text in picture.findall(".//{*}text") if text.get("text-anchor") == "end"
    ]
    assert lengths == sorted(lengths)
    assert labels == [each.label for each in (ACCEPTING, DARA, FLOOR, PEER)]


def test_the_targets_are_reached_by_what_is_just_good_enough() -> None:
    just = made_up({FLOOR: 285.8, DARA: 100, ACCEPTING: 120, PEER: 3_000})
    assert [target.verdict for target in targets(just)] == ["reached"] * 5


def test_the_fastest_peer_counts() -> None:
    other = CONTENDERS[-1]
    found = made_up({FLOOR: 300, DARA: 90, ACCEPTING: 100, PEER: 9_000, other: 800})
    (target,) = [target for target in targets(found) if "peer" in target.label]
    assert other.label in target.label
    assert target.figure == "8.0 times dara_fp"


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (made_up({FLOOR: 300, DARA: 100.6}), "at most 0.1"),
        (made_up({FLOOR: 250, DARA: 89}), "at most 0.35"),
        (made_up({FLOOR: 300, DARA: 99, ACCEPTING: 110, PEER: 2_700}), "at least 25"),
        (made_up({FLOOR: 300, DARA: 99}, rate=999), "at least 1,000"),
        (made_up({FLOOR: 300, DARA: 99}, resident=1), "0"),
    ],
)
def test_a_target_just_missed_is_called_missed(found: Found, wanted: str) -> None:
    assert missed(found) == [wanted]
    assert "missed" in printed(found)


async def test_a_process_answers_line_by_line() -> None:
    async with Child.started("runs") as child:
        first = await child.ask(Ending(end=False), Seen)
        second = await child.ask(Ending(end=True), Seen)
    assert first == second
    assert (first.runs, first.requests) == (0, 0)
    assert first.port > 0


async def test_a_process_that_ends_instead_of_answering_is_said_to() -> None:
    async with Child.started("runs") as child:
        with pytest.raises(ChildFailed, match="runs ended before it answered"):
            await child.ask("no object", Seen)
