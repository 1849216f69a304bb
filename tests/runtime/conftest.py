"""A store and executors for the tests of the runtime."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dara_fp.store.store import Store


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    # Not tmp_path: the path of a unix socket must be short.
    with tempfile.TemporaryDirectory(prefix="dara-") as folder:
        async with Store.open(data_dir=Path(folder)) as opened:
            yield opened
