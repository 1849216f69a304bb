"""Finding apps and workflows by the names that users type."""

import importlib
import sys
from pathlib import Path, PurePath
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import attrs

from dara_fp.cli.mistakes import CannotLoad
from dara_fp.core.workflow import Workflow

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["Loaded", "load_app", "load_workflow", "workflows_of"]


@attrs.frozen(kw_only=True)
class Loaded:
    """A workflow that was found in a module.

    Attributes:
        workflow: The workflow.
        env: The environment that the module's app was given for it, if any.
    """

    workflow: Workflow[Any, Any]
    env: object = None


def load_app(target: str) -> "FastAPI":
    """Give the app that *target* names: `module:app`, `module:workflow` or `module`.

    A module without an attribute `app` is served with every workflow it defines.

    Raises:
        CannotLoad: Says what was looked for and what there is.
    """
    # Drawing a workflow needs neither a server nor a store, and loads faster without them.
    from fastapi import FastAPI  # noqa: PLC0415

    from dara_fp.api.app import create_app  # noqa: PLC0415

    module_name, _, attribute = target.partition(":")
    module = _module(module_name)
    found = _attribute(module, attribute) if attribute else getattr(module, "app", None)
    if isinstance(found, FastAPI):
        return found
    workflows = _several(found) if attribute else workflows_of(module)
    if attribute and not workflows:
        kind = type(found).__name__
        raise CannotLoad(f"{target} is a {kind}: name an app or a workflow")
    if not workflows:
        raise CannotLoad(
            f"module {module_name!r} has neither an `app` nor workflows: "
            "write app = create_app([workflow(...)])"
        )
    return create_app(workflows)


def load_workflow(name: str, shipped: str) -> Loaded:
    """Give the workflow *name*: one of the module *shipped*, or `module:name` of another.

    After the colon stands the workflow's name or the variable that holds it.

    Raises:
        CannotLoad: Says which workflows there are.
    """
    module_name, _, wanted = name.rpartition(":")
    module = _module(module_name or shipped)
    known = {each.name: each for each in workflows_of(module)}
    found = known.get(wanted) or next(iter(_several(getattr(module, wanted, None))), None)
    if found is None:
        there = ", ".join(sorted(known)) or "none"
        raise CannotLoad(f"no workflow {wanted!r} in {module.__name__}; there are: {there}")
    apps = [each for each in vars(module).values() if found in _workflows_served(each)]
    return Loaded(workflow=found, env=apps[0].state.env if apps else None)


def workflows_of(module: ModuleType) -> list[Workflow[Any, Any]]:
    """Give the workflows in *module*: its variables, and those of its app."""
    found: dict[str, Workflow[Any, Any]] = {}
    for value in vars(module).values():
        if isinstance(value, Workflow):
            found[value.name] = value
        found |= {each.name: each for each in _workflows_served(value)}
    return list(found.values())


def _workflows_served(value: Any) -> tuple[Workflow[Any, Any], ...]:
    """Give the workflows of an app, known by its state; none of anything else."""
    return tuple(_several(getattr(getattr(value, "state", None), "workflows", ())))


def _module(name: str) -> ModuleType:
    file = PurePath(name.removesuffix(".py"))
    path = ".".join(file.parts)
    folder = str(Path.cwd())
    if file.is_absolute() or not all(path.split(".")):
        raise CannotLoad(
            f"{name!r} names no module: give one below {folder}, such as flows or my/flows.py"
        )
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name == path or path.startswith(f"{error.name}."):
            raise CannotLoad(f"no module {name!r} here or on the path ({folder})") from error
        raise


def _attribute(module: ModuleType, name: str) -> object:
    if not hasattr(module, name):
        raise CannotLoad(f"module {module.__name__!r} has no {name!r}")
    found: object = getattr(module, name)
    return found


def _several(found: Any) -> list[Workflow[Any, Any]]:
    """Give the workflows that *found* is or holds."""
    items = cast("list[Any]", found) if isinstance(found, list | tuple) else [found]
    return [each for each in items if isinstance(each, Workflow)]
