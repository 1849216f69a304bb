"""Runs the notebooks from top to bottom; as a program it keeps what they print in them.

`python -m tests.notebooks.executed` starts a sandbox, runs every notebook and saves it.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from tests.steps.served import TOKEN, sandbox

__all__ = ["NOTEBOOKS", "execute", "read", "shown_by"]

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
_SECONDS_A_CELL = 60
_format: Any = nbformat  # its functions have no types


def read(path: Path) -> Any:
    """Give the notebook at *path* as it is kept."""
    return _format.read(path, as_version=4)


def execute(path: Path, host: str, folder: Path) -> Any:
    """Run the notebook at *path* in *folder* against the workspace at *host*, and give it."""
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=_SECONDS_A_CELL,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    environ = {**os.environ, "DATABRICKS_HOST": host, "DATABRICKS_TOKEN": TOKEN}
    client.execute(env=environ)
    return notebook


def shown_by(cells: list[Any]) -> str:
    """Give what *cells* print and show, as text; it may come in any number of pieces."""
    shown = [output for cell in cells for output in cell.get("outputs", ())]
    pieces = [
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in shown
    ]
    return "\n".join(piece.removesuffix("\n") for piece in pieces)


def _save_all() -> None:
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder, "sandbox")) as host:
        for path in NOTEBOOKS:
            _format.write(execute(path, host, Path(folder)), path)


if __name__ == "__main__":
    _save_all()
