"""A signature that is renewed ahead of its end, by one request however many callers wait."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import attrs

from dara_fp.core.errors import Kind, StepError
from dara_fp.databricks.auth.signature import Signature
from dara_fp.databricks.errors import ConnectionFailed, DatabricksError

__all__ = ["Held", "Renewed"]

_log = logging.getLogger("dara_fp.databricks")
_PAUSE = 5.0  # seconds between two failed renewals ahead of time


@attrs.frozen(kw_only=True)
class Held:
    """A signature in use; times are seconds of the clock.

    Attributes:
        signature: What calls are signed with.
        stale: From when on a newer one is fetched while calls go on with this one.
        expires: From when on this one is not used.
    """

    signature: Signature
    stale: float
    expires: float


class Renewed:
    """Holds a signature and fetches the next one, without ever blocking the loop.

    A renewal that fails ahead of time leaves the signature in use until it expires.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Held]],
        *,
        source: str,
        clock: Callable[[], float],
        timeout_seconds: float,
    ) -> None:
        """Fetch from *source*, as it is called in errors, within *timeout_seconds*."""
        self._ask = fetch
        self._source = source
        self._clock = clock
        self._timeout = timeout_seconds
        self._held: Held | None = None
        self._fetching: asyncio.Task[Held] | None = None
        self._not_before = 0.0

    async def signature(self) -> Signature:
        """Give the signature in force, fetching one where there is none.

        Raises:
            DatabricksError: There was none to be had.
        """
        now, held = self._clock(), self._held
        if held is None or now >= held.expires:
            # Shielded: a caller that is cancelled must not take the token from the others.
            return (await asyncio.shield(self._fetch())).signature
        if now >= max(held.stale, self._not_before):
            self._fetch()
        return held.signature

    def forget(self, signature: Signature) -> bool:
        """Give *signature* up if it is still the one in use; tell whether it was."""
        if self._held is None or self._held.signature != signature:
            return False
        self._held = None
        return True

    async def aclose(self) -> None:
        """Stop fetching."""
        if self._fetching is not None and not self._fetching.done():
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    def _fetch(self) -> asyncio.Task[Held]:
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._fetched())
            self._fetching.add_done_callback(_look)
        return self._fetching

    async def _fetched(self) -> Held:
        try:
            async with asyncio.timeout(self._timeout):
                found = await self._ask()
        except TimeoutError:
            self._not_before = self._clock() + _PAUSE
            raise self._too_late() from None
        except DatabricksError as error:
            self._not_before = self._clock() + _PAUSE
            error.sent = False
            raise
        # Set here, not in a callback: whoever comes next must see it at once.
        self._held = found
        return found

    def _too_late(self) -> ConnectionFailed:
        error = ConnectionFailed(
            StepError(
                kind=Kind.TIMEOUT,
                message=f"no token from {self._source} within {self._timeout:g} s",
                retryable=True,
            ),
        )
        error.sent = False
        return error


def _look(fetching: "asyncio.Task[Held]") -> None:
    """Look at how *fetching* ended: where no one waits, asyncio would complain at exit."""
    if not fetching.cancelled() and (error := fetching.exception()):
        _log.debug("no new token: %s", error)
