"""What the documents show of the client runs as it stands, against the sandbox."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dara_fp import Workspace
from dara_fp.sandbox.sql.warehouses import FIRST
from tests.steps.served import TOKEN, sandbox

HOUSE = Path(__file__).parents[2]
CREATED = ["CREATE SCHEMA main.shop", "CREATE TABLE main.shop.goods (name STRING)"]
STOCK = "INSERT INTO main.shop.goods VALUES ('tea')"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


def block_of(document: str, word: str) -> str:
    """Give the one block of Python in *document* that has *word*."""
    text = (HOUSE / document).read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    [source] = [block for block in blocks if word in block]
    return str(source)


def test_the_program_of_the_client_runs_as_it_stands(host: str, tmp_path: Path) -> None:
    (tmp_path / "goods.py").write_text(block_of("docs/databricks.md", "# goods.py"), "utf-8")
    given = {"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": TOKEN, "DATABRICKS_WAREHOUSE_ID": FIRST}
    run = subprocess.run(
        [sys.executable, "goods.py"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **given},
        capture_output=True,
        text=True,
        check=False,
    )
    row, answer = run.stdout.split("\n", 1)
    assert (run.returncode, run.stderr, row) == (0, "", "coffee 12.0")
    assert answer


async def test_the_client_of_the_readme_works_as_it_is_shown(
    host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("HOST", host), ("TOKEN", TOKEN), ("WAREHOUSE_ID", FIRST)):
        monkeypatch.setenv(f"DATABRICKS_{name}", value)
    async with Workspace.from_environment() as workspace:
        for statement in (*CREATED, STOCK):
            await workspace.sql.execute(statement)
        run_id = await workspace.runs.submit([{"task_key": "a", "condition_task": EQUAL}])
    shown = block_of("README.md", "warehouses.list()").replace("run_id=7", f"run_id={run_id}")
    names: dict[str, Any] = {"Workspace": Workspace}
    code = compile(shown, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    await eval(code, names)  # noqa: S307 - a document of our own
    await names["workspace"].aclose()
    assert names["run"].run_id == run_id
    assert capsys.readouterr().out.splitlines()[-1] == "tea"


EQUAL = {"op": "EQUAL_TO", "left": "1", "right": "1"}
