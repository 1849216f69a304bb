"""Async tests here run on virtual time, as a user's would."""

from collections.abc import Callable

from dara_fp.testing import VirtualTimeLoop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], VirtualTimeLoop]]:
    return {"virtual": VirtualTimeLoop}
