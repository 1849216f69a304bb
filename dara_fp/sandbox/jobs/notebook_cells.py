"""The cells of a notebook, read from its source or from Jupyter's JSON.

Imports nothing of the package: the program that runs a notebook loads it alone.
"""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["HEADER", "SEPARATOR", "cells_of", "without_installs"]

HEADER = "# Databricks notebook source"
"""The first line of a Python notebook that is kept as source."""

SEPARATOR = "# COMMAND ----------"
"""The line between two cells of one."""

_MAGIC = "# MAGIC"
_INSTALLS = ("%pip", "%restart_python")


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


def without_installs(code: str) -> str:
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


def _code_of(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    return text if cell["cell_type"] == "code" else f"%md\n{text}"


def _without_magic(block: str) -> str:
    lines = block.strip("\n").splitlines()
    if any(line.startswith(_MAGIC) for line in lines):
        lines = [line.removeprefix(_MAGIC).removeprefix(" ") for line in lines]
    return "\n".join(lines).strip("\n")
