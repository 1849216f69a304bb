"""The benchmark runs, in small, and says what it found; how quick anything is, is not asked."""

import asyncio
import datetime as dt
import io
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console
from rich.progress import Progress

from tests.bench.compare import Plan, compare
from tests.bench.contenders import CONTENDERS, DARA, FLOOR, JOURNAL, Built, Contender, Family, build
from tests.bench.found import Found, Machine, Sleeping, targets
from tests.bench.long import measure_long
from tests.bench.plot import svg
from tests.bench.sleeping import bytes_a_run
from tests.bench.speed import Timing, measure_speed
from tests.bench.table import figures, page, verdicts
from tests.bench.work import EXPECTED, SLEEPERS, WrongResult, check

SMALL = Plan(rounds=2, sleepers=10, slow_sleepers=5, steps=1_001, repeats=2)
PRESENT = [contender for contender in CONTENDERS if contender.installed]
PEER = next(contender for contender in CONTENDERS if contender.family is Family.WORKFLOW)


@pytest.fixture(scope="module")
def found() -> Found:
    return compare(SMALL, Progress(disable=True))


def made_up(micros: dict[Contender, float], *, kib: float = 1.0, seconds: float = 0.1) -> Found:
    return Found(
        timings={each: Timing(turns=(value / 1e6, value / 1e6)) for each, value in micros.items()},
        sleeping={each: Sleeping(kib=kib, runs=10) for each in micros},
        long=Timing(turns=(seconds,)),
        steps=100_000,
        machine=Machine(day=dt.date(2026, 1, 2), python="CPython 3.11.0", system="Linux", cores=2),
    )


def printed(found: Found) -> str:
    written = io.StringIO()
    Console(file=written, width=120).print(figures(found), verdicts(found))
    return written.getvalue()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def verdict_of(found: Found, wanted: str) -> list[str]:
    return [target.verdict for target in targets(found) if target.wanted == wanted]


def test_all_that_is_installed_takes_part_in_everything(found: Found) -> None:
    assert {"floor", "generated", "dara", "journal", "returns"} <= {each.key for each in PRESENT}
    assert list(found.timings) == list(found.sleeping) == PRESENT
    assert all(len(timing.turns) == SMALL.rounds for timing in found.timings.values())
    assert all(turn > 0 for timing in found.timings.values() for turn in timing.turns)
    assert {*found.absent, *PRESENT} == set(CONTENDERS)
    assert len(found.long.turns) == SMALL.repeats


def test_the_floor_is_once_the_floor(found: Found) -> None:
    assert found.times_floor(FLOOR) == found.times_dara(DARA) == 1


def test_the_page_has_a_row_for_each_contender_and_each_target(found: Found) -> None:
    rows = [cells(line) for line in page(found).splitlines() if line.startswith("|")]
    table, judged = rows[: len(PRESENT) + 2], rows[len(PRESENT) + 2 :]
    assert [row[:2] for row in table[2:]] == [[each.label, each.version] for each in PRESENT]
    assert {len(row) for row in table} == {7}
    assert all(float(cell) >= 0 for row in table[2:] for cell in row[2:6])
    assert [row[0] for row in judged[2:]] == [target.label for target in targets(found)]
    assert {row[3] for row in judged[2:]} <= {"reached", "missed"}


def test_the_terminal_shows_each_contender_and_each_verdict(found: Found) -> None:
    text = printed(found)
    assert all(each.label in text for each in PRESENT)
    assert text.count("reached") + text.count("missed") == len(targets(found))


def test_the_picture_has_a_longer_bar_for_what_is_slower() -> None:
    micros = {FLOOR: 3.0, DARA: 2.0, JOURNAL: 4.5, PEER: 300.0}
    picture = ET.fromstring(svg(made_up(micros)))  # noqa: S314 - just drawn
    bars = [bar for bar in picture.findall(".//{*}rect") if bar.get("height") == "24"]
    lengths = [float(bar.get("width", "0")) for bar in bars]
    labels = [
        text.text for text in picture.findall(".//{*}text") if text.get("text-anchor") == "end"
    ]
    assert lengths == sorted(lengths)
    assert 0 < lengths[0] < lengths[-1]
    assert labels == [each.label for each in (DARA, FLOOR, JOURNAL, PEER)]


def test_the_targets_are_reached_by_what_is_just_quick_and_small_enough() -> None:
    just = made_up({FLOOR: 2.0, DARA: 2.0, JOURNAL: 3.0, PEER: 30.0}, kib=2.0, seconds=0.2499)
    assert [target.verdict for target in targets(just)] == ["reached"] * 5


@pytest.mark.parametrize(
    ("missing", "wanted"),
    [
        (made_up({FLOOR: 2.0, DARA: 2.02, JOURNAL: 3.0}), "at most 1.0"),
        (made_up({FLOOR: 2.0, DARA: 2.0, JOURNAL: 3.02}), "at most 1.5"),
        (made_up({FLOOR: 2.0, DARA: 2.0, JOURNAL: 3.0}, kib=2.01), "at most 2.0"),
        (made_up({FLOOR: 2.0, DARA: 2.0, JOURNAL: 3.0}, seconds=0.25), "under 0.25 s"),
        (made_up({FLOOR: 2.0, DARA: 2.0, JOURNAL: 3.0, PEER: 29.8}), "at least 15"),
    ],
)
def test_a_target_just_missed_is_called_missed(missing: Found, wanted: str) -> None:
    assert verdict_of(missing, wanted) == ["missed"]
    assert "missed" in printed(missing)


def test_a_busy_round_does_not_change_the_ratio() -> None:
    quick, slow = Timing(turns=(1.0, 1.0, 9.0)), Timing(turns=(2.0, 2.0, 18.0))
    assert slow.times(quick) == 2
    assert (slow.median, slow.best) == (2, 2)


def test_other_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check("right", EXPECTED)
    real = build(FLOOR)

    def build_wrong(_contender: Contender) -> Built:
        return Built(prepare=real.prepare, fields=lambda job: {**real.fields(job), "total": 69})

    monkeypatch.setattr("tests.bench.speed.build", build_wrong)
    with pytest.raises(WrongResult, match="'total': 69"):
        measure_speed([FLOOR], range(1))


@pytest.mark.parametrize("steps", [1, 2, 3, 1_000])
def test_a_long_pipeline_runs_every_step(steps: int) -> None:
    assert len(measure_long(steps, range(1)).turns) == 1


@pytest.mark.parametrize("contender", PRESENT, ids=lambda contender: contender.key)
async def test_runs_of_every_contender_fall_asleep_and_are_cancelled(contender: Contender) -> None:
    before, tasks = SLEEPERS.count, asyncio.all_tasks()
    await bytes_a_run(build(contender, sleeping=True), 5)
    assert SLEEPERS.count == before + 6
    assert asyncio.all_tasks() == tasks
