"""What a request to the executor can be refused for.

Exception
├── LookupError
│   ├── UnknownWorkflow   no such workflow here
│   ├── UnknownTask       no such task
│   └── UnknownSignal     its workflow waits for no such signal
├── ValueError
│   ├── TaskExists        another task has that id
│   ├── NotResumable      the task did not fail
│   └── SignalRefused     it is too late for the signal, or another one came
└── QueueFull             too many tasks are queued already
"""

from collections.abc import Iterable

from dara_fp.store.records import State

__all__ = [
    "NotResumable",
    "QueueFull",
    "SignalRefused",
    "TaskExists",
    "UnknownSignal",
    "UnknownTask",
    "UnknownWorkflow",
]


class UnknownWorkflow(LookupError):
    """No workflow of that name is registered.

    Attributes:
        name: What was asked for.
        known: The names there are.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        """Keep the *name* and the *known* ones."""
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(f"no workflow {name!r}; there are {_listed(self.known)}")


class UnknownTask(LookupError):
    """There is no task of that id: it was never accepted, or its time to be kept is over."""

    def __init__(self, task_id: str) -> None:
        """Name the *task_id*."""
        super().__init__(f"no task {task_id!r:.220} in the store")


class UnknownSignal(LookupError):
    """The workflow waits for no signal of that name.

    Attributes:
        name: What was sent.
        known: The names there are.
    """

    def __init__(self, name: str, workflow: str, known: Iterable[str]) -> None:
        """Keep the *name* and the *known* ones of *workflow*."""
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(
            f"workflow {workflow!r} waits for no signal {name!r:.220}; "
            f"it waits for {_listed(self.known)}"
        )


class TaskExists(ValueError):
    """A task of that id exists, and is another one.

    Attributes:
        task_id: The id.
    """

    def __init__(self, task_id: str) -> None:
        """Name the *task_id*."""
        self.task_id = task_id
        super().__init__(
            f"task {task_id!r} exists already, with another workflow or context: choose another id"
        )


class NotResumable(ValueError):
    """Only a task that failed can be resumed."""

    def __init__(self, task_id: str, state: State) -> None:
        """Tell the *state* that *task_id* is in."""
        super().__init__(
            f"task {task_id!r} is {state.value}, and only a failed task can be resumed: "
            "start a new one"
        )


class SignalRefused(ValueError):
    """The task does not take the signal any more."""


class QueueFull(Exception):
    """As many tasks are queued as may be; nothing was accepted.

    Attributes:
        limit: How many may be.
        retry_after: Seconds after which the same call is worth another try.
    """

    def __init__(self, limit: int, retry_after: float) -> None:
        """Tell the *limit*, and to try again after *retry_after* seconds."""
        self.limit = limit
        self.retry_after = retry_after
        super().__init__(
            f"{limit} tasks are queued, which is the limit: try again in {retry_after:g} s"
        )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"
