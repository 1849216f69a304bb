"""The notebooks run from top to bottom in a new workspace, and hold what they print there."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.executed import NOTEBOOKS, execute, read, shown_by
from tests.steps.served import TOKEN, sandbox

PLACES = ("/home/", "/Users/", "/root/", "/tmp/", "C:\\")  # noqa: S108 - looked for, not used


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture(scope="module")
def executed(path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("notebook")
    with sandbox(folder / "sandbox") as host:
        yield execute(path, host, folder)


@pytest.fixture(scope="module")
def stored(path: Path) -> Any:
    return read(path)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def without_numbers(text: str) -> list[str]:
    """Leave out ports, ids and scores, and the states a run was seen in."""
    lines = re.sub(r"\d+", "#", text).splitlines()
    return [line for line in lines if not line.startswith("await_run ")]


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS][:1] == ["01_compose.ipynb"]


def test_every_cell_runs_in_order_and_none_warns(executed: Any) -> None:
    cells = code_cells(executed)
    assert [cell.execution_count for cell in cells] == [*range(1, len(cells) + 1)]
    shown = [output for cell in cells for output in cell.outputs]
    assert not [output for output in shown if output.output_type == "error"]
    assert not [output for output in shown if output.get("name") == "stderr"]


def test_the_notebook_holds_what_it_prints(executed: Any, stored: Any) -> None:
    for ran, kept in zip(code_cells(executed), code_cells(stored), strict=True):
        assert ran.source == kept.source
        assert kept.execution_count == ran.execution_count
    assert without_numbers(shown_by(stored.cells)) == without_numbers(shown_by(executed.cells))


def test_the_notebook_holds_no_secret_and_no_place_of_a_machine(path: Path, stored: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert TOKEN not in text
    assert not re.search(r"dapi[0-9a-f]{8}|Bearer |eyJ[\w-]{10}", text)
    shown = shown_by(stored.cells)
    for place in (*PLACES, str(Path.home()), tempfile.gettempdir(), str(path.parents[1])):
        assert place not in shown


def test_the_notebook_neither_installs_nor_starts_a_loop_of_its_own(stored: Any) -> None:
    source = "\n".join(cell.source for cell in code_cells(stored))
    assert not re.search(r"%pip|asyncio\.run|nest_asyncio|dbutils|^!", source, re.MULTILINE)


def test_compose_teaches_what_it_says() -> None:
    """What it holds is what it prints, as the test above proves."""
    notebook = read(NOTEBOOKS[0])
    shown = {cell.id: shown_by([cell]) for cell in code_cells(notebook)}
    assert shown["compose"] == "start(Note) >> tidy >> count"
    assert shown["match"].startswith("count was rejected: the note has no words")
    assert "shout has a defect: TypeError: Note has no field 'txt'" in shown["defect"]
    assert shown["law"] == "True"
    assert "counting ..." in shown["journal-run"]
    assert shown["resume"] == "Note(text='to be or not to be', words=6, handed_in=True)"
    assert "state='SUCCESS'" in shown["run-job"]
    assert shown["refused"] == "('rejected', 'upsert_vectors', 404, 'RESOURCE_DOES_NOT_EXIST')"
    assert "The foghorn sounds" in shown["whole-run"].splitlines()[0]
