"""Finding apps and workflows by the names that users type."""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from fastapi import FastAPI

from dara_fp.api.app import create_app
from dara_fp.cli.mistakes import CannotLoad
from dara_fp.core.workflow import Workflow

__all__ = ["load_app", "load_workflow", "workflows_of"]


def load_app(target: str) -> FastAPI:
    """Give the app that *target* names: `module:app`, `module:workflow` or `module`.

    A module without an attribute `app` is served with every workflow it defines.

    Raises:
        CannotLoad: Says what was looked for and what there is.
    """
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


def load_workflow(name: str, shipped: str) -> Workflow[Any, Any]:
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
    return found


def workflows_of(module: ModuleType) -> list[Workflow[Any, Any]]:
    """Give the workflows in *module*: its variables, and those of its app."""
    found: dict[str, Workflow[Any, Any]] = {}
    for value in vars(module).values():
        if isinstance(value, Workflow):
            found[value.name] = value
        elif isinstance(value, FastAPI):
            found |= {each.name: each for each in getattr(value.state, "workflows", ())}
    return list(found.values())


def _module(name: str) -> ModuleType:
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(name.removesuffix(".py").replace("/", "."))
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
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
