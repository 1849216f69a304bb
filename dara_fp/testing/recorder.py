"""An environment that writes down, in order and with its time, what steps do to the world."""

import asyncio
from collections.abc import Mapping

import attrs

__all__ = ["Note", "Recorder", "rounded"]


@attrs.frozen
class Note:
    """One effect.

    Attributes:
        name: What was done.
        what: To what; compared, so give a value.
        at: When, in virtual seconds, rounded to a nanosecond.
    """

    name: str
    what: object = None
    at: float = 0.0


class Recorder:
    """A made-up environment: the part of the world that steps change, kept as notes.

    Give it to a pipeline as its environment, derive yours from it, or keep it in yours as the
    attribute `recorder`. It outlives a crash, as the world does.

    >>> from dara_fp import Outcome, StepContext, Success, step
    >>> from dara_fp.testing import observe
    >>> @step
    ... async def send(ctx: StepContext, env: Recorder) -> Outcome[StepContext]:
    ...     env.note("sent", "a letter")
    ...     return Success(ctx)
    >>> observe(send, StepContext(), Recorder()).effects
    (Note(name='sent', what='a letter', at=0.0),)
    >>> cut = Recorder(faults={"sent": {1: ConnectionError("cut")}})
    >>> observe(send, StepContext(), cut).error.message
    'ConnectionError: cut'

    Attributes:
        notes: What was noted, in order.
        faults: What a note raises once it is made, by name and by how many of that name there are
            then: an exception is a bug, a `StepFailed` an expected failure.
        deaf: Whether nothing is noted, as while a killed run is thrown away.
    """

    def __init__(self, faults: Mapping[str, Mapping[int, Exception]] | None = None) -> None:
        """Start with nothing noted."""
        self.notes: list[Note] = []
        self.faults = dict(faults or {})
        self.deaf = False

    def note(self, name: str, what: object = None) -> None:
        """Note that *name* was done to *what* now.

        Raises:
            Exception: The fault that is planned for this note.
        """
        if self.deaf:
            return
        now = asyncio.get_running_loop().time()
        self.notes.append(Note(name, what, rounded(now)))
        fault = self.faults.get(name, {}).get(self.count(name))
        if fault is not None:
            raise fault

    def count(self, name: str) -> int:
        """Give how many notes there are of *name*."""
        return sum(note.name == name for note in self.notes)


_DIGITS = 15  # all that a float keeps of any decimal number


def rounded(seconds: float) -> float:
    """Give *seconds* to a nanosecond: a timeout ends the smallest possible step after its limit.

    >>> rounded(0.1 + 0.2)
    0.3
    """
    return float(f"{round(seconds, 9):.{_DIGITS}g}")
