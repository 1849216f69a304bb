"""What goes wrong: workers killed every second, everything else now and then, answers lost."""

import asyncio
import random
import time
from collections import Counter
from typing import Final

import attrs

from tests.chaos.fleet import Fleet, Workspace

__all__ = ["Trouble", "arm"]

KILL_SECONDS: Final = 1.0

# What happens to whom, at which share of the time.
_RESTARTS: Final = (
    (0.15, "server", True),
    (0.30, "store", True),
    (0.45, "server", False),
    (0.60, "store", False),
    (0.75, "store", True),
    (0.85, "server", True),
)

# A frozen worker wakes up while others are at its tasks, which they took a moment ago.
_FREEZES: Final = (0.2, 0.6)
_TOO_LONG: Final = 1.1

_STARTS: Final = "POST /api/2.*/jobs/run-now"
_LOOKS: Final = "GET /api/2.*/jobs/runs/get"
_FAULTS: Final[tuple[dict[str, object], ...]] = (
    {"pattern": _STARTS, "cut": True, "probability": 0.05},
    {"pattern": _STARTS, "after_effect": True, "probability": 0.08},
    {"pattern": _STARTS, "status": 503, "after_effect": True, "probability": 0.05},
    {"pattern": _STARTS, "status": 429, "retry_after": 1, "probability": 0.05},
    {"pattern": _STARTS, "status": 503, "probability": 0.05},
    {"pattern": _STARTS, "delay": 1, "after_effect": True, "probability": 0.03},
    {"pattern": _LOOKS, "cut": True, "probability": 0.05},
    {"pattern": _LOOKS, "status": 429, "retry_after": 1, "probability": 0.03},
    {"pattern": _LOOKS, "status": 503, "probability": 0.03},
    {"pattern": _LOOKS, "delay": 1.5, "probability": 0.2},
)


@attrs.define(kw_only=True)
class Trouble:
    """Makes trouble for *fleet*, drawn from *seed*, and counts what it did.

    A worker that is *frozen* is not killed meanwhile.
    """

    fleet: Fleet
    seed: int
    redelivery: float
    done: Counter[str] = attrs.field(factory=Counter[str])
    frozen: int | None = None

    async def make(self, seconds: float) -> None:
        """Make trouble for so many *seconds*."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kill_workers(time.monotonic() + seconds))
            group.create_task(self._restart_others(seconds))
            group.create_task(self._freeze_workers(seconds))

    async def _kill_workers(self, end: float) -> None:
        chance = random.Random(self.seed)  # noqa: S311 - the same seed draws the same
        while time.monotonic() < end:
            await asyncio.sleep(KILL_SECONDS)
            places = [n for n in range(len(self.fleet.workers)) if n != self.frozen]
            self.fleet.restart_worker(chance.choice(places))
            self.done["workers killed"] += 1

    async def _restart_others(self, seconds: float) -> None:
        began = time.monotonic()
        for share, who, kill in _RESTARTS:
            await asyncio.sleep(began + share * seconds - time.monotonic())
            restart = self.fleet.restart_store if who == "store" else self.fleet.restart_server
            await restart(kill=kill)
            self.done[f"{who} {'killed' if kill else 'restarted by SIGTERM'}"] += 1

    async def _freeze_workers(self, seconds: float) -> None:
        began = time.monotonic()
        for place, share in enumerate(_FREEZES):
            await asyncio.sleep(began + share * seconds - time.monotonic())
            self.frozen = place % len(self.fleet.workers)
            process = self.fleet.workers[self.frozen].life.process
            process.freeze()
            await asyncio.sleep(self.redelivery * _TOO_LONG)
            process.thaw()
            self.frozen = None
            self.done["workers frozen"] += 1


async def arm(workspace: Workspace, seed: int) -> None:
    """Have calls to *workspace* go wrong, drawn by *seed*."""
    for place, fault in enumerate(_FAULTS):
        await workspace.arm({**fault, "seed": seed + place})
