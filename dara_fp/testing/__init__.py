"""The test kit: what users test their own workflows with.

- `run` and `VirtualTimeLoop`: an hour's wait takes no time.
- `observe`: what a run looks like from outside, as a value.
- `crash` and `crashes`: what is left of a run that was killed, and how it goes on.
- `Recorder`: an environment that writes down what steps do, and breaks where it is told to.
- `contexts` and `pipelines`: hypothesis strategies, which need `pip install hypothesis`.
"""

from dara_fp.testing.clock import Deadlock, SocketRefused, VirtualTimeLoop, run
from dara_fp.testing.crash import Remains, StoredJournal, crash, crashes
from dara_fp.testing.observation import Observation, observe
from dara_fp.testing.recorder import Note, Recorder

__all__ = [
    "Deadlock",
    "Note",
    "Observation",
    "Recorder",
    "Remains",
    "SocketRefused",
    "StoredJournal",
    "VirtualTimeLoop",
    "crash",
    "crashes",
    "observe",
    "run",
]
