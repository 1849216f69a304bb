"""The command line finds apps and workflows by the names that users type."""

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import FastAPI

from dara_fp.cli.loading import load_app, load_workflow
from dara_fp.cli.mistakes import CannotLoad

SHIPPED = "dara_fp.definitions.shipped"
MODULE = """
import attrs
from dara_fp import Outcome, StepContext, Success, create_app, start, step, workflow

@attrs.frozen(kw_only=True)
class Empty(StepContext):
    pass

@step
async def nothing(ctx: Empty) -> Outcome[Empty]:
    return Success(ctx)

one = workflow("the-one", start(Empty) >> nothing)
two = workflow("the-two", start(Empty) >> nothing)
both = [one, two]
number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """Write a module of its own name, so that no other test has imported it."""
    name = f"module_of_{request.node.name.partition('[')[0]}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return name


def names(app: FastAPI) -> list[str]:
    return [each.name for each in app.state.workflows]


def test_a_module_without_an_app_is_served_with_all_its_workflows(module: str) -> None:
    assert names(load_app(module)) == ["the-one", "the-two"]


@pytest.mark.parametrize(
    ("attribute", "expected"), [("one", ["the-one"]), ("both", ["the-one", "the-two"])]
)
def test_a_workflow_or_a_list_of_them_can_be_named(
    module: str, attribute: str, expected: list[str]
) -> None:
    assert names(load_app(f"{module}:{attribute}")) == expected


def test_a_module_with_an_app_is_served_as_it_is(module: str, tmp_path: Path) -> None:
    path = tmp_path / f"{module}.py"
    path.write_text(MODULE + "\napp = create_app([two], title='Mine')\n")
    assert load_app(module) is load_app(f"{module}:app")
    assert load_app(module).title == "Mine"
    assert load_workflow(f"{module}:the-two", SHIPPED).workflow.name == "the-two"


def test_a_workflow_comes_with_the_environment_its_app_was_given(
    module: str, tmp_path: Path
) -> None:
    more = "\napp = create_app([two], env='of the app')\nother = create_app([])\n"
    (tmp_path / f"{module}.py").write_text(MODULE + more)
    assert load_workflow(f"{module}:two", SHIPPED).env == "of the app"
    assert load_workflow(f"{module}:one", SHIPPED).env is None


@pytest.mark.parametrize("form", ["{}", "{}.py", "./{}.py", "./{}", ".//{}.py"])
def test_a_module_may_be_named_as_its_file(module: str, form: str) -> None:
    assert names(load_app(form.format(module))) == ["the-one", "the-two"]
    found = load_workflow(f"{form.format(module)}:one", SHIPPED).workflow
    assert found.name == "the-one"


def test_a_file_in_a_folder_may_be_named(module: str, tmp_path: Path) -> None:
    (tmp_path / f"in_{module}").mkdir()
    (tmp_path / f"{module}.py").rename(tmp_path / f"in_{module}" / "flows.py")
    assert names(load_app(f"in_{module}/flows.py:one")) == ["the-one"]


def test_a_workflow_is_found_by_its_name_and_by_its_variable(module: str) -> None:
    by_name = load_workflow(f"{module}:the-one", SHIPPED).workflow
    assert by_name is load_workflow(f"{module}:one", SHIPPED).workflow
    assert load_workflow("ingest-documents", SHIPPED).workflow.name == "ingest-documents"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("no_such_module", "no module 'no_such_module' here or on the path"),
        ("json", "module 'json' has neither an `app` nor workflows"),
        ("./no_such.py", "no module './no_such.py' here"),
        ("no_such.part", "no module 'no_such.part' here"),
        ("../flows.py", "'../flows.py' names no module: give one below"),
        (".flows", "'.flows' names no module"),
        ("", "'' names no module"),
        ("/no/such/flows.py", "'/no/such/flows.py' names no module"),
        ("json:loads", "json:loads is a function: name an app or a workflow"),
        ("json:nope", "module 'json' has no 'nope'"),
    ],
)
def test_what_cannot_be_served_is_named(target: str, said: str) -> None:
    with pytest.raises(CannotLoad, match=said):
        load_app(target)


def test_a_workflow_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(CannotLoad, match="there are: ask-documents, ingest-documents"):
        load_workflow("ingest", SHIPPED)


def test_a_module_that_fails_to_import_shows_its_own_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name of what it lacks begins its own name.
    (tmp_path / "not_installed_anywhere.py").write_text("import not_installed\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'not_installed'"):
        load_app("not_installed_anywhere")


def test_drawing_a_workflow_imports_no_server_and_no_store() -> None:
    words = [sys.executable, "-X", "importtime", "-m", "dara_fp.cli", "graph", "ingest-documents"]
    drawn = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    imported = {line.rpartition("|")[2].strip() for line in drawn.stderr.splitlines()}
    assert "dara_fp.cli.loading" in imported
    assert imported.isdisjoint({"docket", "fastapi", "redis", "starlette", "uvicorn"})
