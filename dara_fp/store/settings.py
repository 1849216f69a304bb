"""Where the store is: read from the environment, checked, and named without secrets."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import attrs

from dara_fp.core.errors import ConfigurationError
from dara_fp.store.link import check_options

__all__ = [
    "DATA_DIR",
    "DATA_DIR_VARIABLE",
    "URL_VARIABLE",
    "StoreSettings",
    "address_of",
    "check_url",
]

URL_VARIABLE = "DARA_REDIS_URL"
DATA_DIR_VARIABLE = "DARA_DATA_DIR"
DATA_DIR = Path(".dara")
"""Where the embedded server keeps its data, unless told otherwise."""

_DATABASE = re.compile(r"/?|/[0-9]{1,9}")
_FORMS = "redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket"


@attrs.frozen(kw_only=True)
class StoreSettings:
    """Which store to use.

    Attributes:
        url: Address of a Redis or Valkey server; None for the embedded one. Not in the `repr`,
            since it may hold a password.
        data_dir: Directory of the embedded server's data.
    """

    url: str | None = attrs.field(default=None, repr=False)
    data_dir: Path = DATA_DIR

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "StoreSettings":
        """Read the settings from *environ*.

        Args:
            environ: Usually `os.environ`; `DARA_REDIS_URL` and `DARA_DATA_DIR` are looked at, and
                an empty variable counts as unset.

        Raises:
            ConfigurationError: `DARA_REDIS_URL` is no address of a Redis-protocol server, or both
                are set.

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
        return cls(url=url, data_dir=Path(data_dir or DATA_DIR))


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
