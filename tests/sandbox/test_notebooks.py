"""Notebook and SQL tasks run as a workspace runs them."""

import json
import uuid
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.jobs import (
    ForEachTask,
    JobParameterDefinition,
    NotebookTask,
    Run,
    RunLifeCycleState,
    RunOutput,
    RunResultState,
    SparkPythonTask,
    SqlTask,
    SqlTaskFile,
    SubmitTask,
    Task,
    TaskDependency,
)
from databricks.sdk.service.workspace import ImportFormat, Language

from tests.sandbox.served import Served, finished, started

Notebook = Callable[..., str]

CELL = "\n\n# COMMAND ----------\n\n"


@pytest.fixture
def folder(workspace: WorkspaceClient) -> str:
    path = f"/Shared/{uuid.uuid4().hex}"
    workspace.workspace.mkdirs(path)
    return path


@pytest.fixture
def notebook(workspace: WorkspaceClient, folder: str) -> Notebook:
    """Import a notebook of some cells and give its path."""

    def take(*cells: str, name: str = "") -> str:
        path = f"{folder}/{name or uuid.uuid4().hex}"
        source = CELL.join(cells).encode()
        workspace.workspace.upload(path, source, language=Language.PYTHON)
        return path

    return take


def ran(workspace: WorkspaceClient, path: str, **parameters: str) -> tuple[Run, RunOutput]:
    work = NotebookTask(notebook_path=path, base_parameters=parameters)
    run_id = started(workspace.jobs.submit(tasks=[SubmitTask(task_key="n", notebook_task=work)]))
    run = finished(workspace, run_id)
    return run, workspace.jobs.get_run_output((run.tasks or [])[0].run_id or 0)


def result(output: RunOutput) -> str | None:
    return output.notebook_output.result if output.notebook_output else None


def test_a_notebook_gets_its_parameters_as_widgets_and_exits_with_a_value(
    workspace: WorkspaceClient, notebook: Notebook
) -> None:
    path = notebook(
        "dbutils.widgets.text('day', 'monday')\ndbutils.widgets.dropdown('what', 'all', ['all'])",
        "# MAGIC %md\n# MAGIC # a title",
        "import asyncio\nawait asyncio.sleep(0)\nday = dbutils.widgets.get('day')",
        "dbutils.notebook.exit(day + ' ' + dbutils.widgets.get('what'))",
        "raise AssertionError('after the exit')",
    )
    run, output = ran(workspace, path, day="tuesday")
    assert run.state
    assert run.state.result_state is RunResultState.SUCCESS
    assert result(output) == "tuesday all"
    assert output.notebook_output
    assert output.notebook_output.truncated is False
    assert output.logs is None
    _, output = ran(workspace, f"/Workspace{path}")
    assert result(output) == "monday all"


def test_a_jupyter_notebook_runs_too_and_may_lie_on_a_volume(
    workspace: WorkspaceClient, volume: str
) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# text"]},
        {"cell_type": "code", "source": ["x = 6\n", "x"]},
        {"cell_type": "code", "source": "dbutils.notebook.exit(x * 7)"},
    ]
    path = f"{volume}/answer.ipynb"
    content = json.dumps({"cells": cells, "nbformat": 4}).encode()
    workspace.files.upload(path, BytesIO(content))
    _, output = ran(workspace, path)
    assert result(output) == "42"


def test_the_error_of_a_notebook_is_told_with_its_cell_and_without_the_sandbox(
    workspace: WorkspaceClient, notebook: Notebook
) -> None:
    path = notebook("def work():\n    raise ValueError('boom')", "work()")
    run, output = ran(workspace, path)
    assert run.state
    assert run.state.result_state is RunResultState.FAILED
    assert output.error == "ValueError: boom"
    assert output.error_trace
    assert f'File "{path} cell 1", line 2, in work' in output.error_trace
    assert "raise ValueError('boom')" in output.error_trace
    assert "notebook_process" not in output.error_trace
    assert result(output) is None


def test_a_notebook_that_installs_packages_goes_on_with_those_of_the_sandbox(
    workspace: WorkspaceClient, sandbox: Served, notebook: Notebook
) -> None:
    path = notebook(
        "# MAGIC %pip install --quiet \\\n# MAGIC   https://user:secret@packages.invalid/x.whl",
        "%pip install y==1\nvalue = 41\n%pip list",
        "# MAGIC %restart_python",
        "dbutils.library.restartPython()",
        "# MAGIC %python\n# MAGIC value += 1",
        "dbutils.notebook.exit(value)",
    )
    run, output = ran(workspace, path)
    assert result(output) == "42"
    log = sandbox.data_dir / f"jobs/runs/{(run.tasks or [])[0].run_id}/output.log"
    skipped = [line.split()[0] for line in log.read_text().splitlines()]
    assert skipped == ["%pip", "%pip", "%pip", "%restart_python"]
    assert "secret" not in log.read_text()


def test_the_line_of_an_error_is_right_behind_a_line_that_installs(
    workspace: WorkspaceClient, notebook: Notebook
) -> None:
    path = notebook("%pip install x\n\nraise ValueError('third line')")
    _, output = ran(workspace, path)
    assert f'File "{path} cell 1", line 3, in' in (output.error_trace or "")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("dbutils.widgets.get('none')", "No input widget named none is defined"),
        ("# MAGIC %scala\n# MAGIC val x = 1", "does not run %scala cells"),
        ("x = (", "SyntaxError"),
        ("# MAGIC %run ./missing", "there is no notebook"),
        ("# MAGIC %run /../../../etc/passwd", "there is no notebook"),
        ("dbutils.jobs.taskValues.get('a', 'b')", "left no value 'b'"),
    ],
)
def test_what_a_notebook_cannot_do_is_its_error(
    workspace: WorkspaceClient, notebook: Notebook, cell: str, said: str
) -> None:
    run, output = ran(workspace, notebook("print('first')", cell))
    assert run.state
    assert run.state.result_state is RunResultState.FAILED
    assert said in (output.error or "")


def test_notebooks_run_each_other_in_one_namespace_or_with_arguments_of_their_own(
    workspace: WorkspaceClient, notebook: Notebook
) -> None:
    notebook("factor = 7", name="shared")
    notebook("dbutils.notebook.exit(int(dbutils.widgets.get('n')) + 1)", name="child")
    path = notebook(
        "# MAGIC %run ./shared",
        "n = dbutils.notebook.run('./child', 60, {'n': '5'})",
        "dbutils.notebook.exit(int(n) * factor)",
    )
    _, output = ran(workspace, path)
    assert result(output) == "42"
    endless = notebook("# MAGIC %run ./endless", name="endless")
    _, output = ran(workspace, endless)
    assert "more than 20 deep" in (output.error or "")


def test_a_secret_reaches_a_notebook(workspace: WorkspaceClient, notebook: Notebook) -> None:
    scope = uuid.uuid4().hex
    workspace.secrets.create_scope(scope)
    workspace.secrets.put_secret(scope, "word", string_value="bün")
    path = notebook(f"dbutils.notebook.exit(dbutils.secrets.get({scope!r}, 'word'))")
    _, output = ran(workspace, path)
    assert result(output) == "bün"


def test_a_notebook_works_on_files_as_the_files_api_sees_them(
    workspace: WorkspaceClient, notebook: Notebook, volume: str, tmp_path: Path
) -> None:
    workspace.files.upload(f"{volume}/in/a.txt", BytesIO(b"first"))
    path = notebook(
        f"fs, at = dbutils.fs, {volume!r}",
        "fs.put(at + '/in/b.txt', 'bün', overwrite=False)\nfs.mkdirs(at + '/empty')",
        "fs.cp('dbfs:' + at + '/in', at + '/copy', recurse=True)",
        f"fs.mv(at + '/in/a.txt', 'file:{tmp_path}/a.txt')",
        f"fs.cp('file:{tmp_path}/a.txt', at + '/empty')",
        "assert fs.rm(at + '/in', recurse=True) and not fs.rm(at + '/in')",
        "listed = [(f.path.removeprefix('dbfs:' + at), f.name, f.size) for f in fs.ls(at)]",
        "copied = [f.name for f in fs.ls(at + '/copy') if f.isFile()]",
        "dbutils.notebook.exit([listed, copied, fs.head(at + '/copy/b.txt', 2)])",
    )
    _, output = ran(workspace, path)
    listed = [("/copy/", "copy/", 0), ("/empty/", "empty/", 0)]
    assert result(output) == str([listed, ["a.txt", "b.txt"], "b\ufffd"]), output.error
    found = workspace.files.download(f"{volume}/empty/a.txt").contents
    assert found
    assert found.read() == b"first"


def test_a_notebook_deletes_no_volume_and_writes_over_nothing_unasked(
    workspace: WorkspaceClient, notebook: Notebook, volume: str
) -> None:
    workspace.files.upload(f"{volume}/a.txt", BytesIO(b"first"))
    tried = (
        f"fs.put('{volume}/a.txt', 'second')",
        f"fs.rm('{volume}', True)",
        f"fs.mv('{volume}/../..', '{volume}/x', True)",
        f"fs.cp('{volume}', '{volume}/x')",
        f"fs.cp('{volume}', '{volume}/in', True)",
        f"fs.cp('{volume}/a.txt', '{volume}/a.txt')",
        "fs.mkdirs('/Volumes/nowhere')",
        "fs.ls('/FileStore')",
        "fs.ls('/Volumes/../../../etc')",
        f"fs.head('{volume}/none')",
    )
    path = notebook(
        "fs, said = dbutils.fs, []",
        *(
            f"try: {call}\nexcept (OSError, ValueError) as e: said.append(type(e).__name__)"
            for call in tried
        ),
        f"dbutils.notebook.exit([said, fs.head('{volume}/a.txt')])",
    )
    _, output = ran(workspace, path)
    said = ["FileExistsError", "ValueError", "ValueError", "IsADirectoryError"]
    more = ["ValueError"] * 3 + ["ValueError", "ValueError", "FileNotFoundError"]
    assert result(output) == str([[*said, *more], "first"]), output.error


def test_cells_of_sql_run_in_one_session_and_leave_rows_for_those_of_python(
    workspace: WorkspaceClient, sandbox: Served, notebook: Notebook
) -> None:
    schema = f"s{uuid.uuid4().hex}"
    path = notebook(
        f"# MAGIC %sql\n# MAGIC CREATE SCHEMA {schema};\n# MAGIC USE {schema}; -- a; b",
        "# MAGIC %sql select 1 as n, 2 as n",
        "# MAGIC %sql create table t as select 1.5 as n, ';' as s, date'2026-01-31' as d",
        "# MAGIC %sql\n# MAGIC select n, s, d from t where s = :mark",
        "display(_sqldf)\n[row] = _sqldf",
        "dbutils.notebook.exit([str(row['n']), row['s'], row['d'].isoformat()])",
    )
    run, output = ran(workspace, path, mark=";")
    assert result(output) == "['1.5', ';', '2026-01-31']", output.error
    log = sandbox.data_dir / f"jobs/runs/{(run.tasks or [])[0].run_id}/output.log"
    head = ["OK", "OK", "n | n_2", "--+----", "1 | 2"]
    table = ["n   | s | d", "----+---+-----------", "1.5 | ; | 2026-01-31"]
    assert log.read_text().splitlines() == [*head, "OK", *table, *table]


def test_the_error_of_a_cell_of_sql_is_the_warehouses(
    workspace: WorkspaceClient, notebook: Notebook
) -> None:
    _, output = ran(workspace, notebook("# MAGIC %sql\n# MAGIC select * from nowhere"))
    assert output.error
    assert "TABLE_OR_VIEW_NOT_FOUND" in output.error
    assert "notebook_process" not in (output.error_trace or "")


def test_parameters_of_the_job_and_the_run_go_before_those_of_the_notebook(
    workspace: WorkspaceClient, notebook: Notebook
) -> None:
    path = notebook("dbutils.notebook.exit(sorted(dbutils.widgets.getAll().items()))")
    own = {"a": "own", "b": "own", "c": "{{job.parameters.c}}!", "d": "own"}
    work = NotebookTask(notebook_path=path, base_parameters=own)
    job_id = workspace.jobs.create(
        name="n",
        tasks=[Task(task_key="n", notebook_task=work)],
        parameters=[
            JobParameterDefinition(name="b", default="job"),
            JobParameterDefinition(name="c", default="job"),
        ],
    ).job_id
    waiting = workspace.jobs.run_now(job_id or 0, notebook_params={"b": "run", "d": "run"})
    run = finished(workspace, started(waiting))
    output = workspace.jobs.get_run_output((run.tasks or [])[0].run_id or 0)
    assert result(output) == str([("a", "own"), ("b", "job"), ("c", "job"), ("d", "run")])
    assert run.overriding_parameters
    assert run.overriding_parameters.notebook_params == {"b": "run", "d": "run"}


def test_a_task_leaves_values_for_those_after_it(
    workspace: WorkspaceClient, notebook: Notebook, script: Callable[[str], str]
) -> None:
    first = notebook(
        "dbutils.jobs.taskValues.set('rows', 3)\ndbutils.jobs.taskValues.set('a', 'x')",
        "dbutils.jobs.taskValues.set('days', ['monday', 2])",
        "import sys\nsys.exit(0)",
    )
    second = notebook(
        "rows = dbutils.jobs.taskValues.get(taskKey='first', key='rows')",
        "dbutils.notebook.exit([rows, dbutils.jobs.taskValues.get('first', 'z', default=0)])",
    )
    after: dict[str, Any] = {"depends_on": [TaskDependency(task_key="first")]}
    told = ["{{tasks.first.values.rows}}", "{{tasks.first.values.a}}"]
    program = SparkPythonTask(
        python_file=script("import sys; print(*sys.argv[1:], end='')"), parameters=told
    )
    child = notebook("dbutils.notebook.exit(dbutils.widgets.get('day'))")
    work = NotebookTask(notebook_path=child, base_parameters={"day": "{{input}}"})
    each = ForEachTask(
        inputs="{{tasks.first.values.days}}", task=Task(task_key="day", notebook_task=work)
    )
    tasks = [
        SubmitTask(task_key="first", notebook_task=NotebookTask(notebook_path=first)),
        SubmitTask(task_key="second", notebook_task=NotebookTask(notebook_path=second), **after),
        SubmitTask(task_key="third", spark_python_task=program, **after),
        SubmitTask(task_key="each", for_each_task=each, **after),
    ]
    run = finished(workspace, started(workspace.jobs.submit(tasks=tasks)))
    outputs = {
        known.task_key: workspace.jobs.get_run_output(known.run_id or 0)
        for known in run.tasks or []
    }
    assert result(outputs["second"]) == "[3, 0]"
    assert outputs["third"].logs == "3 x"
    days = workspace.jobs.get_run((run.tasks or [])[-1].run_id or 0).iterations or []
    said = [result(workspace.jobs.get_run_output(day.run_id or 0)) for day in days]
    assert said == ["monday", "2"]


def test_a_notebook_that_is_not_there_never_starts(workspace: WorkspaceClient) -> None:
    run, output = ran(workspace, "/Shared/none")
    assert run.state
    assert run.state.life_cycle_state is RunLifeCycleState.INTERNAL_ERROR
    assert "Unable to access the notebook '/Shared/none'" in (output.error or "")


def ran_sql(workspace: WorkspaceClient, path: str, **parameters: str) -> RunOutput:
    file = SqlTaskFile(path=path)
    work = SqlTask(warehouse_id="of-no-matter", file=file, parameters=parameters)
    run_id = started(workspace.jobs.submit(tasks=[SubmitTask(task_key="s", sql_task=work)]))
    run = finished(workspace, run_id)
    return workspace.jobs.get_run_output((run.tasks or [])[0].run_id or 0)


def state_of(output: RunOutput) -> RunResultState | None:
    state = output.metadata.state if output.metadata else None
    return state.result_state if state else None


def test_a_file_of_sql_runs_with_its_parameters_and_tells_its_error(
    workspace: WorkspaceClient, folder: str
) -> None:
    path, table = f"{folder}/load.sql", f"main.default.t{uuid.uuid4().hex}"

    def write(text: str) -> None:
        text = text.replace("the_table", table)
        workspace.workspace.upload(path, text.encode(), format=ImportFormat.RAW, overwrite=True)

    write("CREATE TABLE the_table (day STRING); INSERT INTO the_table VALUES (:day)")
    output = ran_sql(workspace, path, day="run {{job.run_id}}")
    assert state_of(output) is RunResultState.SUCCESS
    assert output.sql_output
    written = f"run {output.metadata.job_run_id if output.metadata else None}"
    write("SELECT CAST(day AS INT) FROM the_table WHERE day = :day")
    assert state_of(ran_sql(workspace, path, day="another")) is RunResultState.SUCCESS
    output = ran_sql(workspace, path, day=written)
    assert state_of(output) is RunResultState.FAILED
    assert "CAST_INVALID_INPUT" in (output.error or "")
    write("SELECT * FROM the_table_that_is_not_there")
    assert "TABLE_OR_VIEW_NOT_FOUND" in (ran_sql(workspace, path).error or "")


def test_a_file_of_sql_that_is_not_there_never_starts(workspace: WorkspaceClient) -> None:
    output = ran_sql(workspace, "/Shared/none.sql")
    assert state_of(output) is RunResultState.FAILED
    assert "Unable to read the SQL file '/Shared/none.sql'" in (output.error or "")
