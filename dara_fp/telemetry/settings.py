"""What telemetry reads from its environment."""

import os
import re
from collections.abc import Mapping
from typing import Literal, Self

import attrs

from dara_fp.core.errors import ConfigurationError

__all__ = ["Address", "TelemetrySettings"]

_ON = {"1": True, "true": True, "on": True, "": False, "0": False, "false": False, "off": False}
_LISTEN = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[\w.-]+)):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535


@attrs.frozen
class Address:
    """Where to listen.

    Attributes:
        host: A name or an IP address.
        port: 0 lets the system choose.
    """

    host: str
    port: int


@attrs.frozen(kw_only=True)
class TelemetrySettings:
    """What is switched on. Tracing is not here: it is on where a tracer provider was set.

    Attributes:
        log: How the commands write their log: for people, or as one JSON object a line.
        metrics: Whether anything is counted.
        listen: Where a worker shows its metrics, or None.
    """

    log: Literal["plain", "json"] = "plain"
    metrics: bool = False
    listen: Address | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read `DARA_LOG`, `DARA_METRICS` and `DARA_METRICS_LISTEN`.

        Raises:
            ConfigurationError: Names the first variable whose value does not fit.
        """
        log, listen = _log(environ), _listen(environ)
        return cls(log=log, metrics=_metrics(environ) or listen is not None, listen=listen)


def _log(environ: Mapping[str, str]) -> Literal["plain", "json"]:
    text = _lower(environ, "DARA_LOG")
    if text == "json":
        return "json"
    if text not in {"", "plain"}:
        raise ConfigurationError(f"DARA_LOG is {text!r:.100}: give plain or json")
    return "plain"


def _metrics(environ: Mapping[str, str]) -> bool:
    text = _lower(environ, "DARA_METRICS")
    if text not in _ON:
        raise ConfigurationError(f"DARA_METRICS is {text!r:.100}: give 1 for on or 0 for off")
    return _ON[text]


def _listen(environ: Mapping[str, str]) -> Address | None:
    text = _lower(environ, "DARA_METRICS_LISTEN")
    if not text:
        return None
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"]) > _LAST_PORT:
        raise ConfigurationError(
            f"DARA_METRICS_LISTEN is {text!r:.100}: give HOST:PORT, such as 127.0.0.1:9102"
        )
    return Address(found["v6"] or found["name"], int(found["port"]))


def _lower(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip().lower()
