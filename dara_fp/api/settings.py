"""What a server reads from its environment."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar, overload

import attrs

from dara_fp.core.errors import ConfigurationError
from dara_fp.runtime.executor import Limits
from dara_fp.runtime.queue import Leases

__all__ = ["APP_PORT", "ApiSettings", "read_all"]

APP_PORT = "DATABRICKS_APP_PORT"
"""The variable that a Databricks App's platform sets, and nobody else."""

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

_VOLUME = re.compile(r"/Volumes(/(?!\.{1,2}(/|$))[^/\x00-\x1f]+){3,}")
_MOST_TASKS = 1000
_LONGEST_GRACE = 3600
_MOST_QUEUED = 9_999_999
_LEAST_REDELIVERY = 5
_MOST_REDELIVERY = 300


@attrs.frozen(kw_only=True)
class ApiSettings:
    """Settings of the API.

    Attributes:
        upload_volume: Folder of a volume that uploads go to, or None to take no uploads.
        concurrency: How many tasks the server's own worker runs at a time; 0 for no worker.
        grace_seconds: How long running tasks may go on when the server is stopped.
        queue_limit: How many tasks may be queued before more are refused, or None for no bound.
        owner_concurrency: How many tasks of one owner run at a time, or None for no bound.
        redelivery_seconds: How long after its worker was lost a task goes to another one.
        in_app: Whether this is a Databricks App, whose proxy says who the user is.
    """

    upload_volume: str | None = None
    concurrency: int = 10
    grace_seconds: int = 7
    queue_limit: int | None = None
    owner_concurrency: int | None = None
    redelivery_seconds: int = 20
    in_app: bool = False

    @property
    def leases(self) -> Leases:
        """How long a worker may hold a task."""
        return Leases(redelivery=self.redelivery_seconds, grace=self.grace_seconds)

    @property
    def limits(self) -> Limits:
        """How many tasks may run and wait in the whole fleet."""
        return Limits(queue=self.queue_limit, owner_concurrency=self.owner_concurrency)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read `DARA_UPLOAD_VOLUME`, `DARA_CONCURRENCY`, `DARA_GRACE_SECONDS` and the like.

        Raises:
            ConfigurationError: Names each variable whose value does not fit.
        """
        volume, concurrency, grace, queue, owner, redelivery = read_all(
            lambda: _volume(environ),
            lambda: _number(environ, "DARA_CONCURRENCY", 10, most=_MOST_TASKS),
            lambda: _number(environ, "DARA_GRACE_SECONDS", 7, most=_LONGEST_GRACE),
            lambda: _number(environ, "DARA_QUEUE_LIMIT", 0, most=_MOST_QUEUED),
            lambda: _number(environ, "DARA_OWNER_CONCURRENCY", 0, most=_MOST_TASKS),
            lambda: _number(
                environ,
                "DARA_REDELIVERY_SECONDS",
                20,
                least=_LEAST_REDELIVERY,
                most=_MOST_REDELIVERY,
            ),
        )
        return cls(
            upload_volume=volume,
            concurrency=concurrency,
            grace_seconds=grace,
            queue_limit=queue or None,
            owner_concurrency=owner or None,
            redelivery_seconds=redelivery,
            in_app=bool(environ.get(APP_PORT, "").strip()),
        )


@overload
def read_all(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def read_all(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /
) -> tuple[A, B, C]: ...
@overload
def read_all(first: Callable[[], A], /, *more: Callable[[], Any]) -> tuple[Any, ...]: ...
def read_all(*readers: Callable[[], Any]) -> tuple[Any, ...]:
    """Give what each of *readers* gives, or tell everything that keeps them from it.

    Raises:
        ConfigurationError: Has what every failing reader said, a line each.
    """
    found = [_read(reader) for reader in readers]
    problems = [each for each in found if isinstance(each, ConfigurationError)]
    if problems:
        raise ConfigurationError("\n".join(map(str, problems))) from problems[0]
    return tuple(found)


def _read(reader: Callable[[], Any]) -> Any:
    try:
        return reader()
    except ConfigurationError as error:
        return error


def _volume(environ: Mapping[str, str]) -> str | None:
    volume = environ.get("DARA_UPLOAD_VOLUME", "").strip().rstrip("/") or None
    if volume is not None and not _VOLUME.fullmatch(volume):
        raise ConfigurationError(
            f"DARA_UPLOAD_VOLUME is {volume!r}: "
            "give a volume or a folder in one, such as /Volumes/main/default/uploads"
        )
    return volume


def _number(
    environ: Mapping[str, str], name: str, default: int, *, most: int, least: int = 0
) -> int:
    text = environ.get(name, "").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,7}", text) or not least <= int(text) <= most:
        raise ConfigurationError(
            f"{name} is {text!r:.100}: give a whole number from {least} to {most}"
        )
    return int(text)
