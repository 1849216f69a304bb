"""Where a workspace is and who calls it, checked before anything is sent."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import attrs

from dara_fp.core.errors import ConfigurationError

__all__ = ["ARGUMENTS", "ENVIRONMENT", "Settings", "checked", "settings_from"]

ENVIRONMENT: Mapping[str, str] = {
    "host": "DATABRICKS_HOST",
    "token": "DATABRICKS_TOKEN",
    "client_id": "DATABRICKS_CLIENT_ID",
    "client_secret": "DATABRICKS_CLIENT_SECRET",
    "workspace_id": "DATABRICKS_WORKSPACE_ID",
}
ARGUMENTS: Mapping[str, str] = {name: name for name in ENVIRONMENT}

_VISIBLE = re.compile(r"[\x21-\x7e]+")


@attrs.frozen(kw_only=True)
class Settings:
    """The address of a workspace and the credentials of its caller.

    Attributes:
        host: Origin of the workspace, such as `https://adb-1.azuredatabricks.net`.
        token: Personal access token, if that is how the caller signs in.
        client_id: OAuth client, if the caller signs in as a service principal.
        client_secret: Its secret.
        workspace_id: Id to send along, where it is known.
    """

    host: str
    token: str | None = attrs.field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = attrs.field(default=None, repr=False)
    workspace_id: str | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Give what must not be shown."""
        return tuple(secret for secret in (self.token, self.client_secret) if secret)


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a workspace from *environ*; a blank variable counts as unset.

    Raises:
        ConfigurationError: Variables are missing, malformed or contradict each other; every one
            at fault is named.

    >>> settings_from({"DATABRICKS_HOST": "adb-1.azuredatabricks.net/", "DATABRICKS_TOKEN": "t"})
    Settings(host='https://adb-1.azuredatabricks.net', client_id=None, workspace_id=None)
    """
    given = {
        name: environ.get(variable, "").strip() or None for name, variable in ENVIRONMENT.items()
    }
    return checked(given, names=ENVIRONMENT)


def checked(given: Mapping[str, str | None], *, names: Mapping[str, str] = ARGUMENTS) -> Settings:
    """Give the settings *given*, called by *names* in what is wrong with them.

    Raises:
        ConfigurationError: They cannot work.
    """
    problems = [
        *_problems_of_host(given.get("host"), names["host"]),
        *_problems_of_choice(given, names),
        *_problems_of_text(given, names),
    ]
    if problems:
        raise ConfigurationError("cannot call a Databricks workspace: " + "; ".join(problems))
    known = {name: given.get(name) for name in names if name != "host"}
    return Settings(host=_origin(given.get("host") or ""), **known)


def _problems_of_host(host: str | None, name: str) -> list[str]:
    if not host:
        return [
            f"{name} is not set: give the workspace's address, such as https://adb-1.azuredatabricks.net"
        ]
    try:
        parts = _split(host)
        is_address = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return [f"{name} is no address: give one such as https://adb-1.azuredatabricks.net"]
    if parts.username is not None or parts.password is not None:
        return [f"{name} holds a user name or password: take it out"]
    if parts.scheme not in {"http", "https"} or not is_address or not _VISIBLE.fullmatch(host):
        return [f"{name} is {host!r}: give an http or https address"]
    if parts.path.rstrip("/") or parts.query or parts.fragment:
        return [f"{name} is {host!r}: give the address without a path, {_origin(host)}"]
    return []


def _problems_of_choice(given: Mapping[str, str | None], names: Mapping[str, str]) -> list[str]:
    token, client, secret = (given.get(name) for name in ("token", "client_id", "client_secret"))
    ours = {name: names[name] for name in ("token", "client_id", "client_secret")}
    oauth = [ours[name] for name in ("client_id", "client_secret") if given.get(name)]
    if token and oauth:
        found = " and ".join((ours["token"], *oauth))
        return [f"{found} are set, which contradict each other: keep the token or the client"]
    if client and not secret:
        return [f"{ours['client_id']} is set without {ours['client_secret']}"]
    if secret and not client:
        return [f"{ours['client_secret']} is set without {ours['client_id']}"]
    if not token and not client:
        both = f"{ours['client_id']} and {ours['client_secret']}"
        return [f"neither {ours['token']} nor {both} are set: set the token or the client"]
    return []


def _problems_of_text(given: Mapping[str, str | None], names: Mapping[str, str]) -> list[str]:
    # The value is a secret, or goes into a header: it is not shown, and has to be one visible line.
    return [
        f"{names[name]} holds a space or a character that cannot be sent in a header"
        for name in ("token", "client_id", "client_secret", "workspace_id")
        if (value := given.get(name)) and not _VISIBLE.fullmatch(value)
    ]


def _origin(host: str) -> str:
    parts = _split(host)
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port not in {None, standard} else ""
    return f"{parts.scheme}://{name}{port}"


def _split(host: str) -> SplitResult:
    return urlsplit(host if "://" in host else f"https://{host}")
