"""The workflows that one executor knows, by name, each with an environment that fits."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from dara_fp.core.errors import ConfigurationError
from dara_fp.core.workflow import Workflow

__all__ = ["registered"]


def registered(
    definitions: Iterable[Workflow[Any, Any]], env: object
) -> Mapping[str, Workflow[Any, Any]]:
    """Give *definitions* by name, after a look at the *env* they are to run with.

    Raises:
        ValueError: Two of them share a name.
        ConfigurationError: *env* lacks something that the environment class of one has.
    """
    found: dict[str, Workflow[Any, Any]] = {}
    for each in definitions:
        if each.name in found:
            raise ValueError(f"two workflows are called {each.name!r}: rename one")
        found[each.name] = each
    for each in found.values():
        _check_env(each, env)
    return found


def _check_env(workflow: Workflow[Any, Any], env: object) -> None:
    needed = workflow.pipeline.env
    if needed is None or isinstance(env, needed):
        return
    names = [field.name for field in attrs.fields(needed)] if attrs.has(needed) else []
    missing = [name for name in names if not hasattr(env, name)]
    if missing or not names:
        lacks = f", without {', '.join(missing)}" if missing else ""
        raise ConfigurationError(
            f"workflow {workflow.name!r} needs an environment like {needed.__name__}, "
            f"got {type(env).__name__}{lacks}"
        )
