"""A run as the JSON a workspace answers."""

import msgspec

from dara_fp.sandbox.jobs.iterations import iterations_of, stats_of
from dara_fp.sandbox.jobs.job_specs import KINDS
from dara_fp.sandbox.jobs.runs import Chapter, Life, Result, Run, State, TaskRun, now
from dara_fp.sandbox.server.auth import USER
from dara_fp.sandbox.server.wire import Json

__all__ = ["left_json", "run_json", "task_as_run", "task_json"]

RESULT_LIMIT = 5 * 2**20
"""Characters of what a notebook exits with that are told, the first ones."""

# The newer state machine has one final state, and another word for waiting.
_NEW_STATE = {
    Life.WAITING_FOR_RETRY: "WAITING",
    Life.SKIPPED: "TERMINATED",
    Life.INTERNAL_ERROR: "TERMINATED",
}

_ENDS: dict[Result, tuple[str, str]] = {
    Result.SUCCESS: ("SUCCESS", "SUCCESS"),
    Result.SUCCESS_WITH_FAILURES: ("SUCCESS_WITH_FAILURES", "SUCCESS"),
    Result.FAILED: ("RUN_EXECUTION_ERROR", "CLIENT_ERROR"),
    Result.CANCELED: ("USER_CANCELED", "CLIENT_ERROR"),
    Result.TIMEDOUT: ("CANCELED", "CLIENT_ERROR"),
    Result.UPSTREAM_FAILED: ("SKIPPED", "CLIENT_ERROR"),
    Result.EXCLUDED: ("SKIPPED", "SUCCESS"),
    Result.MAXIMUM_CONCURRENT_RUNS_REACHED: ("MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR"),
}


def run_json(run: Run, *, tasks: bool = True, history: bool = False) -> Json:
    """Give *run* as `runs/get` answers it, with or without its *tasks* and the *history*."""
    body: Json = {
        **_head(run),
        "run_id": run.run_id,
        "number_in_job": run.number_in_job,
        "original_attempt_run_id": run.run_id,
        "run_name": run.name,
        "run_page_url": _page(run, run.run_id),
        "overriding_parameters": _overriding(run),
        "job_parameters": [
            {"name": name, "default": default, "value": value}
            for name, default, value in run.parameters
        ],
        "job_run_id": run.run_id,
        "has_more": False,
        **_states(run.state),
        **_times(run.start_time, run.begin_time, run.end_time),
    }
    if tasks:
        body["tasks"] = [task_json(run, task) for task in run.attempts]
    if history:
        body["repair_history"] = [_chapter_json(chapter) for chapter in run.history]
    return body


def task_json(run: Run, task: TaskRun) -> Json:
    """Give *task* as it stands in the `tasks` of its *run*."""
    spec: Json = msgspec.to_builtins(task.spec)
    return {
        **spec,
        **_work(run, task),
        "run_id": task.run_id,
        "run_if": task.spec.run_if,
        "run_page_url": _page(run, task.run_id),
        "attempt_number": task.attempt,
        **_states(task.state),
        **_times(task.start_time, task.start_time, task.end_time),
    }


def task_as_run(run: Run, task: TaskRun) -> Json:
    """Give *task* as `runs/get` and `runs/get-output` answer it for the task's own run id."""
    inner = [task_json(run, known) for known in iterations_of(run, task)]
    return {
        **_head(run),
        **task_json(run, task),
        "job_run_id": run.run_id,
        "parent_run_id": run.run_id,
        "number_in_job": run.number_in_job,
        "original_attempt_run_id": task.run_id,
        "run_name": task.spec.task_key,
        "task": _work(run, task),
        **({"iterations": inner} if task.spec.for_each_task is not None else {}),
    }


def left_json(task: TaskRun) -> Json:
    """Give what *task* left, as `runs/get-output` answers it for a task of its kind."""
    if task.spec.notebook_task is not None and task.state.final:
        if task.result is None:
            return {"notebook_output": {}}
        cut = task.result[:RESULT_LIMIT]
        return {"notebook_output": {"result": cut, "truncated": cut != task.result}}
    if task.spec.sql_task is not None:
        return {"sql_output": {"query_output": {"warehouse_id": task.spec.sql_task.warehouse_id}}}
    return {}


def _chapter_json(chapter: Chapter) -> Json:
    body: Json = {
        "type": "ORIGINAL" if chapter.repair_id is None else "REPAIR",
        "start_time": chapter.start_time,
        "end_time": chapter.end_time,
        "task_run_ids": list(chapter.task_run_ids),
        **_states(chapter.state),
    }
    return body if chapter.repair_id is None else {"id": chapter.repair_id, **body}


def _work(run: Run, task: TaskRun) -> Json:
    kind = next(name for name in KINDS if getattr(task.spec, name) is not None)
    known: Json = {} if task.outcome is None else {"outcome": task.outcome}
    if task.spec.for_each_task is not None:
        known = {"stats": stats_of(iterations_of(run, task))}
    return {kind: {**msgspec.to_builtins(getattr(task.spec, kind)), **known}}


def _head(run: Run) -> Json:
    return {
        "job_id": run.job_id,
        "creator_user_name": USER,
        "run_type": run.kind,
        "trigger": "ONE_TIME",
        "format": "MULTI_TASK",
    }


def _overriding(run: Run) -> Json:
    given: Json = {} if run.python_params is None else {"python_params": list(run.python_params)}
    return given | ({"notebook_params": run.notebook_params} if run.notebook_params else {})


def _page(run: Run, run_id: int) -> str:
    return f"{run.host}/?o={run.workspace_id}#job/{run.job_id}/run/{run_id}"


def _states(state: State) -> Json:
    return {"state": _old_state(state), "status": _new_state(state)}


def _old_state(state: State) -> Json:
    body: Json = {
        "life_cycle_state": state.life,
        "state_message": state.message,
        "user_cancelled_or_timedout": state.result in {Result.CANCELED, Result.TIMEDOUT},
    }
    if state.result:
        body["result_state"] = state.result
    if state.life is Life.QUEUED:
        body["queue_reason"] = state.message
    return body


def _new_state(state: State) -> Json:
    body: Json = {"state": _NEW_STATE.get(state.life, state.life)}
    if state.life is Life.QUEUED:
        body["queue_details"] = {"code": "MAX_CONCURRENT_RUNS_REACHED", "message": state.message}
    if state.life is Life.INTERNAL_ERROR:
        body["termination_details"] = _end("INTERNAL_ERROR", "INTERNAL_ERROR", state.message)
    elif state.result:
        body["termination_details"] = _end(*_ENDS[state.result], state.message)
    return body


def _end(code: str, kind: str, message: str) -> Json:
    return {"code": code, "type": kind, "message": message}


def _times(start: int, begin: int, end: int) -> Json:
    running = (end or now()) - begin if begin else 0
    return {
        "start_time": start,
        "end_time": end,
        "setup_duration": begin - start if begin else 0,
        "execution_duration": running,
        "cleanup_duration": 0,
        "run_duration": (end or now()) - start if start else 0,
    }
