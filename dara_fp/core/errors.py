"""What can go wrong in a workflow, as values, and the exceptions that carry them.

An expected failure is a value: `Failure[StepError]`. A bug is an exception, which the engine turns
into a `StepError` of kind `defect` at the step boundary.

    Exception
    ├── ConfigurationError    a setting is missing or does not fit (a ValueError)
    ├── NotSerialisable       a context cannot be written as JSON and read back (a TypeError)
    └── StepFailed            carries a StepError; a step may let it through
        ├── WorkflowFailed    raised by `unwrap` for a failed outcome
        └── (dara_fp.databricks.errors.DatabricksError and its children)
"""

import reprlib
import traceback
from enum import StrEnum
from typing import TypeAlias, TypeVar

import attrs
from returns.result import Failure, Success

__all__ = [
    "ConfigurationError",
    "Kind",
    "NotSerialisable",
    "Outcome",
    "StepError",
    "StepFailed",
    "WorkflowFailed",
    "defect",
    "fail",
    "gravity",
    "shown",
    "unwrap",
]

C = TypeVar("C")

_LONGEST_MESSAGE = 8_192
_LONGEST_TRACEBACK = 16_384
_SHOWN = reprlib.Repr()
_SHOWN.maxother = 200  # characters


def _message(text: str) -> str:
    return _storable(text, _LONGEST_MESSAGE)


def _traceback(text: str | None) -> str | None:
    return None if text is None else _storable(text, _LONGEST_TRACEBACK)


def _storable(text: str, longest: int) -> str:
    """Cut *text* in the middle to about *longest* characters, all of which UTF-8 can write."""
    if len(text) > longest:
        half = longest // 2
        text = f"{text[:half]}\n... {len(text) - 2 * half} characters ...\n{text[-half:]}"
    return text.encode(errors="backslashreplace").decode()


_REFUSED = 400


class Kind(StrEnum):
    """Why a step failed. All but `DEFECT` are expected."""

    FAILED = "failed"
    REJECTED = "rejected"
    TIMEOUT = "timeout"
    CONFLICT = "conflict"
    CANCELLED = "cancelled"
    DEFECT = "defect"


@attrs.frozen(kw_only=True)
class StepError:
    """One failure, ready to be stored, shown and sent.

    Attributes:
        kind: Why it failed; `Kind.DEFECT` is a bug, everything else is expected.
        message: What was wrong, with which value, and what to do next; cut to about 8,192
            characters.
        step: Path of the failing step; the engine fills it in.
        status: HTTP status of the service's answer; below 400 it is the content that says no.
        error_code: That service's own code, such as `RESOURCE_DOES_NOT_EXIST`.
        request_id: That service's id of the request, to quote to its support.
        retryable: Whether the same call may succeed later.
        in_doubt: Whether what failed may have been done all the same, as where the answer to a call
            that is not to be sent twice was lost; `retry` does not try it again. Only a success
            ends a doubt: a failure with one beside it or before it is in doubt, too.
        url: A page that shows more, such as a Databricks run page.
        traceback: The last frames of a defect, innermost last; cut to about 16,384 characters.
    """

    kind: Kind = Kind.FAILED
    message: str = attrs.field(converter=_message)
    step: str = ""
    status: int | None = None
    error_code: str | None = None
    request_id: str | None = None
    retryable: bool = False
    url: str | None = None
    traceback: str | None = attrs.field(default=None, converter=_traceback)
    in_doubt: bool = False  # the last, and with a default: earlier versions stored none

    def __str__(self) -> str:
        where = f"{self.step}: " if self.step else ""
        facts = (
            f"HTTP {self.status}" if self.status and self.status >= _REFUSED else None,
            self.error_code,
            f"request {self.request_id}" if self.request_id else None,
            self.url,
        )
        known = ", ".join(fact for fact in facts if fact)
        return f"{where}{self.message}" + (f" ({known})" if known else "")


Outcome: TypeAlias = Success[C] | Failure[StepError]
"""What a step returns: `Success` of a context, or `Failure` of a `StepError`.

It is `returns.result.Result[C, StepError]`, spelled so that both type checkers see exactly two
cases in a `match`.
"""


class StepFailed(Exception):
    """An expected failure on its way out of a step, carrying the *error* value.

    Raising it in a step is the same as returning `Failure(error)`.

    >>> StepFailed(StepError(message="no such volume")).error.kind
    <Kind.FAILED: 'failed'>
    """

    def __init__(self, error: StepError) -> None:
        """Carry *error*."""
        super().__init__(error)
        self.error = error

    def __str__(self) -> str:
        return str(self.error)


class ConfigurationError(ValueError):
    """A setting is missing, malformed or contradicts another; the message names the variable."""


class NotSerialisable(TypeError):
    """A value or a type cannot be written as JSON and read back."""


class WorkflowFailed(StepFailed):
    """A workflow ended in a failure and its caller asked for the context."""


def fail(
    message: str, *, kind: Kind | str = Kind.FAILED, retryable: bool = False
) -> Failure[StepError]:
    """Give the failure that says *message*.

    Args:
        message: What was wrong, with which value, and what to do next.
        kind: A `Kind` or its name; `"defect"` is reserved for bugs.
        retryable: Whether the same call may succeed later.

    Raises:
        ValueError: *kind* is no kind, or is `defect`.

    >>> fail("the file is empty: send at least one byte", kind="rejected").failure().kind
    <Kind.REJECTED: 'rejected'>
    """
    known = Kind(kind)
    if known is Kind.DEFECT:
        raise ValueError("kind 'defect' is for bugs: raise an exception instead")
    return Failure(StepError(kind=known, message=message, retryable=retryable))


def defect(exception: BaseException, step: str = "") -> Failure[StepError]:
    """Give the failure that reports *exception* as a bug in *step*."""
    seen = traceback.TracebackException.from_exception(exception, limit=-4)
    said = f"{type(exception).__name__}: {seen}"  # its str() is safe where the exception's fails
    frames = "".join(seen.format())
    return Failure(StepError(kind=Kind.DEFECT, message=said, step=step, traceback=frames))


def gravity(outcome: Outcome[object] | None) -> int:
    """Tell how much *outcome* counts where several have ended: a defect most, then a doubt."""
    if not isinstance(outcome, Failure):
        return 0
    error = outcome.failure()
    return 2 if error.kind is Kind.DEFECT else int(error.in_doubt)


def shown(value: object) -> str:
    """Give the repr of *value* cut to 200 characters, or its class where that fails."""
    return _SHOWN.repr_instance(value, 0)


def unwrap(outcome: Outcome[C]) -> C:
    """Give the context of *outcome*, or raise what went wrong.

    Raises:
        WorkflowFailed: *outcome* is a failure.

    >>> unwrap(Success(3))
    3
    >>> unwrap(fail("no such job"))
    Traceback (most recent call last):
    dara_fp.core.errors.WorkflowFailed: no such job
    """
    if isinstance(outcome, Failure):
        raise WorkflowFailed(outcome.failure())
    return outcome.unwrap()
