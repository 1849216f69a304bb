"""The test kit: what users test their own workflows with.

- `run` and `VirtualTimeLoop`: an hour's wait takes no time.
- `observe`: what a run looks like from outside, as a value.
- `observe_parked`: the same, of a run that is parked wherever it waits.
- `crash` and `crashes`: what is left of a run that was killed, and how it goes on.
- `Recorder`: an environment that writes down what steps do, and breaks where it is told to.
- `contexts` and `pipelines`: hypothesis strategies, which need `pip install hypothesis`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from dara_fp.testing.clock import Deadlock, SocketRefused, VirtualTimeLoop, run
from dara_fp.testing.leaves import Drawn
from dara_fp.testing.observation import Observation, Signal, observe
from dara_fp.testing.parking import ParkingJournal, observe_parked
from dara_fp.testing.recorder import Note, Recorder
from dara_fp.testing.remains import Remains, StoredJournal, crash, crashes

if TYPE_CHECKING:
    from dara_fp.testing.strategies import pipelines
    from dara_fp.testing.values import contexts

__all__ = [
    "Deadlock",
    "Drawn",
    "Note",
    "Observation",
    "ParkingJournal",
    "Recorder",
    "Remains",
    "Signal",
    "SocketRefused",
    "StoredJournal",
    "VirtualTimeLoop",
    "contexts",
    "crash",
    "crashes",
    "observe",
    "observe_parked",
    "pipelines",
    "run",
]

_DRAWN = {"contexts": "dara_fp.testing.values", "pipelines": "dara_fp.testing.strategies"}


def __getattr__(name: str) -> Any:
    """Import the strategy *name* when it is first used, and hypothesis with it.

    Raises:
        ModuleNotFoundError: hypothesis is not installed.
    """
    if name not in _DRAWN:
        raise AttributeError(f"module 'dara_fp.testing' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_DRAWN[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        said = f"dara_fp.testing.{name} draws with hypothesis: pip install hypothesis"
        raise ModuleNotFoundError(said, name="hypothesis") from error
