"""Where the store is: read from the environment, checked, and named without secrets."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias, cast
from urllib.parse import SplitResult, urlsplit

import attrs

from dara_fp.core.errors import ConfigurationError
from dara_fp.store.link import check_options
from dara_fp.store.records import Retention, State

__all__ = [
    "DATA_DIR",
    "DATA_DIR_VARIABLE",
    "URL_VARIABLE",
    "Fsync",
    "StoreSettings",
    "address_of",
    "check_url",
]

URL_VARIABLE = "DARA_REDIS_URL"
DATA_DIR_VARIABLE = "DARA_DATA_DIR"
FSYNC_VARIABLE = "DARA_STORE_FSYNC"
DATA_DIR = Path(".dara")
"""Where the embedded server keeps its data, unless told otherwise."""

Fsync: TypeAlias = Literal["everysec", "always"]
"""When the embedded server's writes are on the disk: within a second, or before the answer."""

_DAY = 86_400
_MOST_DAYS = 3_650
_DATABASE = re.compile(r"/?|/[0-9]{1,9}")
_FORMS = "redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket"


@attrs.frozen(kw_only=True)
class StoreSettings:
    """Which store to use.

    Attributes:
        url: Address of a Redis or Valkey server; None for the embedded one. Not in the `repr`,
            since it may hold a password.
        data_dir: Directory of the embedded server's data.
        fsync: When the embedded server's writes are on the disk.
        retention: How long a task is kept after it is final.
    """

    url: str | None = attrs.field(default=None, repr=False)
    data_dir: Path = DATA_DIR
    fsync: Fsync = "everysec"
    retention: Retention = attrs.field(factory=Retention)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "StoreSettings":
        """Read the settings from *environ*.

        Args:
            environ: Usually `os.environ`; `DARA_REDIS_URL`, `DARA_DATA_DIR`, `DARA_STORE_FSYNC`
                (`everysec` or `always`) and `DARA_KEEP_SUCCEEDED_DAYS`, `DARA_KEEP_FAILED_DAYS`
                and `DARA_KEEP_CANCELLED_DAYS` are looked at; an empty variable counts as unset.

        Raises:
            ConfigurationError: `DARA_REDIS_URL` is no address of a Redis-protocol server, it and
                `DARA_DATA_DIR` are both set, or another variable does not fit.

        >>> StoreSettings.from_environment({}).data_dir.name
        '.dara'
        """
        url = environ.get(URL_VARIABLE, "").strip() or None
        data_dir = environ.get(DATA_DIR_VARIABLE, "").strip()
        if url is not None:
            check_url(url, URL_VARIABLE)
        if url is not None and data_dir:
            raise ConfigurationError(
                f"{URL_VARIABLE} and {DATA_DIR_VARIABLE} are both set: unset {DATA_DIR_VARIABLE} "
                f"to use the server at that address, or {URL_VARIABLE} to start one in {data_dir}"
            )
        return cls(
            url=url,
            data_dir=Path(data_dir or DATA_DIR),
            fsync=_fsync(environ, url),
            retention=Retention(
                **{state.value: _seconds(environ, state) for state in State if state.final}
            ),
        )


def _fsync(environ: Mapping[str, str], url: str | None) -> Fsync:
    text = environ.get(FSYNC_VARIABLE, "").strip() or "everysec"
    if text not in {"everysec", "always"}:
        raise ConfigurationError(f"{FSYNC_VARIABLE} is {text!r:.100}: give everysec or always")
    if text == "always" and url is not None:
        raise ConfigurationError(
            f"{FSYNC_VARIABLE} is for the embedded store, and {URL_VARIABLE} names another: "
            "set `appendfsync always` in that server's configuration"
        )
    return cast("Fsync", text)


def _seconds(environ: Mapping[str, str], state: State) -> float:
    name = f"DARA_KEEP_{state.name}_DAYS"
    text = environ.get(name, "").strip()
    if not text:
        return Retention().of(state)
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", text) or not 0 < float(text) <= _MOST_DAYS:
        raise ConfigurationError(
            f"{name} is {text!r:.100}: give a number of days above 0, {_MOST_DAYS} at most"
        )
    return float(text) * _DAY


def check_url(url: str, name: str = "url") -> None:
    """Refuse a *url* that names no Redis-protocol server, calling it *name*.

    Raises:
        ConfigurationError: The scheme, the port, the database or an option does not fit, or the
            socket's path is missing.

    >>> check_url("http://localhost:6379", "DARA_REDIS_URL")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    dara_fp.core.errors.ConfigurationError: DARA_REDIS_URL has the scheme 'http': give ...
    """
    parts = _split(url, name)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        # An address without a scheme may begin with a password, so only a real scheme is repeated.
        found = (
            f"has the scheme {parts.scheme!r}" if "://" in url and parts.scheme else "has no scheme"
        )
        raise ConfigurationError(f"{name} {found}: give {_FORMS}")
    if parts.scheme == "unix" and not parts.path.startswith("/"):
        raise ConfigurationError(f"{name} names no socket: give {_FORMS}")
    if parts.scheme != "unix" and _DATABASE.fullmatch(parts.path) is None:
        # Not repeated, since a password with a '/' in it may have ended here.
        raise ConfigurationError(f"{name} does not name its database by a number: give {_FORMS}")
    try:
        check_options(url)
    except ValueError as error:
        raise ConfigurationError(
            f"{name} has an option that cannot be used ({error}): give {_FORMS}"
        ) from None


def address_of(url: str) -> str:
    """Give *url* without user, password and options, fit to be shown.

    >>> address_of("redis://app:secret@cache.example:6380/2?client_name=x")
    'redis://cache.example:6380/2'
    >>> address_of("unix:///data/store.sock")
    'unix:///data/store.sock'
    """
    parts = _split(url, "url")
    if parts.scheme == "unix":
        return f"unix://{parts.path}"
    host = parts.hostname or "localhost"
    shown = f"[{host}]" if ":" in host else host
    database = parts.path if parts.path not in {"", "/"} else ""
    return f"{parts.scheme}://{shown}:{parts.port or 6379}{database}"


def _split(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        # The parser's own message repeats a piece of the address, which may be the password.
        raise ConfigurationError(
            f"{name} is no address (a '/', '?', '#', '@' or '[' in a password must be "
            f"percent-encoded): give {_FORMS}"
        ) from None
    return parts
