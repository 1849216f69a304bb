"""Ends processes by SIGKILL, as the machine below a run, or below the sandbox, would lose them."""

import contextlib
import os
import signal
from pathlib import Path

from dara_fp.sandbox.jobs.processes import MARK

__all__ = ["CAN_KILL_RUNS", "kill_runs", "kill_sandbox"]

_PROCESSES = Path("/proc")

CAN_KILL_RUNS = Path("/proc/self/environ").exists()
"""Whether the processes of runs can be found here: they are known by what Linux tells of them."""


def kill_runs(place: Path) -> int:
    """Kill the programs of all runs that work below *place*; give how many there were."""
    found = [process for process in _PROCESSES.glob("[0-9]*") if _works_below(process, place)]
    for process in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process.name), signal.SIGKILL)
    return len(found)


def kill_sandbox() -> None:
    """Kill this very process: nothing is cleaned up, nobody is answered."""
    os.kill(os.getpid(), signal.SIGKILL)


def _works_below(process: Path, place: Path) -> bool:
    # A process that ended meanwhile, or is another user's, cannot be looked at.
    with contextlib.suppress(OSError):
        marked = f"{MARK}=".encode() in (process / "environ").read_bytes()
        return marked and (process / "cwd").readlink().is_relative_to(place)
    return False
