"""The workspace that respx answers for, and the time its pauses take."""

from collections.abc import AsyncIterator, Iterator

import pytest
import respx

from dara_fp.databricks.workspace import Workspace
from tests.client import stage
from tests.client.volume import Volume


@pytest.fixture
def time() -> stage.VirtualTime:
    return stage.VirtualTime()


@pytest.fixture
async def workspace(time: stage.VirtualTime) -> AsyncIterator[Workspace]:
    async with stage.workspace(time) as made:
        yield made


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    # The transport is not httpx's own, so the mock has to sit in httpx itself.
    with respx.mock(base_url=stage.HOST, using="httpx", assert_all_called=False) as router:
        yield router


@pytest.fixture
def volume(wire: respx.MockRouter) -> Volume:
    return Volume(wire)
