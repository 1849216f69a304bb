"""Each mutant of the engine, run by itself: the law that it breaks has to fail.

The test command takes every fifth one, `make mutants` all of them.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import attrs
import pytest

HOUSE = Path(__file__).parents[2]
COPIED = ("dara_fp", "tests/laws")
FILES = ("tests/conftest.py", "pyproject.toml")


@attrs.frozen(kw_only=True)
class Mutant:
    why: str
    law: str
    file: str
    old: str
    new: str


MUTANTS = [
    Mutant(**each)
    for each in tomllib.loads((Path(__file__).parent / "mutants.toml").read_text("utf-8"))["mutant"]
]
CHOSEN = MUTANTS if os.environ.get("MUTANTS") == "all" else MUTANTS[::5]


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Give a copy of what the laws need, to be changed at will."""
    for folder in COPIED:
        shutil.copytree(HOUSE / folder, tmp_path / folder)
    for name in FILES:
        shutil.copy(HOUSE / name, tmp_path / name)
    return tmp_path


def judged(house: Path, law: str) -> str:
    """Run one *law* in *house*, with the plugins it needs, and give the last line it says."""
    plugins = ["_hypothesis_pytestplugin", "pytest_asyncio.plugin", "pytest_timeout"]
    loaded = [option for plugin in plugins for option in ("-p", plugin)]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--hypothesis-profile=mutants", law]
    quiet = ["-p", "no:cacheprovider", "--no-header", "--tb=line"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    run = subprocess.run(
        [*command, *loaded, *quiet],
        cwd=house,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{run.stdout}{run.stderr}".strip().splitlines()[-1]


@pytest.mark.parametrize("mutant", CHOSEN, ids=[mutant.why for mutant in CHOSEN])
def test_a_mutant_is_killed_by_its_law(mutant: Mutant, house: Path) -> None:
    source = house / "dara_fp" / mutant.file
    text = source.read_text("utf-8")
    assert text.count(mutant.old) == 1, f"{mutant.file} has {mutant.old!r} more or less than once"
    source.write_text(text.replace(mutant.old, mutant.new), "utf-8")
    assert judged(house, mutant.law).startswith("1 failed")


def test_without_a_mutant_a_law_holds_in_the_copy(house: Path) -> None:
    law = "tests/laws/test_composition.py::test_composition_is_associative"
    assert judged(house, law).startswith("1 passed")


def test_there_are_mutants_enough() -> None:
    assert len(CHOSEN) >= 20
    assert len({mutant.why for mutant in MUTANTS}) == len(MUTANTS)
