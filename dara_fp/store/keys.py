"""Names of the store's keys."""

import re
from typing import Final

import attrs

__all__ = ["Keys", "is_task_id"]

_TASK_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_PREFIX: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def is_task_id(text: str) -> bool:
    """Say whether *text* could be the id of a task.

    >>> is_task_id("01JB-7"), is_task_id("a}b"), is_task_id("")
    (True, False, False)
    """
    return _TASK_ID.fullmatch(text) is not None


def _check_prefix(_keys: object, _attribute: object, value: str) -> None:
    if _PREFIX.fullmatch(value) is None:
        raise ValueError(
            f"prefix {value!r}: take 1 to 100 letters, digits, '.', '_', '-' or ':' "
            "(braces would change where a cluster keeps the keys)"
        )


@attrs.frozen(kw_only=True)
class Keys:
    """The keys under one *prefix*.

    >>> Keys(prefix="dara").of("t1")
    (b'dara:{t1}:task', b'dara:{t1}:journal', b'dara:{t1}:events')
    """

    prefix: str = attrs.field(validator=_check_prefix)

    def of(self, task_id: str) -> tuple[bytes, bytes, bytes]:
        """Give the keys of task *task_id*; the braces keep them together in a cluster.

        Raises:
            ValueError: *task_id* is no task id.
        """
        if not is_task_id(task_id):
            raise ValueError(
                f"task id {task_id[:200]!r}: take 1 to 200 letters, digits, '.', '_', '-' or ':'"
            )
        start = f"{self.prefix}:{{{task_id}}}:".encode()
        return start + b"task", start + b"journal", start + b"events"
