"""What the README shows is true: its files run, its names exist."""

import ast
import importlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import dara_fp
import dara_fp.steps

README = Path(__file__).parents[2] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), flags=re.DOTALL)


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dara-") as folder:
        yield Path(folder)


def file_of(name: str) -> str:
    [source] = [block for block in blocks("python") if block.startswith(f"# {name}\n")]
    return source


def word_count() -> str:
    return file_of("word_count.py")


@contextmanager
def serving(home: Path, target: str) -> Generator[str]:
    """Serve *target* in *home*, and give the address."""
    with subprocess.Popen(
        [sys.executable, "-m", "dara_fp.cli", "serve", target, "--port", "0"],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().removeprefix("dara ready ").strip()
        finally:
            server.terminate()
            server.communicate()


def test_the_two_commands_come_first() -> None:
    assert blocks("sh")[0].splitlines()[0].startswith("make demo ")
    assert blocks("sh")[0].splitlines()[1].startswith("make test ")


def test_a_workflow_with_a_step_fits_in_25_lines() -> None:
    assert len(word_count().splitlines()) <= 25


@pytest.mark.parametrize("target", ["word_count", "word_count:app"])
def test_the_workflow_of_the_readme_is_served_as_it_stands(home: Path, target: str) -> None:
    (home / "word_count.py").write_text(word_count())
    with serving(home, target) as api:
        answer = httpx.post(f"{api}/api/v1/workflow/count-words", json={"text": "to be or not"})
        assert answer.status_code == 202
        assert answer.headers["Retry-After"]
        assert ended(f"{api}{answer.headers['Location']}")["context"]["words"] == 4


def test_the_page_of_the_readme_waits_for_its_approval(home: Path) -> None:
    (home / "review.py").write_text(file_of("review.py"))
    with serving(home, "review") as api:
        started = httpx.post(f"{api}/api/v1/workflow/review-page", json={}).json()
        status = seen(f"{api}{started['status_url']}", "waiting")
        assert [wait["signal"] for wait in status["waiting"]] == ["verdict"]
        task = f"{api}/api/v1/workflow/tasks/{started['task_id']}"
        verdict = {"approved": True, "by": "Ada"}
        assert httpx.post(f"{task}/signal/verdict", json=verdict).is_success
        assert ended(f"{api}{started['status_url']}")["context"]["published"] is True
        [schedule] = httpx.get(f"{api}/api/v1/workflow/schedules").json()["schedules"]
        assert schedule["workflow"] == "review-page"


def seen(url: str, state: str) -> dict[str, Any]:
    for _ in range(100):
        status: dict[str, Any] = httpx.get(url).json()
        if status["state"] == state:
            return status
        time.sleep(0.05)
    raise AssertionError(f"the task did not come to be {state}")


def ended(url: str) -> dict[str, Any]:
    for _ in range(100):
        status: dict[str, Any] = httpx.get(url).json()
        if status["finished_at"]:
            return status
        time.sleep(0.05)
    raise AssertionError("the task did not end")


def test_the_test_of_the_readme_passes_as_it_stands(home: Path) -> None:
    source = file_of("test_report.py")
    (home / "test_report.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert run.stdout.splitlines()[-1].startswith("2 passed"), run.stdout + run.stderr


@pytest.mark.parametrize("source", blocks("python"))
def test_every_name_that_a_block_imports_exists(source: str) -> None:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dara_fp"):
            module = importlib.import_module(node.module or "")
            assert [each.name for each in node.names if not hasattr(module, each.name)] == []


def test_the_table_of_steps_is_complete() -> None:
    table = README.read_text().partition("| from `dara_fp.steps` |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", table)) == {n for n in dara_fp.steps.__all__ if n.islower()}


def test_the_table_of_names_is_the_public_face() -> None:
    table = README.read_text().partition("| from `dara_fp` |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"`(\w+)`", table)) == dara_fp.__all__


def test_the_promise_stands_in_the_readme_in_its_words() -> None:
    said = " ".join(README.read_text().split())
    assert (
        "Steps run at least once; checkpoints and outcomes are recorded exactly once (fenced by "
        "epoch); one Databricks run per task, path and attempt, because `at.token` is the "
        "`idempotency_token`, and the run id is saved before polling starts, so that a resumed "
        "task re-attaches to it."
    ) in said
