"""One connection to the server, ready for the store's functions; only this file knows redis-py."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeAlias, cast

import attrs
from redis.asyncio.connection import Connection, parse_url
from redis.exceptions import BusyLoadingError, InvalidResponse, RedisError, ResponseError

from dara_fp.store.errors import StoreUnavailable
from dara_fp.store.functions import SOURCE, Refusal, Reply, pack

__all__ = ["MINIMUM", "Link", "LinkLost", "Prepare", "check_options", "nothing"]

MINIMUM = (7, 0)
"""The oldest server with functions, by the version it says to be compatible with."""

# Of an address's options only these reach the connection: others (timeouts, decoding) would change
# what the writer relies on.
_HONOURED = re.compile(r"username|password|host|port|db|path|ssl_\w+|client_name")
# What redis-py raises when the other side is gone, or says what is not in the protocol: ValueError.
_BROKEN = (RedisError, OSError, EOFError, ValueError)
_LOADED_ALREADY = "already exists"


class LinkLost(Exception):
    """The connection cannot be used now; *loading* if the server only needs time."""

    def __init__(self, message: str, *, loading: bool = False) -> None:
        """Say *message*."""
        super().__init__(message)
        self.loading = loading


class _Wire(Protocol):
    """The part of redis-py's connection that is used here."""

    async def connect(self) -> None: ...
    async def disconnect(self, nowait: bool = False) -> None: ...  # noqa: FBT001, FBT002 - redis-py's
    async def send_packed_command(self, command: Iterable[bytes]) -> None: ...
    async def read_response(self, disable_decoding: bool = False) -> Reply: ...  # noqa: FBT001, FBT002 - redis-py's


Prepare: TypeAlias = Callable[[], Awaitable[None]]
"""What happens before each connecting."""


async def nothing() -> None:
    """Prepare nothing: a server that is not ours is there or not."""


@attrs.frozen(kw_only=True)
class Link:
    """A connection that is made, lost and made again.

    Attributes:
        address: The server's address, without password.
        remedy: What to do when the server is away.
        prepare: Awaited before each connecting; starts a server of our own where it is gone.
    """

    address: str
    remedy: str
    wire: _Wire = attrs.field(repr=False)
    prepare: Prepare = attrs.field(default=nothing, repr=False)

    @classmethod
    def to(
        cls,
        url: str,
        *,
        address: str,
        remedy: str,
        connect_timeout: float,
        prepare: Prepare = nothing,
    ) -> "Link":
        """Give a link to *url*, not connected yet; *connect_timeout* is in seconds."""
        wire = _wire_to(url, connect_timeout)
        return cls(address=address, remedy=remedy, wire=wire, prepare=prepare)

    async def connect(self) -> None:
        """Connect anew, check the server's version and load the functions.

        Raises:
            LinkLost: The server is away, loading, too old, or refuses us.
        """
        try:
            await self.prepare()
            await self.wire.disconnect(nowait=True)
            await self.wire.connect()
        except StoreUnavailable as unavailable:
            raise LinkLost(str(unavailable)) from unavailable
        except _BROKEN as error:
            raise _lost(error) from error
        await self._check_version()
        await self._load_functions()

    async def send(self, commands: Iterable[bytes]) -> None:
        """Send packed *commands* in one go.

        Raises:
            LinkLost: The connection broke.
        """
        try:
            await self.wire.send_packed_command(commands)
        except _BROKEN as error:
            raise _lost(error) from error

    async def receive(self) -> Reply | Refusal:
        """Give the next reply; an error reply is a value, since it concerns one command only.

        Raises:
            LinkLost: The connection broke, the server is still loading its data, or what it says
                is no reply.
        """
        try:
            return await self.wire.read_response(disable_decoding=True)
        except ResponseError as error:
            return _refusal(error)
        except _BROKEN as error:
            raise _lost(error) from error

    async def close(self) -> None:
        """Disconnect."""
        try:
            await self.wire.disconnect()
        except (RedisError, OSError):
            return  # the other side was faster

    async def _check_version(self) -> None:
        reply = await self._ask(b"INFO", b"server")
        found = re.search(
            rb"redis_version:(\d+)\.(\d+)", reply if isinstance(reply, bytes) else b""
        )
        if found and (int(found[1]), int(found[2])) < MINIMUM:
            version = f"{int(found[1])}.{int(found[2])}"
            raise LinkLost(f"its version {version} is below 7.0, which has functions")

    async def _load_functions(self) -> None:
        reply = await self._ask(b"FUNCTION", b"LOAD", SOURCE)
        if isinstance(reply, Refusal) and _LOADED_ALREADY not in reply.text:
            raise LinkLost(f"it did not load the functions: {reply.code} {reply.text}")

    async def _ask(self, *words: bytes) -> Reply | Refusal:
        await self.send([pack(*words)])
        return await self.receive()


def check_options(url: str) -> None:
    """Refuse a *url* with options that no connection can be made of.

    Raises:
        ValueError: An option's value is malformed, or the option does not fit the scheme.
    """
    try:
        _wire_to(url, connect_timeout=1)
    except (RedisError, TypeError) as error:
        raise ValueError(str(error)) from error


def _wire_to(url: str, connect_timeout: float) -> _Wire:
    options = dict(parse_url(url))
    kind = cast("type[Connection]", options.pop("connection_class", Connection))
    wire = kind(
        **{name: value for name, value in options.items() if _HONOURED.fullmatch(name)},  # type: ignore[arg-type]  # checked by redis-py at run time
        # The writer limits the time of a whole batch, so there is no limit for a single reply.
        socket_timeout=None,
        socket_connect_timeout=connect_timeout,
        health_check_interval=0,
        protocol=2,
        driver_info=None,
    )
    return cast("_Wire", wire)


def _refusal(error: ResponseError) -> Refusal:
    text = str(error)
    code, _, rest = text.partition(" ")
    # redis-py cuts the code off where it has a class of its own for it.
    return (
        Refusal(code=error.status_code, text=text)
        if error.status_code
        else Refusal(code=code, text=rest)
    )


def _lost(error: BaseException) -> LinkLost:
    if isinstance(error, ValueError | InvalidResponse):
        return LinkLost(f"it does not speak the Redis protocol: {error}")
    loading = isinstance(error, BusyLoadingError)
    return LinkLost(str(error) or type(error).__name__, loading=loading)
