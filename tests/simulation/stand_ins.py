"""What the runtime and the store get instead of the real world: clock, chance, network, docket."""

import asyncio
import random
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from functools import partial

import pytest

from dara_fp.runtime import queue, running
from dara_fp.store import arguments, link
from tests.simulation.broker import Broker
from tests.simulation.chance import Chance
from tests.simulation.docket import Docket, Worker
from tests.simulation.processes import Process, current
from tests.simulation.redis.wire import Network, Wire

__all__ = ["EPOCH", "server_time", "standing_in"]

EPOCH = 1_800_000_000.0


def server_time() -> float:
    """Give the time of the server, in seconds since 1970."""
    return EPOCH + asyncio.get_running_loop().time()


@contextmanager
def standing_in(network: Network, broker: Broker, chance: Chance) -> Generator[None]:
    """Let all that is done in the block be done in the simulated world."""
    random.seed(chance.token())
    tokens = chance.about("tokens")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "_wire_to", partial(_wire, network))
        patch.setattr(queue, "Docket", partial(Docket, broker))
        patch.setattr(queue, "Worker", Worker)
        patch.setattr(queue, "datetime", _Datetime)
        patch.setattr(running, "time", _Clock)
        patch.setattr(arguments, "new_token", lambda: tokens.token().encode())
        patch.setattr(uuid, "uuid4", lambda: uuid.UUID(tokens.token() * 2))
        yield


def _process_time() -> float:
    """Give the time as the process that runs now has it."""
    process = current()
    return server_time() + (process.skew if process else 0.0)


class _Clock:
    """The module `time`."""

    time: Callable[[], float] = staticmethod(_process_time)


class _Datetime:
    """The class `datetime`."""

    @staticmethod
    def now(zone: tzinfo) -> datetime:
        """Give the time now."""
        return datetime.fromtimestamp(_process_time(), zone)


def _wire(network: Network, _url: str, connect_timeout: float) -> Wire:
    return Wire(network, current() or Process("nobody"))
