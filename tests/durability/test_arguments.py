"""What is refused before it travels: documents, paths, times and fractions that do not fit."""

import math
from pathlib import Path

import pytest

from dara_fp.core.scope import Waiting
from dara_fp.store.arguments import MAX_STEPS, MAX_WAITS
from dara_fp.store.claimed import Claimed
from dara_fp.store.records import NewTask, Retention, State
from dara_fp.store.store import Store
from tests.durability.tasks import history_of, own, state_of, waiting_for

NEVER = pytest.mark.parametrize("never", [math.nan, math.inf, -math.inf])


@pytest.fixture
async def mine(store: Store) -> Claimed:
    return await own(store)


async def test_changes_are_an_object(mine: Claimed) -> None:
    with pytest.raises(ValueError, match="JSON object"):
        await mine.record("upload", b"[]", None, 1.0)


async def test_large_data_belongs_into_a_volume(mine: Claimed) -> None:
    with pytest.raises(ValueError, match="write large data to a volume"):
        await mine.record("upload", b"{" + b" " * 2**24, None, 1.0)


@pytest.mark.parametrize("path", ["", "x" * 1_001])
async def test_a_path_has_a_length(mine: Claimed, path: str) -> None:
    with pytest.raises(ValueError, match="step path"):
        await mine.record(path, b"{}", None, 1.0)
    with pytest.raises(ValueError, match="step path"):
        await mine.report(path, "half", 0.5)
    with pytest.raises(ValueError, match="step path"):
        await mine.begin({path: 1.0})


@NEVER
async def test_a_time_is_a_number(mine: Claimed, never: float) -> None:
    with pytest.raises(ValueError, match="started_at is"):
        await mine.record("upload", b"{}", None, never)
    with pytest.raises(ValueError, match="started_at is"):
        await mine.begin({"upload": never})
    with pytest.raises(ValueError, match="until is"):
        await mine.park([waiting_for("go", until=never)])
    with pytest.raises(ValueError, match="since is"):
        await mine.park([Waiting(path="w", signal="go", since=never, until=None)])


@pytest.mark.parametrize("fraction", [math.nan, math.inf, -math.inf, 1.5, -0.1])
async def test_a_fraction_is_one(mine: Claimed, fraction: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        await mine.report("upload", "", fraction)


async def test_a_task_waits_for_so_many_things_at_once(store: Store, mine: Claimed) -> None:
    waits = [waiting_for(f"s{number}") for number in range(MAX_WAITS)]
    with pytest.raises(ValueError, match="1500 at most"):
        await mine.park([*waits, waiting_for("one more")])
    assert (await mine.park(waits)).parked
    assert len((await history_of(store)).waits) == MAX_WAITS


async def test_what_was_refused_changed_nothing(store: Store, mine: Claimed) -> None:
    with pytest.raises(ValueError, match="step path"):
        await mine.park([Waiting(path="", signal="go", since=1.0, until=None)])
    assert await state_of(store) is State.RUNNING
    await mine.finish(State.SUCCEEDED)


@pytest.mark.parametrize(
    "wrong",
    [
        {"workflow": ""},
        {"workflow": "x" * 1_001},
        {"owner": ""},
        {"request": ""},
        {"trace": "x" * 1_001},
        {"context": b"null"},
        {"structure": ("s",) * (MAX_STEPS + 1)},
    ],
)
async def test_a_task_that_does_not_fit_is_not_created(
    store: Store, wrong: dict[str, object]
) -> None:
    fitting = {"task_id": "t", "workflow": "w", "context": b"{}", "structure": ()}
    with pytest.raises(ValueError, match=r"take 1 to|JSON object|at most"):
        await store.create(NewTask(**{**fitting, **wrong}))  # type: ignore[arg-type]  # wrong on purpose
    assert await store.read("t") is None


async def test_any_text_in_a_report_is_stored_and_a_long_one_is_cut(
    store: Store, mine: Claimed
) -> None:
    await mine.report("upload", "\udcff" + "€" * 5000, None)
    assert (await history_of(store)).reports[0].message == "?" + "€" * 1999


@pytest.mark.parametrize("prefix", ["", "a b", "a{b}", "x" * 101])
async def test_a_prefix_that_would_part_the_keys_of_a_task_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        async with Store.open(data_dir=Path("/nowhere"), prefix=prefix):
            pass


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
async def test_a_timeout_is_a_number_of_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match="timeout is"):
        async with Store.open(data_dir=Path("/nowhere"), timeout=seconds):
            pass


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf, 10**9])
def test_a_retention_is_a_number_of_seconds(seconds: float) -> None:
    with pytest.raises(ValueError, match=r"failed is .*: give a positive number"):
        Retention(failed=seconds)
