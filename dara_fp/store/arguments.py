"""What the store's functions are called with: checked, bounded, encoded."""

import math
import secrets
from collections.abc import Sequence
from itertools import chain
from typing import Final

import msgspec

from dara_fp.core.errors import StepError
from dara_fp.core.scope import Waiting
from dara_fp.store.records import NewTask

__all__ = [
    "MAX_NAME_LENGTH",
    "document",
    "moment",
    "new_token",
    "poisoned",
    "progress",
    "reason_of",
    "step_path",
    "task_fields",
    "waits_words",
]

MAX_DOCUMENT_BYTES: Final = 16 * 2**20
MAX_NAME_LENGTH: Final = 1_000
MAX_MESSAGE_LENGTH: Final = 2_000
MAX_STEPS: Final = 200_000
MAX_WAITS: Final = 1_500


def new_token() -> bytes:
    """Give what tells the second copy of one call from a second call."""
    return secrets.token_hex(8).encode()


def task_fields(task: NewTask) -> tuple[bytes, ...]:
    """Give names and values of what is stored of *task*.

    Raises:
        ValueError: A name is empty or too long, or a document is no object or too large.
    """
    if len(task.structure) > MAX_STEPS:
        raise ValueError(f"{len(task.structure)} steps: a task has at most {MAX_STEPS}")
    fields = (
        *(b"workflow", _name("workflow", task.workflow)),
        *(b"context", document("context", task.context)),
        *(b"structure", msgspec.json.encode(task.structure)),
    )
    given = {"owner": task.owner, "request": task.request, "trace": task.trace}
    more = [(name.encode(), _name(name, text)) for name, text in given.items() if text is not None]
    return (*fields, *chain.from_iterable(more))


def waits_words(waits: Sequence[Waiting]) -> tuple[bytes, ...]:
    """Give *waits* as the function that parks a task takes them.

    Raises:
        ValueError: They are more than 1,500, or a path is too long.
    """
    if len(waits) > MAX_WAITS:
        raise ValueError(f"a task waits for {len(waits)} things at once: {MAX_WAITS} at most")
    return tuple(
        word
        for each in waits
        for word in (
            step_path(each.path),
            moment("since", each.since),
            b"" if each.until is None else moment("until", each.until),
            (each.signal or "").encode(),
        )
    )


def step_path(path: str) -> bytes:
    """Give *path* as stored.

    Raises:
        ValueError: It is empty or longer than 1,000 characters.
    """
    return _name("step path", path)


def document(name: str, value: bytes) -> bytes:
    """Give *value*, called *name*, which its caller encoded as a JSON object.

    Only its first byte and its size are looked at: parsing it would cost more than storing it.

    Raises:
        ValueError: It does not begin like an object, or has more than 16 MiB.
    """
    if not value.startswith(b"{"):
        raise ValueError(f"{name} must be a JSON object, and begins with {value[:20]!r}")
    if len(value) > MAX_DOCUMENT_BYTES:
        raise ValueError(
            f"{name} has {len(value)} bytes, and a checkpoint at most {MAX_DOCUMENT_BYTES}: "
            "write large data to a volume and keep its path in the context"
        )
    return value


def moment(name: str, value: float) -> bytes:
    """Give the time *value*, called *name*, as stored: a number of JSON, in seconds since 1970.

    Raises:
        ValueError: It is infinite or not a number.
    """
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}: give seconds since 1970")
    return repr(float(value)).encode()


def progress(path: str, message: str, fraction: float | None) -> tuple[bytes, bytes]:
    """Give a report of *path* as it is stored, and as the event's JSON.

    Raises:
        ValueError: *fraction* is not between 0 and 1.
    """
    if fraction is not None and not 0 <= fraction <= 1:
        raise ValueError(f"fraction {fraction!r} of {path!r}: give a number from 0 to 1, or None")
    text = message[:MAX_MESSAGE_LENGTH].encode(errors="replace").decode()
    said = f"{'' if fraction is None else float(fraction)}\n{text}"
    return said.encode(), msgspec.json.encode({"message": text, "fraction": fraction})


def poisoned(delivery_limit: int) -> StepError:
    """Give the error of a task that was delivered *delivery_limit* times and never finished."""
    return StepError(
        message=f"poisoned: this task was taken {delivery_limit} times and did not get on; look in "
        "the workers' logs for what ended them (memory, a crash, a kill), mend that and resume it"
    )


def reason_of(word: str, detail: str) -> str:
    """Say why the server refused a write with *word* and *detail*.

    >>> reason_of("stale", "3")
    'epoch 3 owns the task now'
    """
    if word == "stale":
        return f"epoch {detail} owns the task now"
    if word == "state":
        return f"the task is {detail}"
    return "the task is not in the store (never created, or expired)"


def _name(what: str, text: str) -> bytes:
    if not 0 < len(text) <= MAX_NAME_LENGTH:
        raise ValueError(f"{what} {text[:80]!r}: take 1 to {MAX_NAME_LENGTH} characters")
    return text.encode()
