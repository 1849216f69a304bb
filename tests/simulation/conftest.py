"""How many seeds are simulated, and from which on."""

import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest

_A_TEST = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=500, help="how many seeds to simulate")
    parser.addoption("--first-seed", type=int, default=0, help="the first of them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Deal the seeds out to several tests, which may run beside each other."""
    if "seeds" not in metafunc.fixturenames:
        return
    # Where this file is found too late, the options are unknown.
    option: Any = metafunc.config.getoption
    first = option("--first-seed", default=0)
    last = first + option("--seeds", default=500)
    dealt = [range(n, min(n + _A_TEST, last)) for n in range(first, last, _A_TEST)]
    metafunc.parametrize("seeds", dealt, ids=[f"{each[0]}-{each[-1]}" for each in dealt])


@pytest.fixture(scope="session", autouse=True)
def _frozen() -> Iterator[None]:
    """Spare the collector what was there before: each simulation ends with a collection."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log nothing: what a simulated fleet says of its troubles would take half of the time."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
