"""Variables for the official SDK's `Config`: what it can be told, and what it reads itself."""

import os
from collections.abc import Iterable, Mapping
from typing import Protocol

__all__ = ["Attribute", "read_by_itself", "sensitive_of", "told_by"]

# By the name of the way to sign in (databricks-sdk 0.156, `credentials_provider`, `oidc`).
_READS: Mapping[str, tuple[str, ...]] = {
    "runtime": ("DATABRICKS_RUNTIME_VERSION",),
    "runtime-oauth": ("DATABRICKS_RUNTIME_VERSION",),
    "github-oidc": ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"),
    "github-oidc-azure": ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"),
    "azure-devops-oidc": (
        "SYSTEM_ACCESSTOKEN",
        "SYSTEM_HOSTTYPE",
        "SYSTEM_JOBID",
        "SYSTEM_PLANID",
        "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
        "SYSTEM_TEAMPROJECTID",
    ),
    "model-serving": (
        "DATABRICKS_MODEL_SERVING_HOST_URL",
        "DB_MODEL_SERVING_HOST_URL",
        "IS_IN_DATABRICKS_MODEL_SERVING_ENV",
        "IS_IN_DB_MODEL_SERVING_ENV",
        "SERVING_CREDENTIALS_DIR",
    ),
}


class Attribute(Protocol):
    """What is used of an attribute that the SDK's `Config` says it has."""

    name: str
    env: str | None
    sensitive: bool


def told_by(environ: Mapping[str, str], attributes: Iterable[Attribute]) -> dict[str, str]:
    """Give the values of *attributes* by name that *environ* has, as the SDK would find them."""
    found: dict[str, str] = {}
    for attribute in attributes:
        names = (attribute.env or "", *getattr(attribute, "env_aliases", ()))
        if value := next(filter(None, map(environ.get, names)), None):
            found[attribute.name] = value
    return found


def sensitive_of(config: object, attributes: Iterable[Attribute]) -> tuple[str, ...]:
    """Give the values of those *attributes* of *config* that it shows nobody."""
    names = [attribute.name for attribute in attributes if attribute.sensitive]
    return tuple(str(value) for name in names if (value := getattr(config, name, None)))


def read_by_itself(environ: Mapping[str, str], kind: str | None) -> tuple[str, ...]:
    """Name what the way *kind*, or any for None, reads of the process otherwise than *environ* has.

    >>> read_by_itself({"DATABRICKS_OIDC_TOKEN": "of-nobody"}, "env-oidc")
    ('DATABRICKS_OIDC_TOKEN',)
    """
    token = environ.get("DATABRICKS_OIDC_TOKEN_ENV") or "DATABRICKS_OIDC_TOKEN"
    reads = {**_READS, "env-oidc": (token,)}
    names = reads.get(kind, ()) if kind else {name for each in reads.values() for name in each}
    return tuple(sorted(name for name in names if environ.get(name) != os.environ.get(name)))
