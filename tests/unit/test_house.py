"""The house itself: what it exports, what importing it costs, and how its files are kept."""

import ast
import importlib
import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dara_fp

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "dara_fp").rglob("*.py"))
HEAVY = {
    "aiohttp",
    "databricks.sdk",
    "docket",
    "fastapi",
    "httpx",
    "redis",
    "rich",
    "starlette",
    "typer",
    "uvicorn",
}
NAMELESS = {"base", "common", "helpers", "manager", "misc", "utils"}
LONGEST = 400

every_file = pytest.mark.parametrize(
    "path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES]
)


def test_the_public_names_are_sorted_and_occur_once() -> None:
    assert dara_fp.__all__ == sorted(set(dara_fp.__all__))
    assert dir(dara_fp) == dara_fp.__all__


@pytest.mark.parametrize("name", dara_fp.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(importlib.import_module("dara_fp"), name) is not None


def test_a_name_that_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'dara_fp' has no attribute 'Nothing'"):
        getattr(dara_fp, "Nothing")  # noqa: B009 - type checkers know it is not there


def test_importing_the_package_brings_no_server_store_client_or_terminal_along() -> None:
    program = "import dara_fp, sys; print(*sys.modules)"
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "dara_fp.core.pipeline" in loaded
    assert HEAVY.isdisjoint(loaded)


def test_the_installed_version_is_the_one_in_pyproject() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert importlib.metadata.version("dara-fp") == project["version"]


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 50


@every_file
def test_a_module_begins_with_a_docstring_and_lists_what_it_offers(path: Path) -> None:
    module = ast.parse(path.read_text())
    assert ast.get_docstring(module)
    offers_nothing = path.stem in {"__init__", "__main__"} or path.parent.name == "scripts"
    assert offers_nothing or "__all__" in names_set_in(module)


@every_file
def test_a_file_is_short_and_named_after_what_lives_in_it(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST, "move the second idea to its own file"
    assert path.stem not in NAMELESS


def names_set_in(module: ast.Module) -> set[str]:
    targets = [
        target
        for statement in module.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
    ]
    return {target.id for target in targets if isinstance(target, ast.Name)}
