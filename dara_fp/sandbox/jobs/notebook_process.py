"""Runs one notebook in a process of its own: a program that imports nothing of the package.

It is called with the name of a JSON file that says what to run and where to leave the result. Cells
run in order in one namespace, with `dbutils` and `display`, and may await at their top.
"""

import ast
import inspect
import json
import linecache
import sys
import traceback
import types
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import asyncio

if TYPE_CHECKING or __name__ != "__main__":
    from dara_fp.sandbox.jobs.notebook_cells import cells_of, without_installs
    from dara_fp.sandbox.jobs.notebook_dbutils import Exited, Notebooks, TaskValues, Widgets
    from dara_fp.sandbox.jobs.notebook_files import NotebookFiles
    from dara_fp.sandbox.jobs.notebook_workspace import Secrets, Sql, as_table, statements_of
else:  # a program finds what lies beside it; the package would take longer to load than to run
    from notebook_cells import cells_of, without_installs
    from notebook_dbutils import Exited, Notebooks, TaskValues, Widgets
    from notebook_files import NotebookFiles
    from notebook_workspace import Secrets, Sql, as_table, statements_of

__all__ = ["main"]

_TEXT = frozenset({"md", "md-sandbox"})
_CODE = frozenset({"pip", "python", "restart_python"})
_DEEPEST = 20


class _Runner:
    """One process: the root of the files, the loop for cells that await, and how deep we are."""

    def __init__(self, root: Path, values: TaskValues, sql: Sql) -> None:
        self._root = root
        self._values = values
        self._sql = sql
        self._files = NotebookFiles(root)
        self._depth = 0

    @cached_property
    def _loop(self) -> "asyncio.AbstractEventLoop":
        # Late, since few notebooks need it.
        import asyncio  # noqa: PLC0415 - see above

        return asyncio.new_event_loop()

    def run(self, shown: str, given: Mapping[str, str]) -> str | None:
        """Run the notebook *shown* in a namespace of its own, and give what it exited with."""
        widgets = Widgets(given)

        def run_other(path: str, arguments: Mapping[str, str]) -> str | None:
            return self.run(_beside(shown, path), arguments)

        dbutils = types.SimpleNamespace(
            widgets=widgets,
            notebook=Notebooks(run_other),
            fs=self._files,
            secrets=Secrets(),
            library=types.SimpleNamespace(restartPython=_restart_nothing),
            jobs=types.SimpleNamespace(taskValues=self._values),
        )
        names: dict[str, Any] = {"__name__": "__main__", "dbutils": dbutils, "display": _display}
        try:
            self.run_cells(shown, names)
        except Exited as exited:
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
            self._run_code(name, without_installs(f"\n{rest}" if is_python else cell), names)
        elif word == "run":
            self.run_cells(_beside(shown, argument.strip().strip("\"'")), names)
        elif word == "sql":
            self._run_sql(f"{argument}\n{rest}", names)
        elif word not in _TEXT:
            raise NotImplementedError(f"the sandbox does not run %{word} cells ({name})")

    def _run_sql(self, text: str, names: dict[str, Any]) -> None:
        """Run the statements of *text*, show what each gives, and keep the last one's rows."""
        for statement in statements_of(text):
            columns, rows = self._sql.rows(statement, names["dbutils"].widgets.getAll())
            print(as_table(columns, rows))  # noqa: T201 - what is displayed goes where the output goes
            names["_sqldf"] = rows

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
    print(*map(_shown, values))  # noqa: T201 - what is displayed goes where the output goes


def _shown(value: object) -> object:
    rows = _rows(value)
    return as_table(list(rows[0]), rows) if rows else value


def _rows(value: object) -> Sequence[Mapping[str, Any]]:
    """Give the rows that *value* is a list of, or none."""
    rows = cast("Sequence[Any]", value) if isinstance(value, list) else ()
    return rows if all(isinstance(row, dict) for row in rows) else ()


def _print_error(error: BaseException) -> None:
    """Print *error* without the frames of this program."""
    ours = {str(file) for file in Path(__file__).parent.glob("notebook_*.py")}
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in ours:
        trace = trace.tb_next
    if trace is None:  # then Python leaves out the line by which the error is found
        print("Traceback (most recent call last):", file=sys.stderr)  # noqa: T201 - see above
    traceback.print_exception(type(error), error, trace)


def main() -> int:
    """Run the notebook of the plan that the program is called with, and give its exit code."""
    plan = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    # The folder of the notebook, in place of the one of this program.
    sys.path[0] = plan["folder"]
    values = TaskValues(plan["values"])
    result: str | None = None
    code = 0
    try:
        runner = _Runner(Path(plan["root"]), values, Sql(plan["warehouse"]))
        result = runner.run(plan["notebook"], plan["parameters"])
    except Exception as error:  # noqa: BLE001 - whatever a notebook raises is told, as Python does
        _print_error(error)
        code = 1
    finally:  # a notebook may end by sys.exit too
        left = {"result": result, "values": values.left}
        Path(plan["left"]).write_text(json.dumps(left), "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
