"""Runs one notebook in a process of its own: a program that imports nothing of the package.

It is called with the name of a JSON file that says what to run and where to leave the result. Cells
run in order in one namespace, with `dbutils` and `display`, and may await at their top.
"""

import ast
import base64
import inspect
import json
import linecache
import os
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

__all__ = ["HEADER", "SEPARATOR", "cells_of"]

HEADER = "# Databricks notebook source"
"""The first line of a Python notebook that is kept as source."""

SEPARATOR = "# COMMAND ----------"
"""The line between two cells of one."""

_MAGIC = "# MAGIC"
_TEXT = frozenset({"md", "md-sandbox"})
_CODE = frozenset({"pip", "python", "restart_python"})
_INSTALLS = ("%pip", "%restart_python")
_DEEPEST = 20


def cells_of(text: str) -> list[str]:
    r"""Give the code and text cells of the notebook *text*, which is JSON or source.

    >>> cells_of("# Databricks notebook source\nx = 1\n\n# COMMAND ----------\n\n# MAGIC %md hi\n")
    ['x = 1', '%md hi']

    Raises:
        ValueError: It is neither.
    """
    if text.startswith(HEADER):
        blocks = text.removeprefix(HEADER).split(SEPARATOR)
        return [cell for block in blocks if (cell := _without_magic(block))]
    try:
        cells = json.loads(text)["cells"]
        return [_code_of(cell) for cell in cells if cell["cell_type"] in {"code", "markdown"}]
    except (KeyError, TypeError) as error:
        raise ValueError(f"the notebook's JSON lacks {error}") from error
    except ValueError as error:
        raise ValueError(f"no notebook: it begins neither with {HEADER!r} nor as JSON") from error


def _code_of(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return text if cell["cell_type"] == "code" else f"%md\n{text}"


def _without_magic(block: str) -> str:
    lines = block.strip("\n").splitlines()
    if any(line.startswith(_MAGIC) for line in lines):
        lines = [line.removeprefix(_MAGIC).removeprefix(" ") for line in lines]
    return "\n".join(lines).strip("\n")


class _Exited(BaseException):
    """The notebook has called `dbutils.notebook.exit`; no cell may catch it by `Exception`."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class InputWidgetNotDefined(Exception):
    """There is no widget of this name."""


class _Widgets:
    """`dbutils.widgets`: what was given goes before what the notebook has as default."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = dict(given)
        self._defaults: dict[str, str] = {}

    def text(self, name: str, defaultValue: str, label: str = "") -> None:  # noqa: ARG002, N803 - the name the original has
        """Declare a widget."""
        self._defaults[name] = str(defaultValue)

    def dropdown(self, name: str, defaultValue: str, choices: list[str], label: str = "") -> None:  # noqa: ARG002, N803 - the name the original has
        """Declare a widget with choices."""
        self._defaults[name] = str(defaultValue)

    combobox = multiselect = dropdown

    def get(self, name: str) -> str:
        """Give the value of the widget *name*.

        Raises:
            InputWidgetNotDefined: There is none.
        """
        if name in self._given:
            return self._given[name]
        if name not in self._defaults:
            raise InputWidgetNotDefined(f"No input widget named {name} is defined")
        return self._defaults[name]

    def getAll(self) -> dict[str, str]:  # noqa: N802 - the name the original has
        """Give all values by name."""
        return self._defaults | self._given

    def remove(self, name: str) -> None:
        """Forget the widget *name*."""
        self._defaults.pop(name, None)
        self._given.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802 - the name the original has
        """Forget all widgets."""
        self._defaults.clear()
        self._given.clear()


class _TaskValues:
    """`dbutils.jobs.taskValues`: small values that tasks of a run leave for those after them."""

    def __init__(self, others: Mapping[str, Mapping[str, str]]) -> None:
        self._others = others
        self.left: dict[str, str] = {}

    def set(self, key: str, value: object) -> None:
        """Leave *value* for the tasks that come after this one."""
        self.left[key] = json.dumps(value)

    def get(
        self,
        taskKey: str,  # noqa: N803 - the name the original has
        key: str,
        default: object = None,
        debugValue: object = None,  # noqa: ARG002, N803 - the name the original has
    ) -> Any:
        """Give what the task *taskKey* left under *key*, or *default*.

        Raises:
            ValueError: It left nothing, and there is no default.
        """
        left = self._others.get(taskKey, {})
        if key in left:
            return json.loads(left[key])
        if default is None:
            raise ValueError(f"task {taskKey!r} left no value {key!r}: set it there, or a default")
        return default


class _Secrets:
    """`dbutils.secrets`, asked of the sandbox."""

    def get(self, scope: str, key: str) -> str:
        """Give the secret *key* of *scope*."""
        # Late, as these take longer to load than most notebooks take to run.
        import urllib.parse  # noqa: PLC0415 - see above
        import urllib.request  # noqa: PLC0415 - see above

        query = urllib.parse.urlencode({"scope": scope, "key": key})
        request = urllib.request.Request(  # noqa: S310 - the sandbox's own address
            f"{os.environ['DATABRICKS_HOST']}/api/2.0/secrets/get?{query}",
            headers={"Authorization": f"Bearer {os.environ['DATABRICKS_TOKEN']}"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the sandbox's own address
            return base64.b64decode(json.load(answer)["value"]).decode()


class _Notebooks:
    """`dbutils.notebook`."""

    def __init__(self, run: Callable[[str, Mapping[str, str]], str | None]) -> None:
        self._run = run

    def exit(self, value: object = "") -> None:
        """End this notebook, and give *value* to whoever ran it."""
        raise _Exited(str(value))

    def run(
        self,
        path: str,
        timeout_seconds: int = 0,  # noqa: ARG002 - the sandbox ends the task as a whole
        arguments: Mapping[str, str] | None = None,
    ) -> str | None:
        """Run the notebook *path* with *arguments*, and give what it exited with."""
        return self._run(path, arguments or {})


class _Runner:
    """One process: the root of the files, the loop for cells that await, and how deep we are."""

    def __init__(self, root: Path, values: _TaskValues) -> None:
        self._root = root
        self._values = values
        self._depth = 0

    @cached_property
    def _loop(self) -> "asyncio.AbstractEventLoop":
        # Late, since few notebooks need it.
        import asyncio  # noqa: PLC0415 - see above

        return asyncio.new_event_loop()

    def run(self, shown: str, given: Mapping[str, str]) -> str | None:
        """Run the notebook *shown* in a namespace of its own, and give what it exited with."""
        widgets = _Widgets(given)

        def run_other(path: str, arguments: Mapping[str, str]) -> str | None:
            return self.run(_beside(shown, path), arguments)

        dbutils = types.SimpleNamespace(
            widgets=widgets,
            notebook=_Notebooks(run_other),
            secrets=_Secrets(),
            library=types.SimpleNamespace(restartPython=_restart_nothing),
            jobs=types.SimpleNamespace(taskValues=self._values),
        )
        names: dict[str, Any] = {"__name__": "__main__", "dbutils": dbutils, "display": _display}
        try:
            self.run_cells(shown, names)
        except _Exited as exited:
            return exited.value
        return None

    def run_cells(self, shown: str, names: dict[str, Any]) -> None:
        """Run the cells of the notebook *shown* in the namespace *names*.

        Raises:
            RecursionError: Notebooks run each other too deep.
        """
        if self._depth == _DEEPEST:
            raise RecursionError(f"notebooks run each other more than {_DEEPEST} deep: {shown}")
        self._depth += 1
        try:
            for number, cell in enumerate(cells_of(self._text_of(shown)), 1):
                self._run_cell(f"{shown} cell {number}", shown, cell, names)
        finally:
            self._depth -= 1

    def _text_of(self, shown: str) -> str:
        path = shown if shown.startswith(("/Workspace/", "/Volumes/")) else f"/Workspace{shown}"
        place = self._root.joinpath(*path.split("/")[1:])
        if not place.resolve().is_relative_to(self._root) or not place.is_file():
            raise FileNotFoundError(f"there is no notebook {shown}: import it first")
        return place.read_text("utf-8")

    def _run_cell(self, name: str, shown: str, cell: str, names: dict[str, Any]) -> None:
        magic, _, rest = cell.lstrip().partition("\n")
        word, _, argument = magic.removeprefix("%").strip().partition(" ")
        if not magic.startswith("%") or word in _CODE:
            is_python = magic.startswith("%") and word == "python"
            self._run_code(name, _without_installs(f"\n{rest}" if is_python else cell), names)
        elif word == "run":
            self.run_cells(_beside(shown, argument.strip().strip("\"'")), names)
        elif word not in _TEXT:
            raise NotImplementedError(f"the sandbox does not run %{word} cells ({name})")

    def _run_code(self, name: str, code: str, names: dict[str, Any]) -> None:
        # So that a traceback shows the line.
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        compiled = compile(
            code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
        )
        if compiled.co_flags & inspect.CO_COROUTINE:
            self._loop.run_until_complete(types.FunctionType(compiled, names)())
        else:
            exec(compiled, names)  # noqa: S102 - to run the notebook is what this program is for


def _without_installs(code: str) -> str:
    """Blank the lines of *code* that install packages: a notebook has those of the sandbox."""
    lines: list[str] = []
    goes_on = False
    for line in code.split("\n"):
        skipped = goes_on or line.startswith(_INSTALLS)
        if skipped and not goes_on:  # its arguments may hold what is secret
            print(f"{line.split()[0]} skipped: a notebook has the packages of the sandbox")  # noqa: T201 - the notebook's output
        goes_on = skipped and line.rstrip().endswith("\\")
        lines.append("" if skipped else line)
    return "\n".join(lines)


def _restart_nothing() -> None:
    """Keep the process: nothing was installed since it began."""


def _beside(shown: str, path: str) -> str:
    """Give *path* from the root; one that begins elsewhere begins in the folder of *shown*."""
    if path.startswith("/"):
        return path
    parts = shown.split("/")[:-1]
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _display(*values: object) -> None:
    print(*values)  # noqa: T201 - what is displayed goes where the output goes


def _print_error(error: BaseException) -> None:
    """Print *error* without the frames of this program."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    if trace is None:  # then Python leaves out the line by which the error is found
        print("Traceback (most recent call last):", file=sys.stderr)  # noqa: T201 - see above
    traceback.print_exception(type(error), error, trace)


def _main() -> int:
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    # The folder of the notebook, in place of the one of this program.
    sys.path[0] = plan["folder"]
    values = _TaskValues(plan["values"])
    result: str | None = None
    code = 0
    try:
        result = _Runner(Path(plan["root"]), values).run(plan["notebook"], plan["parameters"])
    except Exception as error:  # noqa: BLE001 - whatever a notebook raises is told, as Python does
        _print_error(error)
        code = 1
    finally:  # a notebook may end by sys.exit too
        left = {"result": result, "values": values.left}
        Path(plan["left"]).write_text(json.dumps(left), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(_main())
