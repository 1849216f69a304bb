"""Both type checkers refuse exactly the marked lines of refused/composition.py."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REFUSED = ROOT / "tests/typing/refused/composition.py"


def marked_lines() -> set[int]:
    lines = REFUSED.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if "# refused" in line}


def by_mypy(_folder: Path) -> set[int]:
    # In the cache that the checks before the tests have filled: without it this takes 20 seconds.
    command = [sys.executable, "-m", "mypy", "--strict", "--exclude=^$", str(REFUSED)]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return {int(line) for line in re.findall(r"composition\.py:(\d+): error", printed)}


def by_pyright(folder: Path) -> set[int]:
    settings = {
        "include": [str(REFUSED)],
        "typeCheckingMode": "strict",
        "reportUnusedExpression": False,
        "reportUnusedCoroutine": False,
    }
    project = folder / "pyrightconfig.json"
    project.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "basedpyright", "-p", str(project), "--outputjson"]
    command += ["--pythonpath", sys.executable]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    found = json.loads(printed)["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1 for each in found}


@pytest.mark.parametrize("refused_by", [by_mypy, by_pyright])
def test_a_type_checker_refuses_exactly_the_marked_lines(
    refused_by: Callable[[Path], set[int]], tmp_path: Path
) -> None:
    assert marked_lines()
    assert refused_by(tmp_path) == marked_lines()
