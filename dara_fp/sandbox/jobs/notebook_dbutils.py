"""What a notebook finds as `dbutils`: its widgets, values for other tasks, other notebooks.

Imports nothing of the package: the program that runs a notebook loads it alone.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["Exited", "InputWidgetNotDefined", "Notebooks", "TaskValues", "Widgets"]


class Exited(BaseException):
    """The notebook has called `dbutils.notebook.exit`; no cell may catch it by `Exception`."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class InputWidgetNotDefined(Exception):
    """There is no widget of this name."""


class Widgets:
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


class TaskValues:
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


class Notebooks:
    """`dbutils.notebook`."""

    def __init__(self, run: Callable[[str, Mapping[str, str]], str | None]) -> None:
        self._run = run

    def exit(self, value: object = "") -> None:
        """End this notebook, and give *value* to whoever ran it."""
        raise Exited(str(value))

    def run(
        self,
        path: str,
        timeout_seconds: int = 0,  # noqa: ARG002 - the sandbox ends the task as a whole
        arguments: Mapping[str, str] | None = None,
    ) -> str | None:
        """Run the notebook *path* with *arguments*, and give what it exited with."""
        return self._run(path, arguments or {})
