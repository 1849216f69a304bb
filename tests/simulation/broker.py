"""docket as it is documented, in memory: at least once, leased, redelivered, sometimes twice.

A message whose worker does not renew its lease goes to another one. As in docket, whoever is done
with a message removes it, also a worker that was taken for lost and whose successor has it now.
"""

import asyncio
import contextvars
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs
from redis.exceptions import ConnectionError as NotConnected

from tests.simulation.chance import Chance
from tests.simulation.weather import Weather

__all__ = ["Broker", "Message"]

T = TypeVar("T")

_QUICK = 0.001


@attrs.define(eq=False)
class Message:
    """A call to be made by some worker.

    Attributes:
        number: Its place in the order of putting.
        name: The registered name of what is called.
        key: Of two calls with the same key that wait, one is enough.
        given: The arguments.
        leased_at: When its worker last said that it lives, or None while it waits.
    """

    number: int
    name: str
    key: str | None
    given: Mapping[str, Any]
    leased_at: float | None = None


@attrs.define(kw_only=True, eq=False)
class Broker:
    """All messages.

    Attributes:
        weather: Gives how bad the world is now.
        clock: Gives seconds since 1970.
        away: Tells whether the server cannot be reached.
        say: Takes what happened, for the trace.
    """

    chance: Chance
    weather: Callable[[], Weather]
    clock: Callable[[], float]
    away: Callable[[], bool]
    say: Callable[[str, str], None]
    _messages: dict[int, Message] = attrs.field(factory=dict[int, Message])
    _numbers: int = 0
    _news: list[asyncio.Event] = attrs.field(factory=list[asyncio.Event])

    async def reach(self, effect: Callable[[], T]) -> T:
        """Do *effect* at the broker, whose answer may be lost.

        Raises:
            NotConnected: Nobody knows whether it was done.
        """
        await asyncio.sleep(_QUICK)
        cut = self.weather().cut / 2
        if self.away() or self.chance.happens(cut):
            raise NotConnected("Connection refused")
        done = effect()
        if self.chance.happens(cut):
            raise NotConnected("Connection reset by peer")
        return done

    def message(self, name: str, key: str | None, given: Mapping[str, Any]) -> Message:
        """Make a message."""
        self._numbers += 1
        return Message(self._numbers, name, key, given)

    def put(self, message: Message) -> None:
        """Let *message* wait for a worker."""
        if message.key and any(
            each.key == message.key and each.leased_at is None for each in self._messages.values()
        ):
            return
        if self.chance.happens(self.weather().forgotten):
            self.say("docket", f"forgets message {message.number}")
            return
        message.leased_at = None
        self._messages[message.number] = message
        for news in self.chance.shuffled(self._news):
            news.set()

    def put_at(self, message: Message, seconds: float) -> None:
        """Put *message* after so many *seconds*."""
        later = asyncio.get_running_loop().call_later
        # The broker is no part of the process that puts it.
        contextvars.Context().run(later, max(0.0, seconds), self.put, message)

    def take(self, redelivery: float) -> Message | None:
        """Give a message that waits, or whose lease was not renewed for *redelivery* seconds."""
        oldest = self.clock() - redelivery
        for each in self._messages.values():
            if each.leased_at is None or each.leased_at <= oldest:
                double = self.chance.happens(self.weather().doubles)
                each.leased_at = None if double else self.clock()
                return each
        return None

    def renew(self, messages: list[Message]) -> None:
        """Renew the leases of *messages*, as far as they are still there."""
        for each in messages:
            if each.number in self._messages:
                each.leased_at = self.clock()

    def settle(self, message: Message, again_in: float | None = None) -> None:
        """Remove *message*, and put it again after a while where that is said."""
        if self._messages.pop(message.number, None) is not None and again_in is not None:
            self.put_at(attrs.evolve(message, leased_at=None), again_in)

    def tell(self, news: asyncio.Event) -> None:
        """Set *news* whenever a message is put."""
        self._news.append(news)
