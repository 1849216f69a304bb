"""A sandbox in a process of its own, as `dara sandbox` runs it, and small words about it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import httpx
from databricks.sdk import WorkspaceClient
from databricks.sdk.service._internal import Wait
from databricks.sdk.service.jobs import Run, RunLifeCycleState, SparkPythonTask, SubmitTask, Task

TOKEN = "dapi-of-the-tests"
CLIENT_ID = "service-principal"
CLIENT_SECRET = "very:secret %41"

ENDED = {
    RunLifeCycleState.TERMINATED,
    RunLifeCycleState.SKIPPED,
    RunLifeCycleState.INTERNAL_ERROR,
}

_PROGRAM = """
import json, sys
from pathlib import Path
from dara_fp.sandbox import Options, run
asked = json.loads(sys.argv[1])
options = Options(**asked.pop("options", {}))
run(**asked | {"data_dir": Path(asked["data_dir"])}, options=options)
"""


@attrs.frozen(kw_only=True)
class Served:
    """A sandbox that listens."""

    url: str
    data_dir: Path
    process: "subprocess.Popen[str]"

    @property
    def root(self) -> Path:
        return self.data_dir / "files"

    def http(self) -> httpx.Client:
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.Client(base_url=self.url, headers=bearer, timeout=30, trust_env=False)

    def workspace(self) -> WorkspaceClient:
        return WorkspaceClient(host=self.url, token=TOKEN)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(10)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code


def launch(data_dir: Path, **asked: object) -> "subprocess.Popen[str]":
    settings = {"data_dir": str(data_dir), "token": TOKEN} | asked
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, json.dumps(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SECRET_OF_THE_PARENT": "not for jobs"},
    )


def serve(data_dir: Path, **asked: object) -> Served:
    process = launch(data_dir, **asked)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("sandbox ready http://127.0.0.1:"), line
    return Served(url=line.split()[-1], data_dir=data_dir, process=process)


def wait_until(holds: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def finished(workspace: WorkspaceClient, run_id: int) -> Run:
    """Wait for a run without the whole second the SDK's waiter sleeps at least."""
    wait_until(lambda: life(workspace, run_id) in ENDED)
    return workspace.jobs.get_run(run_id)


def started(waiting: Wait[Run]) -> int:
    """Give the id of the run that *waiting* is about; the SDK has no type for it."""
    return int(vars(waiting)["response"].run_id)


def waited(waiting: Wait[Run]) -> Run:
    """Wait as users do, by the SDK's own loop; its optional callback is typed as required."""
    wait: Any = waiting
    run: Run = wait.result()
    return run


def life(workspace: WorkspaceClient, run_id: int) -> RunLifeCycleState | None:
    state = workspace.jobs.get_run(run_id).state
    return state.life_cycle_state if state else None


def task(key: str, file: str, *parameters: str, **settings: Any) -> Task:
    script = SparkPythonTask(python_file=file, parameters=list(parameters))
    return Task(task_key=key, spark_python_task=script, **settings)


def submitted(key: str, file: str, *parameters: str, **settings: Any) -> SubmitTask:
    script = SparkPythonTask(python_file=file, parameters=list(parameters))
    return SubmitTask(task_key=key, spark_python_task=script, **settings)
