"""The SDK's source, read as text: which services there are, and where a class stands."""

import importlib.util
import inspect
import re
from ast import ClassDef, parse
from functools import cache
from pathlib import Path
from typing import cast

__all__ = ["PACKAGE", "class_source", "package_source", "service_names", "text_of"]

PACKAGE = "databricks.sdk"
_PROPERTY = re.compile(r"property\n    def ([a-z]\w*)\(self\) ->")
_CLASS = re.compile(r"^class (\w+)[:(]", re.MULTILINE)
_OUTER = re.compile(r"^[^\s#)]", re.MULTILINE)
_NO_SERVICE = frozenset({"api_client", "config"})
_NO_SOURCES = (
    "the databricks-sdk at {place} has no .py source, from which its services are made"
    " asynchronous: install it unpacked (pip install --force-reinstall databricks-sdk),"
    " or call the API by workspace.do(method, path)"
)


@cache
def service_names(client: str) -> frozenset[str]:
    """Give the names of the services that *client*, a class of the SDK, has; imports nothing.

    Raises:
        ModuleNotFoundError: The SDK is not installed.
        ImportError: It is, but without sources.
    """
    text = package_source()
    _, found, behind = text.partition(f"\nclass {client}:")
    own = re.split(r"\nclass ", behind, maxsplit=1)[0]
    names = frozenset(_PROPERTY.findall(own)) - _NO_SERVICE
    if not found or not names:
        raise ImportError(f"the installed databricks-sdk has no {client} that can be read")
    return names


def class_source(owner: type) -> tuple[ClassDef, str]:
    """Give the syntax tree of *owner*, its lines numbered as in its file, and the file's name.

    Only the class is parsed: its file can have 20,000 lines.

    Raises:
        ImportError: There is no source.
    """
    file = inspect.getsourcefile(owner) or f"<{owner.__module__}>"
    text = text_of(file)
    start = _classes(file)[owner.__name__]
    end = _OUTER.search(text, start + 1)
    # The empty lines before it give each line its number.
    above = "\n" * text.count("\n", 0, start)
    tree = parse(above + text[start : end and end.start()], file)
    return cast("ClassDef", tree.body[0]), file


@cache
def package_source() -> str:
    """Give the source of the SDK's clients.

    Raises:
        ModuleNotFoundError: The SDK is not installed.
        ImportError: It is, but without sources.
    """
    # The parent is an empty namespace; the SDK itself is looked for and not imported.
    spec = importlib.util.find_spec("databricks") and importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise ModuleNotFoundError(
            "databricks-sdk is not installed, whose services are used here:"
            " pip install databricks-sdk",
            name=PACKAGE,
        )
    return text_of(spec.origin or "?")


@cache
def _classes(file: str) -> dict[str, int]:
    return {found[1]: found.start() for found in _CLASS.finditer(text_of(file))}


@cache
def text_of(file: str) -> str:
    """Read the source *file*.

    Raises:
        ImportError: It is none, or not there.
    """
    if not file.endswith(".py") or not Path(file).is_file():
        raise ImportError(_NO_SOURCES.format(place=file), name=PACKAGE, path=file)
    return Path(file).read_text(encoding="utf-8")
