"""A fleet in a world where all goes wrong: nothing accepted is lost, nothing is done twice.

`python -m pytest tests/simulation --seeds 10000 --first-seed 500` simulates as many as you like.
"""

import hashlib
import os
import subprocess
import sys

from tests.simulation.world import Lived, live

_SAME = range(8)


def _told(lived: Lived) -> str:
    """Tell what went wrong, how to see it again, and all that happened."""
    wrong = "\n".join(f"- {each}" for each in lived.wrong)
    again = f"python -m pytest -n 0 tests/simulation -k keeps --seeds 1 --first-seed {lived.seed}"
    trace = "\n".join(lived.trace)
    return f"seed {lived.seed} ({lived.climate}):\n{wrong}\nagain: {again}\n{trace}"


def _digest(seed: int) -> str:
    return hashlib.sha256("\n".join(live(seed).trace).encode()).hexdigest()


def test_every_seed_keeps_the_promises(seeds: range) -> None:
    broken = [_told(lived) for lived in map(live, seeds) if lived.wrong]
    assert not broken, "\n\n".join(broken)


def test_the_same_seed_lives_the_same_life() -> None:
    for seed in _SAME:
        assert live(seed).trace == live(seed).trace


def test_the_same_seed_lives_the_same_life_in_another_process() -> None:
    program = (
        "import logging; logging.disable()\n"
        "from tests.simulation.test_simulation import print_digests; print_digests()"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - the checkout, as for pytest
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert said.stdout.decode().split() == [_digest(seed) for seed in _SAME]


def print_digests() -> None:
    print(*(_digest(seed) for seed in _SAME))  # noqa: T201 - read by the test above
