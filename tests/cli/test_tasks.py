"""`dara tasks`: a server's tasks listed, followed and controlled from another terminal."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import attrs
import httpx
import pytest
from rich.console import Console
from typer.testing import CliRunner

from dara_fp.cli.commands import app
from dara_fp.cli.mistakes import CannotLoad
from dara_fp.cli.tasks import Asked, control_task
from tests.cli.processes import dara, line_that_starts, running, wait_until_ended

MODULE = '''
from pathlib import Path
import attrs
from dara_fp import Outcome, StepContext, Success, create_app, fail, made, start, step, workflow
from dara_fp import wait_for

@attrs.frozen(kw_only=True)
class Order(StepContext):
    """Order a thing."""
    thing: str
    agreed: bool | None = made()

@step
async def buy(ctx: Order) -> Outcome[Order]:
    if Path("closed").exists():
        return fail("the shop [/is] closed :bug:")
    return Success(ctx)

app = create_app([
    workflow("order", start(Order) >> wait_for("agreed", into="agreed") >> buy),
    workflow("buy", start(Order) >> buy),
])
'''


@attrs.frozen(kw_only=True)
class Served:
    """A server that runs, and the folder it runs in."""

    api: str
    home: Path

    def begun(self, name: str) -> str:
        answer = httpx.post(f"{self.api}/api/v1/workflow/{name}", json={"thing": "tea"})
        return str(answer.json()["task_id"])

    def ended(self, task_id: str) -> str:
        return str(wait_until_ended(f"{self.api}/api/v1/workflow/status/{task_id}")["state"])


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    # Not tmp_path: the store's socket lives below it, and its path must be short.
    with tempfile.TemporaryDirectory(prefix="dara-") as folder:
        (Path(folder) / "orders.py").write_text(MODULE)
        with running(Path(folder), "serve", "orders", "--port", "0") as server:
            api = line_that_starts(server.stdout, "dara ready ")
            yield Served(api=api, home=Path(folder))


@pytest.fixture
def here(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """Let this process be in the server's folder, with its settings."""
    monkeypatch.chdir(served.home)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("DARA_REDIS_URL", "DARA_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    return served


def test_tasks_are_listed_by_workflow_and_state(served: Served) -> None:
    task_id = served.begun("buy")
    assert served.ended(task_id) == "succeeded"
    listed = dara(served.home, "tasks", "--workflow", "buy", COLUMNS="160").stdout
    (line,) = (line for line in listed.splitlines() if task_id in line)
    assert "buy" in line
    assert "succeeded" in line
    assert dara(served.home, "tasks", "--workflow", "no-such").stdout == "no tasks\n"
    assert task_id not in dara(served.home, "tasks", "--state", "failed").stdout


def test_more_tasks_than_are_listed_are_hinted_at(served: Served) -> None:
    for _ in range(2):
        served.ended(served.begun("buy"))
    said = dara(served.home, "tasks", "--limit", "1").stdout
    assert "there are more: raise --limit above 1" in said


def test_a_task_is_signalled_and_followed_to_its_end(served: Served) -> None:
    task_id = served.begun("order")
    words = ("tasks", task_id, "--target", "orders", "--signal", "agreed")
    assert dara(served.home, *words, "true").stdout == "agreed: taken\n"
    assert dara(served.home, *words, "true").stdout == "agreed: was there already\n"
    followed = dara(served.home, "tasks", task_id)
    assert followed.returncode == 0
    assert "order succeeded" in followed.stdout
    assert "wait(agreed)" in followed.stdout


def test_a_task_is_cancelled(served: Served) -> None:
    task_id = served.begun("order")
    said = dara(served.home, "tasks", task_id, "--cancel")
    assert (said.returncode, said.stdout.split(":")[0]) == (0, "cancelling")
    assert served.ended(task_id) == "cancelled"


def test_a_failed_task_is_shown_as_it_says_and_resumed(served: Served) -> None:
    closed = served.home / "closed"
    closed.touch()
    task_id = served.begun("buy")
    assert served.ended(task_id) == "failed"
    followed = dara(served.home, "tasks", task_id)
    assert followed.returncode == 1
    assert "buy failed: buy: the shop [/is] closed :bug:" in followed.stdout
    closed.unlink()
    said = dara(served.home, "tasks", task_id, "--resume", "--target", "orders")
    assert said.stdout == "the task is queued\n"
    assert served.ended(task_id) == "succeeded"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cancel"], "name one task, and one of"),
        (["x", "--cancel", "--resume"], "name one task, and one of"),
        (["x", "--cancel", "--signal", "a", "true"], "name one task, and one of"),
        (["--state", "done"], "done"),
        (["--limit", "0"], "limit"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["tasks", *words], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("asked", "target", "said"),
    [
        (Asked(), "orders", "no task 'no-such' in the store"),
        (Asked(cancel=True), "orders", "no task 'no-such' in the store"),
        (Asked(resume=True), "orders", "no task 'no-such' in the store"),
        (Asked(resume=True), "nowhere", "no module 'nowhere'"),
        (Asked(signal=("agreed", "true")), "orders", "no task 'no-such' in the store"),
    ],
)
async def test_a_task_that_is_not_there_is_named(
    here: Served, asked: Asked, target: str, said: str
) -> None:
    with pytest.raises(CannotLoad, match=said):
        await control_task(Console(), "no-such", asked, target)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("agreed", "perhaps", "agreed: JSON is malformed"),
        ("agreed", '"yes"', r"agreed: Expected `bool \| null`, got `str`"),
        ("aggreed", "true", "waits for no signal 'aggreed'; it waits for agreed"),
    ],
)
async def test_a_signal_that_does_not_fit_is_explained(
    here: Served, name: str, body: str, said: str
) -> None:
    task_id = here.begun("order")
    with pytest.raises(CannotLoad, match=said):
        await control_task(Console(), task_id, Asked(signal=(name, body)), "orders")


def test_a_mistake_is_answered_in_one_line_and_exit_code_1(served: Served) -> None:
    done = dara(served.home, "tasks", "no-such", "--cancel")
    assert done.returncode == 1
    assert done.stderr == "dara: no task 'no-such' in the store\n"
