"""Write the type stubs of all services, from the installed SDK: run this file as a module.

`python -m dara_fp.databricks.sdk.stubs` writes them beside this file; ruff formats them.
"""

import builtins
import importlib.metadata
import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from dara_fp.databricks.sdk.classes import asynchronous, reaches_the_network
from dara_fp.databricks.sdk.irregular import REFUSED_SERVICES, Refused
from dara_fp.databricks.sdk.services import original_class
from dara_fp.databricks.sdk.sources import service_names
from dara_fp.databricks.sdk.spelling import Spelling, home

__all__ = ["CLIENTS", "FOLDER", "formatted", "service_classes", "stubs"]

FOLDER = Path(__file__).parent
CLIENTS = {
    "WorkspaceClient": ("workspace_services.pyi", "WorkspaceServices"),
    "AccountClient": ("account_services.pyi", "AccountServices"),
}
"""Which class of ours, in which stub, has the services of which client of the SDK."""

_WRITTEN = (
    "# Written by `make stubs` from the installed databricks-sdk: not for changing by hand.\n"
)
# Parts of the SDK lie in a folder without __init__, which basedpyright takes for untyped.
_UNTYPED = "# pyright: reportMissingTypeStubs=false\n"
# Parameters are named by the SDK, as what Python brings, or as what is said otherwise in asyncio.
_ALLOWED = {"A002": frozenset(dir(builtins)), "ASYNC109": frozenset({"timeout"})}
_NAMED = re.compile(r"(?<![>|] )\b(\w+): ")
_NEWER = "    def __getattr__(self, name: str) -> Any: ...\n"


def stubs() -> dict[str, str]:
    """Give the stubs by file name, not formatted yet; imports the SDK and rewrites all of it."""
    files = {"typed/__init__.pyi": f'{_WRITTEN}SDK: str = "{_version()}"\n'}
    everything: set[type] = set()
    for client, (file, name) in CLIENTS.items():
        services = service_classes(client)
        everything |= {*services.values()}
        files[file] = _client_stub(name, services)
    for one in [*everything]:
        everything |= set(_parts(one))
    for module in sorted({home(one) for one in everything}):
        own = sorted((one for one in everything if home(one) == module), key=_name)
        files[f"typed/{module}.pyi"] = _module_stub(module, own)
    return files


def formatted(files: Mapping[str, str], folder: Path) -> None:
    """Write *files* into *folder*, and have ruff format them."""
    (folder / "typed").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    made = [str(folder / name) for name in files]
    ruff = [sys.executable, "-m", "ruff"]
    sort = ["check", "--quiet", "--isolated", "--select=I", "--fix"]
    subprocess.run([*ruff, *sort, *made], check=True)  # noqa: S603 - on our own files
    layout = ["format", "--quiet", "--isolated", "--line-length=100"]
    subprocess.run([*ruff, *layout, *made], check=True)  # noqa: S603 - likewise


def service_classes(client: str) -> dict[str, type]:
    """Give the SDK's classes of the services that *client* has and are offered here, by name."""
    names = sorted(service_names(client) - {*REFUSED_SERVICES})
    return {name: original_class(client, name) for name in names}


def _version() -> str:
    return importlib.metadata.version("databricks-sdk")


def _name(one: type) -> str:
    return one.__name__


def _parts(original: type) -> Iterator[type]:
    """Give the operations that *original* begins and the services in it."""
    module = sys.modules[original.__module__]
    for _, member in inspect.getmembers(original):
        got = member.fget if isinstance(member, property) else member
        if inspect.isfunction(got):
            returned = inspect.get_annotations(got).get("return")
            named = getattr(module, returned, None) if isinstance(returned, str) else returned
            if reaches_the_network(named):
                yield typing.cast("type", named)


def _client_stub(name: str, services: Mapping[str, type]) -> str:
    spelling = Spelling()
    members = [f"    {each}: {spelling.of(one)}\n" for each, one in services.items()]
    spelling.imports.add("from dara_fp.databricks.sdk.services import Services")
    return _stub(spelling, [f"class {name}(Services):\n{''.join(members)}"])


def _module_stub(module: str, classes: list[type]) -> str:
    spelling = Spelling(module)
    spelling.imports.add("from typing import Any")
    return _stub(spelling, [_class_stub(one, spelling) for one in classes])


def _stub(spelling: Spelling, classes: list[str]) -> str:
    text = "\n".join([*sorted(spelling.imports), *classes])
    untyped = _UNTYPED if "databricks.sdk.common" in text else ""
    named = {*_NAMED.findall(text)}
    codes = ", ".join(code for code, names in _ALLOWED.items() if named & names)
    allowed = f"# ruff: noqa: {codes}\n" if codes else ""
    return f"{_WRITTEN}{untyped}{allowed}\n{text}"


def _class_stub(original: type, spelling: Spelling) -> str:
    made = asynchronous(original)
    names = frozenset(name for name in dir(made) if not name.startswith("_"))
    base = ""
    if "wait" in names and hasattr(made, "__await__"):
        spelling.imports.add("from dara_fp.databricks.sdk.waits import Operation")
        base, names = "(Operation)", names - {"result"}
    members = [_member(made, name, spelling, names) for name in sorted(names)]
    return f"class {original.__name__}{base}:\n{''.join(members)}{_NEWER}"


def _member(made: type, name: str, spelling: Spelling, shadowed: frozenset[str]) -> str:
    member = inspect.getattr_static(made, name)
    if isinstance(member, Refused):
        return ""
    if isinstance(member, property):
        return f"    {name}: {spelling.of(_annotations(member.fget)['return'])}\n"
    return _method(name, member, spelling, shadowed)


def _method(name: str, method: Any, spelling: Spelling, shadowed: frozenset[str]) -> str:
    kinds = _annotations(method)
    said = [
        _parameter(each, kinds.get(each.name, _kind_of_default(name, each)), spelling, shadowed)
        for each in inspect.signature(method).parameters.values()
    ]
    first = [each for each in said if not each.startswith("keyword ")]
    named = [each.removeprefix("keyword ") for each in said if each.startswith("keyword ")]
    star = ["*"] if named else []
    returned = spelling.of(kinds.get("return"), shadowed)
    begins = "async def" if inspect.iscoroutinefunction(method) else "def"
    return f"    {begins} {name}({', '.join([*first, *star, *named])}) -> {returned}: ...\n"


def _parameter(
    each: inspect.Parameter, kind: Any, spelling: Spelling, shadowed: frozenset[str]
) -> str:
    if each.name == "self":
        return "self"
    spelled = spelling.of(kind, shadowed)
    default = "" if each.default is each.empty else " = ..."
    keyword = "keyword " if each.kind is each.KEYWORD_ONLY else ""
    return f"{keyword}{each.name}: {spelled}{default}"


def _kind_of_default(method: str, each: inspect.Parameter) -> Any:
    """Give the type of a parameter that the SDK gives none: some time limits."""
    if isinstance(each.default, timedelta):
        # Passed on to `Wait.result`, which takes seconds, too.
        return timedelta | float | None if method.endswith("_and_wait") else timedelta
    return Any


def _annotations(function: Any) -> dict[str, Any]:
    """Give the types *function* names, as its module sees them and not as its twin does."""
    names = vars(sys.modules[function.__module__])
    return inspect.get_annotations(function, globals=names, eval_str=True)


if __name__ == "__main__":
    formatted(stubs(), FOLDER)
