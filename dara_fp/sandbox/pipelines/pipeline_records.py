"""What a pipeline is: its settings, its updates and what happened in them."""

import time
import uuid
from enum import StrEnum

import attrs
import msgspec

from dara_fp.sandbox.server.errors import missing
from dara_fp.sandbox.server.wire import Json

__all__ = ["ENDED", "Event", "Pipeline", "Source", "State", "Update", "event", "new_id", "now"]

UPDATES_KEPT = 100
EVENTS_KEPT = 1_000


class State(StrEnum):
    """How far an update is."""

    CREATED = "CREATED"
    WAITING_FOR_RESOURCES = "WAITING_FOR_RESOURCES"
    INITIALIZING = "INITIALIZING"
    SETTING_UP_TABLES = "SETTING_UP_TABLES"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


ENDED = frozenset({State.COMPLETED, State.FAILED, State.CANCELED})


class _Place(msgspec.Struct, frozen=True):
    path: str


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the libraries of a pipeline, of which the sandbox knows two kinds."""

    file: _Place | None = None
    notebook: _Place | None = None

    @property
    def path(self) -> str:
        """Where it is; empty where it is nowhere."""
        place = self.file or self.notebook
        return place.path if place else ""


@attrs.frozen(kw_only=True)
class Update:
    """One update; times are in ms since 1970."""

    update_id: str
    creation_time: int
    cause: str
    full_refresh: bool = False
    refresh_selection: tuple[str, ...] = ()
    full_refresh_selection: tuple[str, ...] = ()
    state: State = State.CREATED

    @property
    def selection(self) -> tuple[str, ...]:
        """The tables that are wanted; all of them where there is none."""
        return self.refresh_selection + self.full_refresh_selection

    def moved(self, state: State) -> "Update":
        """Give it in the *state*; one that has ended stays, and one that is stopped ends."""
        stays = self.state in ENDED or (self.state is State.STOPPING and state not in ENDED)
        return self if stays else attrs.evolve(self, state=state)


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened in an update; *error* is the cause of a failure."""

    id: str
    timestamp: int
    update_id: str
    event_type: str
    message: str
    level: str = "INFO"
    dataset: str = ""
    error: str = ""


@attrs.frozen(kw_only=True)
class Pipeline:
    """A pipeline: its settings as they were sent, what it has made, and what it did.

    Attributes:
        pipeline_id: Names it.
        settings: As they were sent.
        last_modified: When the settings came, in ms since 1970.
        tables: Full names of the tables that it has made.
        updates: The newest last.
        events: The newest last.
    """

    pipeline_id: str
    settings: Json
    last_modified: int
    tables: tuple[str, ...] = ()
    updates: tuple[Update, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def name(self) -> str:
        """Its name; empty where it has none."""
        return str(self.settings.get("name") or "")

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its SQL is."""
        return msgspec.convert(self.settings.get("libraries") or (), tuple[Source, ...])

    @property
    def active(self) -> Update | None:
        """The update under way."""
        last = self.updates[-1] if self.updates else None
        return last if last is not None and last.state not in ENDED else None

    def update(self, update_id: str) -> Update:
        """Give the update *update_id*.

        Raises:
            ApiError: 404; there is none, or it is so old that it is forgotten.
        """
        for known in self.updates:
            if known.update_id == update_id:
                return known
        raise missing(f"The specified update {update_id[:100]} was not found.")

    def begun(self, update: Update) -> "Pipeline":
        """Give it with one *update* more."""
        return attrs.evolve(self, updates=(*self.updates, update)[-UPDATES_KEPT:])

    def moved(self, update_id: str, state: State) -> "Pipeline":
        """Give it with the update *update_id* in the *state*, if it can come to it."""
        updates = (
            known.moved(state) if known.update_id == update_id else known for known in self.updates
        )
        return attrs.evolve(self, updates=tuple(updates))

    def noted(self, event: Event) -> "Pipeline":
        """Give it with one *event* more."""
        return attrs.evolve(self, events=(*self.events, event)[-EVENTS_KEPT:])


def event(
    update_id: str,
    kind: str,
    message: str,
    *,
    level: str = "INFO",
    dataset: str = "",
    error: str = "",
) -> Event:
    """Give what happens now."""
    return Event(
        id=new_id(),
        timestamp=now(),
        update_id=update_id,
        event_type=kind,
        message=message,
        level=level,
        dataset=dataset,
        error=error,
    )


def new_id() -> str:
    """Give an id that is nobody's."""
    return str(uuid.uuid4())


def now() -> int:
    """Give the time in ms since 1970."""
    return time.time_ns() // 1_000_000
