"""The workspace that respx answers for, with the services of the installed SDK."""

from collections.abc import AsyncIterator, Iterator

import pytest
import respx

from dara_fp.databricks.workspace import Workspace
from tests.client import stage


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with stage.workspace() as made:
        yield made


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    # The transport is not httpx's own, so the mock has to sit in httpx itself.
    with respx.mock(base_url=stage.HOST, using="httpx") as router:
        yield router
