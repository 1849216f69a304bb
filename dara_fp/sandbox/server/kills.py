"""Ends processes by SIGKILL, as the machine below a run, or below the sandbox, would lose them."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from dara_fp.sandbox.jobs.processes import MARK, PLACE

__all__ = ["CAN_KILL_RUNS", "kill_runs", "kill_sandbox"]

_PROCESSES = Path("/proc")

CAN_KILL_RUNS = Path("/proc/self/environ").exists()
"""Whether the processes of runs can be found here: they are known by what Linux tells of them."""


def kill_runs(place: Path) -> int:
    """Kill the programs of all runs that began below *place*; give how many there were."""
    found = [process for process in _PROCESSES.glob("[0-9]*") if _began_below(process, place)]
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process.name), signal.SIGKILL)
    return len(found)


def kill_sandbox() -> None:
    """Kill this very process: nothing is cleaned up, nobody is answered."""
    os.kill(os.getpid(), signal.SIGKILL)


def _began_below(process: Path, place: Path) -> bool:
    # A process that ended meanwhile, or is another user's, cannot be looked at.
    with contextlib.suppress(OSError):
        known = dict(_variables(process))
        # The shell that watches over a program knows the folder and has no mark.
        return MARK in known and Path(known.get(PLACE, "")).is_relative_to(place)
    return False


def _variables(process: Path) -> Iterator[tuple[str, str]]:
    """Give the environment that *process* began with."""
    for variable in (process / "environ").read_bytes().split(b"\0"):
        name, _, value = os.fsdecode(variable).partition("=")
        yield name, value
