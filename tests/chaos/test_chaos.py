"""A short chaos: everything is killed, and nothing is lost, doubled or stuck."""

from pathlib import Path

import pytest

from tests.chaos.chaos import Asked, wreak
from tests.chaos.verdict import complaints, figures

SHORT = Asked(tasks=160, seconds=14, patience=30, seed=1, redelivery=5, slack=5)


@pytest.mark.timeout(120)
async def test_nothing_is_lost_doubled_or_stuck_when_everything_is_killed(
    tmp_path: Path,
) -> None:
    found = await wreak(SHORT, tmp_path / "c", lambda _seen: None)
    assert not complaints(found), "\n".join(complaints(found))
    counted = figures(found)
    ended = counted.succeeded + counted.failed + counted.cancelled
    assert counted.accepted == ended == SHORT.tasks
    assert (counted.lost, counted.stuck, counted.duplicates) == (0, 0, 0)
    assert counted.kills >= 10
    assert counted.held > 0
    assert found.faults > 0
    assert found.trouble["store killed"] > 0
    assert found.trouble["workers frozen"] > 0
