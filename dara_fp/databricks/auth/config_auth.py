"""Signing in as the official SDK does: profiles, Azure, Google, notebooks, command lines.

The SDK's `Config` finds the way and keeps its tokens. It blocks, for minutes at times, so it lives
in a thread of its own that nobody waits for longer than a limit, not even the end of the program.
"""

import importlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from dara_fp.core.errors import ConfigurationError, Kind, StepError
from dara_fp.databricks.auth.renewal import Held, Renewed
from dara_fp.databricks.auth.sdk_variables import (
    Attribute,
    read_by_itself,
    sensitive_of,
    told_by,
)
from dara_fp.databricks.auth.settings import Settings
from dara_fp.databricks.auth.signature import Signature
from dara_fp.databricks.errors import ConnectionFailed, DatabricksError, Unauthenticated
from dara_fp.databricks.http.redaction import without
from dara_fp.databricks.http.refusals import excerpt
from dara_fp.databricks.http.threads import Background

__all__ = ["ConfigAuth", "SdkConfig", "official_config"]

_STALE = 30.0  # seconds; the SDK keeps its tokens, and renews them when it is asked
_EXPIRES = 300.0  # seconds without a call after which the SDK is asked first
_NETWORK_SECONDS = 5  # for the SDK's own look at a host, which would try for five minutes
_LIMIT = 30.0
_PERSON = 300.0  # seconds for a person to sign in, in a browser
_SAID = 1_000


class SdkConfig(Protocol):
    """What is used of the SDK's `Config`."""

    host: str | None
    workspace_id: str | None
    auth_type: str | None

    def attributes(self) -> Sequence[Attribute]:
        """Tell what it can be told."""
        ...

    def authenticate(self) -> dict[str, str]:
        """Give headers that sign a call."""
        ...


def official_config(environ: Mapping[str, str] | None = None, **given: Any) -> SdkConfig:
    """Give the installed SDK's `Config`; it reads the environment, files and the network.

    Args:
        environ: The variables that it finds; None for those of the process.
        given: What goes before them, by the names of its attributes.

    Raises:
        ConfigurationError: It cannot be held to *environ*.
        ValueError: It finds no way to sign in.
    """
    config = importlib.import_module("databricks.sdk.core").Config
    if environ is None:
        return cast("SdkConfig", config(**given))
    told = told_by(environ, config.attributes())
    found = cast("SdkConfig", _held_to_what_it_is_told(config)(**{**told, **given}))
    if names := read_by_itself(environ, found.auth_type):
        raise ConfigurationError(
            f"it found the way {found.auth_type} by variables of the process ({', '.join(names)})"
            " that are not as in those given: name another way by DATABRICKS_AUTH_TYPE"
        )
    return found


class ConfigAuth:
    """Signs as the official SDK finds out to; it is asked every now and then while calls go on."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.monotonic,
        timeout_seconds: float | None = None,
        make: Callable[..., SdkConfig] = official_config,
    ) -> None:
        """Sign in as *settings* say, by what *make* makes, within *timeout_seconds*."""
        self._settings = settings
        self._clock = clock
        self._make = make
        self._config: SdkConfig | None = None
        self._secrets = settings.secrets
        self._background = Background("dara-fp-sign-in")
        self._renewed = Renewed(
            self._fetch,
            source=_told(settings),
            clock=clock,
            timeout_seconds=timeout_seconds or _patience(settings),
        )

    @property
    def kind(self) -> str:
        """Name the kind the SDK has found, or what it was told."""
        found = self._config.auth_type if self._config is not None else None
        return found or dict(self._settings.config or {}).get("auth_type") or "sdk-config"

    async def signature(self) -> Signature:
        """Give what to sign with, asking the SDK where that is old.

        Raises:
            DatabricksError: The SDK cannot sign in, or takes too long.
        """
        return await self._renewed.signature()

    def forget(self, signature: Signature) -> bool:
        """Give up *signature*, and the SDK's own tokens with it, if it is the one in use."""
        if self._renewed.forget(signature):
            self._config = None
        return True

    async def aclose(self) -> None:
        """Stop asking."""
        await self._renewed.aclose()

    async def _fetch(self) -> Held:
        began = self._clock()
        found = await self._background.run(self._signed)
        if isinstance(found, BaseException):
            raise self._failure(found)
        return Held(signature=found, stale=began + _STALE, expires=began + _EXPIRES)

    def _signed(self) -> Signature:
        """Ask the SDK, in the background thread."""
        config = self._config or self._made()
        self._secrets = (*self._settings.secrets, *sensitive_of(config, config.attributes()))
        headers = {str(name): str(value) for name, value in config.authenticate().items()}
        self._config = config
        host = self._settings.host or (config.host or "").rstrip("/")
        workspace_id = str(config.workspace_id) if config.workspace_id else None
        return Signature(headers=headers, host=host, workspace_id=workspace_id)

    def _made(self) -> SdkConfig:
        return self._make(
            environ=self._settings.environ,
            **dict(self._settings.config or {}),
            http_timeout_seconds=_NETWORK_SECONDS,
            retry_timeout_seconds=_NETWORK_SECONDS,
        )

    def _failure(self, trouble: BaseException) -> DatabricksError:
        if not isinstance(trouble, Exception):
            raise trouble
        passes = any(_is_network(each) for each in _causes(trouble))
        said = excerpt(without(str(trouble), self._secrets), _SAID)
        return (ConnectionFailed if passes else Unauthenticated)(
            StepError(
                kind=Kind.FAILED if passes else Kind.REJECTED,
                message=f"cannot sign in by {_told(self._settings)}:"
                f" {type(trouble).__name__}: {said or 'no reason given'}",
                retryable=passes,
            ),
        )


def _held_to_what_it_is_told(config: type) -> Callable[..., Any]:
    """Give the SDK's class *config* as one that looks for no variables of the process."""
    if not hasattr(config, "_load_from_env"):
        raise ConfigurationError(
            "the installed databricks-sdk cannot be held to other variables than those of the"
            " process: give os.environ, or another version of it"
        )
    return type(config.__name__, (config,), {"_load_from_env": _looked_for_none})


def _looked_for_none(_config: object) -> None:
    """Load nothing from the environment: all of it was told."""


def _told(settings: Settings) -> str:
    """Name what the SDK was told, for an error; none of it is a secret."""
    given = dict(settings.config or {})
    named = {name: given.get(name) for name in ("profile", "auth_type")}
    told = [f"{name} {value!r}" for name, value in named.items() if value]
    where = f" at {settings.host}" if settings.host else ""
    return f"the SDK's configuration ({', '.join(told) or 'found by itself'}){where}"


def _patience(settings: Settings) -> float:
    browser = dict(settings.config or {}).get("auth_type") == "external-browser"
    return _PERSON if browser else _LIMIT


def _causes(trouble: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = trouble
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _is_network(trouble: BaseException) -> bool:
    """Tell a lost connection, which may be there later, from what the SDK says for good."""
    if isinstance(trouble, TimeoutError | ConnectionError):
        return True
    names = {base.__name__ for base in type(trouble).__mro__}
    ours = type(trouble).__module__.partition(".")[0] == "requests"  # which is not imported here
    return ours and bool(names & {"ConnectionError", "Timeout"})
