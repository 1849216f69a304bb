"""What the keyspace says of one task: parsed from the keys as they are, not through the store."""

import attrs
import msgspec

from tests.simulation.redis.keyspace import Hash, Keyspace

__all__ = ["Recorded", "TaskKeys", "recorded"]

_PREFIX = b"sim:{"


@attrs.frozen(kw_only=True)
class Recorded:
    """One checkpoint.

    Attributes:
        number: Its place in the log.
        epoch: Who wrote it.
        failed: Whether it is of a failure.
    """

    number: int
    epoch: bytes
    failed: bool


def recorded(value: bytes) -> Recorded:
    r"""Give the checkpoint that is kept as *value*.

    >>> recorded(b"7 2 1.5 2.5\n\n{}")
    Recorded(number=7, epoch=b'2', failed=False)
    """
    times, error, _ = value.split(b"\n", 2)
    number, epoch, _, _ = times.split(b" ")
    return Recorded(number=int(number), epoch=epoch, failed=bool(error))


@attrs.frozen
class TaskKeys:
    """The keys of one task in *space*."""

    space: Keyspace
    task_id: str

    @classmethod
    def of(cls, space: Keyspace, key: bytes) -> "tuple[TaskKeys, str] | None":
        """Give the task that *key* belongs to, and which of its keys it is."""
        if not key.startswith(_PREFIX):
            return None
        task_id, _, part = key[len(_PREFIX) :].partition(b"}:")
        return cls(space, task_id.decode()), part.decode()

    def field(self, name: str) -> str:
        """Give a field of the task's record, empty where it is not there."""
        return self.space.find(self._key("task"), Hash).get(name.encode(), b"").decode()

    def steps(self) -> dict[str, Recorded]:
        """Give what is recorded, by path."""
        journal = self.space.find(self._key("journal"), Hash)
        return {
            field[2:].decode(): recorded(value)
            for field, value in journal.items()
            if field.startswith(b"s:")
        }

    def error(self) -> str:
        """Give the message of why it failed."""
        error = self.field("error")
        return str(msgspec.json.decode(error)["message"]) if error else ""

    def _key(self, part: str) -> bytes:
        return _PREFIX + self.task_id.encode() + b"}:" + part.encode()
