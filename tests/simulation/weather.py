"""How bad the world is to a simulation: what can go wrong, and how often."""

from collections.abc import Mapping
from typing import Final

import attrs

__all__ = ["CALM", "CLIMATES", "Weather"]


@attrs.frozen(kw_only=True)
class Weather:
    """What can go wrong.

    Attributes:
        cut: Share of batches to the store whose connection is cut before, within or after them.
        late: Share of batches that the server executes when the client has given them up.
        slow: Share of batches that take seconds.
        refused: Share of batches in which a command is refused for the moment.
        kills: Processes killed, a minute.
        pauses: Processes paused, a minute.
        stops: Processes stopped in good order, a minute.
        restarts: Restarts of the store, a minute.
        lost: Share of calls to the workspace whose answer is lost after the effect.
        busy: Share of calls to the workspace that are refused with 429 or 503.
        dragging: Share of calls to the workspace that take seconds.
        doubles: Share of tickets that are delivered twice.
        forgotten: Share of tickets that are lost.
    """

    cut: float = 0.0
    late: float = 0.0
    slow: float = 0.0
    refused: float = 0.0
    kills: float = 0.0
    pauses: float = 0.0
    stops: float = 0.0
    restarts: float = 0.0
    lost: float = 0.0
    busy: float = 0.0
    dragging: float = 0.0
    doubles: float = 0.0
    forgotten: float = 0.0


CALM: Final = Weather()

CLIMATES: Final[Mapping[str, Weather]] = {
    "calm": CALM,
    "crashes": Weather(kills=8),
    "zombies": Weather(pauses=6, doubles=0.1),
    "network": Weather(cut=0.1, slow=0.03, late=0.02, refused=0.02, restarts=1),
    "echoes": Weather(late=0.15, slow=0.05),
    "workspace": Weather(lost=0.3, busy=0.3, dragging=0.1, kills=3),
    "deploys": Weather(stops=6, kills=1, restarts=1),
    "queue": Weather(doubles=0.3, forgotten=0.3, kills=3),
    "all": Weather(
        cut=0.04,
        late=0.01,
        slow=0.02,
        refused=0.01,
        restarts=0.5,
        kills=4,
        pauses=2,
        stops=2,
        lost=0.15,
        busy=0.15,
        dragging=0.05,
        doubles=0.1,
        forgotten=0.1,
    ),
}
