"""Where the server is, and how connections to it are made: embedded, or by its address."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs

from dara_fp.store.embedded import EmbeddedServer
from dara_fp.store.link import Link, Prepare, nothing
from dara_fp.store.settings import URL_VARIABLE, Fsync, address_of, check_url
from dara_fp.store.writer import Writer

__all__ = ["Place", "find_place"]

CONNECT_SECONDS = 3.0


@attrs.frozen(kw_only=True)
class Place:
    """A server.

    Attributes:
        url: Its address, with its password.
        remedy: What to do when it is away.
        prepare: Awaited before each connecting.
    """

    url: str = attrs.field(repr=False)
    remedy: str
    prepare: Prepare = nothing

    @asynccontextmanager
    async def connect(self, timeout: float) -> AsyncGenerator[Writer]:  # noqa: ASYNC109 - a bound on connecting, not on what follows
        """Give a writer on a connection of its own, made within *timeout* seconds.

        Raises:
            StoreUnavailable: The server is away, too old, refuses us, or takes longer.
        """
        writer = Writer(
            Link.to(
                self.url,
                address=address_of(self.url),
                remedy=self.remedy,
                connect_timeout=CONNECT_SECONDS,
                prepare=self.prepare,
            )
        )
        try:
            await writer.open(timeout)
            yield writer
        finally:
            await writer.close()


@asynccontextmanager
async def find_place(
    url: str | None, data_dir: Path, fsync: Fsync = "everysec"
) -> AsyncGenerator[Place]:
    """Give the server at *url*; for None start the one in *data_dir*, and stop it at the end.

    A server of our own writes to the disk as *fsync* says.

    Raises:
        ValueError: *url* is no address of a Redis-protocol server.
        StoreUnavailable: The embedded server cannot be started.
    """
    if url is not None:
        check_url(url)
        yield Place(url=url, remedy=f"check that it runs and that {URL_VARIABLE} names it")
        return
    server = EmbeddedServer(data_dir, fsync)
    try:
        await server.ensure()
        remedy = f"see {server.log}, or set {URL_VARIABLE} to a running server"
        yield Place(url=server.url, remedy=remedy, prepare=server.ensure)
    finally:
        await server.stop()
