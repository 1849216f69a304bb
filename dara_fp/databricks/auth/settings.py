"""Where a workspace is and who calls it, checked before anything is sent."""

import os
import re
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

import attrs

from dara_fp.core.errors import ConfigurationError
from dara_fp.databricks.auth.profiles import read_profile
from dara_fp.databricks.auth.sdk_variables import read_by_itself

__all__ = ["ARGUMENTS", "ENVIRONMENT", "Settings", "checked", "settings_from"]

ENVIRONMENT: Mapping[str, str] = {
    "host": "DATABRICKS_HOST",
    "token": "DATABRICKS_TOKEN",
    "client_id": "DATABRICKS_CLIENT_ID",
    "client_secret": "DATABRICKS_CLIENT_SECRET",
    "workspace_id": "DATABRICKS_WORKSPACE_ID",
    "account_id": "DATABRICKS_ACCOUNT_ID",
    "auth_type": "DATABRICKS_AUTH_TYPE",
    "profile": "DATABRICKS_CONFIG_PROFILE",
    "config_file": "DATABRICKS_CONFIG_FILE",
}
ARGUMENTS: Mapping[str, str] = {name: name for name in ENVIRONMENT}

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_EXAMPLE = "https://adb-1.azuredatabricks.net"
_NATIVE = {None, "pat", "oauth-m2m"}

# What tells the official SDK of a way to sign in that is not ours (databricks-sdk 0.156, `Config`);
# with those in the first set it may find the host itself.
_WAYS_WITH_HOST = frozenset(
    {
        "DATABRICKS_AZURE_RESOURCE_ID",
        "DATABRICKS_RUNTIME_VERSION",
        "IS_IN_DATABRICKS_MODEL_SERVING_ENV",
        "IS_IN_DB_MODEL_SERVING_ENV",
        "azure_workspace_resource_id",
    }
)
_ALL_WAYS = _WAYS_WITH_HOST | {
    "ARM_CLIENT_ID",
    "ARM_USE_MSI",
    "DATABRICKS_GOOGLE_SERVICE_ACCOUNT",
    "DATABRICKS_METADATA_SERVICE_URL",
    "DATABRICKS_OIDC_TOKEN",
    "DATABRICKS_OIDC_TOKEN_ENV",
    "DATABRICKS_OIDC_TOKEN_FILE",
    "DATABRICKS_OIDC_TOKEN_FILEPATH",
    "DATABRICKS_USERNAME",
    "GOOGLE_CREDENTIALS",
}


@attrs.frozen(kw_only=True)
class Settings:
    """The address of a workspace and the credentials of its caller.

    Attributes:
        host: Origin of the workspace, such as `https://adb-1.azuredatabricks.net`; empty where only
            the SDK's configuration can tell it.
        token: Personal access token, if that is how the caller signs in.
        client_id: OAuth client, if the caller signs in as a service principal.
        client_secret: Its secret.
        workspace_id: Id to send along, where it is known.
        account_id: Id of the account, where that is what is called.
        config: What the official SDK's `Config` is told, where that one is to sign in.
        environ: The variables that count beside all this; None for those of the process.
        named_by: What names the host, for an error.
    """

    host: str
    token: str | None = attrs.field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = attrs.field(default=None, repr=False)
    workspace_id: str | None = None
    account_id: str | None = attrs.field(default=None, repr=False)
    config: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    environ: Mapping[str, str] | None = attrs.field(default=None, repr=False, eq=False)
    named_by: str = attrs.field(default="the argument host", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Give what must not be shown."""
        return tuple(secret for secret in (self.token, self.client_secret) if secret)


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a workspace from *environ*; a blank variable counts as unset.

    A profile of `~/.databrickscfg` is read where `DATABRICKS_CONFIG_PROFILE` names one, or where
    nothing else says who calls; variables go before it. Other ways to sign in than by a token or a
    client are left to the official SDK, which finds no other variables than those of *environ*
    either. The programs and libraries that it asks, such as `az`, run in the environment of the
    process; and what it can only read there, as the token of a GitHub action, has to be there as
    it is in *environ*.

    Raises:
        ConfigurationError: Variables are missing, malformed or contradict each other; every one
            at fault is named.

    >>> settings_from({"DATABRICKS_HOST": "adb-1.azuredatabricks.net/", "DATABRICKS_TOKEN": "t"})
    Settings(host='https://adb-1.azuredatabricks.net', client_id=None, workspace_id=None)
    """
    given = {
        name: environ.get(variable, "").strip() or None for name, variable in ENVIRONMENT.items()
    }
    return checked(given, names=ENVIRONMENT, environ=environ)


def checked(
    given: Mapping[str, str | None],
    *,
    names: Mapping[str, str] = ARGUMENTS,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Give the settings *given*, called by *names* in what is wrong with them.

    Args:
        given: The settings by name; blank ones count as missing.
        names: What they are called.
        environ: Variables that may tell of other ways to sign in, and whose home has profiles;
            None for arguments alone, beside which the SDK reads the variables of the process.

    Raises:
        ConfigurationError: They cannot work.
    """
    given, names, of_profile = _with_profile(given, names, environ)
    ways = of_profile | {name for name, value in (environ or {}).items() if value} & _ALL_WAYS
    own = None if environ is os.environ or environ is None else dict(environ)
    if _is_native(given, ways):
        return attrs.evolve(_native(given, names), environ=own)
    return _by_config(given, names, own, hostless=bool(ways & _WAYS_WITH_HOST))


def _with_profile(
    given: Mapping[str, str | None], names: Mapping[str, str], environ: Mapping[str, str] | None
) -> tuple[Mapping[str, str | None], Mapping[str, str], frozenset[str]]:
    """Complete *given* and *names* by the profile in force, if any, and tell which keys it has."""
    name = given.get("profile")
    if name is None and not _may_default(given, environ or {}):
        return given, names, frozenset()
    file = given.get("config_file") or _file_of(environ)
    if (found := read_profile(name, file, named_by=names["profile"])) is None:
        return given, names, frozenset()
    taken = {
        key: value
        for key, value in found.values.items()
        if key in ENVIRONMENT and not given.get(key)
    }
    told = {key: f"{key} of {found.told}" for key in taken}
    # Named, so that the SDK finds it too, where that is who signs in.
    everything = {**given, **taken, "profile": found.name, "config_file": file}
    return everything, {**names, **told}, frozenset({*found.values, "profile"})


def _file_of(environ: Mapping[str, str] | None) -> str | None:
    """Give the file of profiles, None for that of the user of the process."""
    if environ is None:
        return os.environ.get(ENVIRONMENT["config_file"])
    home = _home(environ)
    return None if home in {None, _home(os.environ)} else f"{home}/.databrickscfg"


def _home(environ: Mapping[str, str]) -> str | None:
    return environ.get("HOME") or environ.get("USERPROFILE")


def _may_default(given: Mapping[str, str | None], environ: Mapping[str, str]) -> bool:
    """Tell whether a default profile is looked for: the environment is read and says nothing."""
    said = any(given.get(name) for name in ("host", "token", "client_id", "client_secret"))
    ways = any(environ.get(name) for name in _ALL_WAYS)
    return bool(_home(environ)) and not said and not ways


def _is_native(given: Mapping[str, str | None], ways: frozenset[str]) -> bool:
    """Tell whether the caller signs in by a token or a client, which needs no SDK."""
    if given.get("auth_type") not in _NATIVE:
        return False
    client = given.get("client_id") and given.get("client_secret")
    return bool(given.get("token") or client or not ways)


def _native(given: Mapping[str, str | None], names: Mapping[str, str]) -> Settings:
    problems = [
        *_problems_of_host(given.get("host"), names["host"]),
        *_problems_of_choice(given, names),
        *_problems_of_text(given, names),
    ]
    _raise(problems)
    return _settings(given, names)


def _by_config(
    given: Mapping[str, str | None],
    names: Mapping[str, str],
    environ: Mapping[str, str] | None,
    *,
    hostless: bool,
) -> Settings:
    host = given.get("host")
    of_host = [] if hostless and not host else _problems_of_host(host, names["host"])
    of_process = _problems_of_process(environ or {}, given.get("auth_type"))
    _raise([*of_host, *_problems_of_text(given, names), *of_process])
    config = {name: value for name, value in given.items() if value}
    return attrs.evolve(_settings(given, names), config=config, environ=environ)


def _settings(given: Mapping[str, str | None], names: Mapping[str, str]) -> Settings:
    return Settings(
        host=_origin(host) if (host := given.get("host")) else "",
        token=given.get("token"),
        client_id=given.get("client_id"),
        client_secret=given.get("client_secret"),
        workspace_id=given.get("workspace_id"),
        account_id=given.get("account_id"),
        named_by="the argument host" if names["host"] == "host" else names["host"],
    )


def _raise(problems: list[str]) -> None:
    if problems:
        raise ConfigurationError("cannot call a Databricks workspace: " + "; ".join(problems))


def _problems_of_host(host: str | None, name: str) -> list[str]:
    if not host:
        return [f"{name} is not set: give the workspace's address, such as {_EXAMPLE}"]
    try:
        parts = _split(host)
        is_address = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return [f"{name} is no address: give one such as {_EXAMPLE}"]
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
        return [
            (
                f"neither {ours['token']} nor {both} are set: set the token or the client,"
                f" name a profile by {names['profile']}, or another way to sign in by"
                f" {names['auth_type']}"
            )
        ]
    return []


def _problems_of_text(given: Mapping[str, str | None], names: Mapping[str, str]) -> list[str]:
    # The value is a secret, or goes into a header: it is not shown, and has to be one visible line.
    return [
        f"{names[name]} holds a space or a character that cannot be sent in a header"
        for name in ("token", "client_id", "client_secret", "workspace_id")
        if (value := given.get(name)) and not _VISIBLE.fullmatch(value)
    ]


def _problems_of_process(environ: Mapping[str, str], kind: str | None) -> list[str]:
    return [
        f"{name} is read by the SDK from the environment of the process, where it is another one"
        " or none: set it there, too"
        for name in read_by_itself(environ, kind)
        if environ.get(name)
    ]


def _origin(host: str) -> str:
    parts = _split(host)
    standard = {"https": 443, "http": 80}.get(parts.scheme)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port not in {None, standard} else ""
    return f"{parts.scheme}://{name}{port}"


def _split(host: str) -> SplitResult:
    return urlsplit(host if "://" in host else f"https://{host}")
