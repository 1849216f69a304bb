"""What a server reads from its environment."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar, overload

import attrs

from dara_fp.core.errors import ConfigurationError

__all__ = ["ApiSettings", "read_all"]

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

_VOLUME = re.compile(r"/Volumes(/(?!\.{1,2}(/|$))[^/\x00-\x1f]+){3,}")
_MOST_TASKS = 1000
_LONGEST_GRACE = 3600


@attrs.frozen(kw_only=True)
class ApiSettings:
    """Settings of the API.

    Attributes:
        upload_volume: Folder of a volume that uploads go to, or None to take no uploads.
        concurrency: How many tasks the server's own worker runs at a time; 0 for no worker.
        grace_seconds: How long running tasks may go on when the server is stopped.
    """

    upload_volume: str | None = None
    concurrency: int = 10
    grace_seconds: int = 7

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read `DARA_UPLOAD_VOLUME`, `DARA_CONCURRENCY` and `DARA_GRACE_SECONDS`.

        Raises:
            ConfigurationError: Names each variable whose value does not fit.
        """
        volume, concurrency, grace = read_all(
            lambda: _volume(environ),
            lambda: _number(environ, "DARA_CONCURRENCY", 10, _MOST_TASKS),
            lambda: _number(environ, "DARA_GRACE_SECONDS", 7, _LONGEST_GRACE),
        )
        return cls(upload_volume=volume, concurrency=concurrency, grace_seconds=grace)


@overload
def read_all(first: Callable[[], A], second: Callable[[], B], /) -> tuple[A, B]: ...
@overload
def read_all(
    first: Callable[[], A], second: Callable[[], B], third: Callable[[], C], /
) -> tuple[A, B, C]: ...
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


def _number(environ: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environ.get(name, "").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) > most:
        raise ConfigurationError(f"{name} is {text!r:.100}: give a whole number from 0 to {most}")
    return int(text)
