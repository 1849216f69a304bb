"""Tasks that run once for each of several inputs: the inputs, the iterations, how they end."""

from collections.abc import Callable, Sequence

import attrs
import msgspec

from dara_fp.sandbox.jobs.runs import FAILED, PENDING, SUCCEEDED, Result, Run, State, TaskRun, now
from dara_fp.sandbox.server.wire import Json

__all__ = ["all_ended", "end_of", "inputs_of", "iterations_of", "stats_of", "values_of", "with_new"]

INPUTS_LIMIT = 5_000


def inputs_of(text: str) -> list[str]:
    """Give the inputs in *text*, an array of JSON, each as JSON again.

    >>> inputs_of('["a", {"n": 1}]')
    ['"a"', '{"n": 1}']

    Raises:
        ValueError: It is no array, or has too many.
    """
    try:
        found = msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        said = f"The inputs of a for_each_task are a JSON array, not {text[:100]!r}."
        raise ValueError(said) from None
    if len(found) > INPUTS_LIMIT:
        raise ValueError(f"A for_each_task takes {INPUTS_LIMIT} inputs at most, not {len(found)}.")
    return [bytes(one).decode() for one in found]


def values_of(given: str | None) -> dict[str, str]:
    """Give what `{{input}}` and `{{input.key}}` stand for where the input *given* is JSON.

    >>> values_of('{"day": "monday", "n": 1}')
    {'input': '{"day": "monday", "n": 1}', 'input.day': 'monday', 'input.n': '1'}
    """
    if given is None:
        return {}
    kind = dict[str, msgspec.Raw]
    inner = msgspec.json.decode(given, type=kind) if given.startswith("{") else {}
    fields = {f"input.{key}": _text(bytes(one).decode()) for key, one in inner.items()}
    return {"input": _text(given)} | fields


def with_new(run: Run, parent: TaskRun, inputs: Sequence[str], new_id: Callable[[], int]) -> Run:
    """Give *run* with an iteration of *parent* for each of *inputs*.

    Those that succeeded before *parent* was repaired stay as they ended.
    """
    work = parent.spec.for_each_task
    assert work is not None  # noqa: S101 - whoever asks has looked
    before = _before(run, parent)
    made = (
        attrs.evolve(before[place], parent_id=parent.run_id)
        if place in before and before[place].given == given
        else TaskRun(
            run_id=new_id(), spec=work.task, state=PENDING, parent_id=parent.run_id, given=given
        )
        for place, given in enumerate(inputs)
    )
    return attrs.evolve(run, iterations=(*run.iterations, *made))


def iterations_of(run: Run, task: TaskRun) -> list[TaskRun]:
    """Give the iterations of *task* in *run*."""
    return [known for known in run.iterations if known.parent_id == task.run_id]


def all_ended(run: Run, task: TaskRun, state: State) -> Run:
    """Give *run* with the iterations of *task* that had not ended ended in *state*."""
    open_ones = {known.run_id for known in iterations_of(run, task) if not known.state.final}
    return attrs.evolve(
        run,
        iterations=tuple(
            attrs.evolve(known, state=state, end_time=now()) if known.run_id in open_ones else known
            for known in run.iterations
        ),
    )


def end_of(iterations: Sequence[TaskRun]) -> State:
    """Give how a task has ended whose *iterations* have."""
    failed = [known for known in iterations if known.state.result is not Result.SUCCESS]
    if not failed:
        return SUCCEEDED
    said = f"{len(failed)} of {len(iterations)} iterations failed, the first of them with:"
    return attrs.evolve(FAILED, message=f"{said} {failed[0].error or failed[0].state.message}")


def stats_of(iterations: Sequence[TaskRun]) -> Json:
    """Give the counts of *iterations* as a workspace tells them."""
    done = [known for known in iterations if known.state.final]
    good = [known for known in done if known.state.result is Result.SUCCESS]
    counts = {
        "total_iterations": len(iterations),
        "scheduled_iterations": len(iterations),
        "active_iterations": len(iterations) - len(done),
        "completed_iterations": len(done),
        "succeeded_iterations": len(good),
        "failed_iterations": len(done) - len(good),
    }
    return {"task_run_stats": counts}


def _before(run: Run, parent: TaskRun) -> dict[int, TaskRun]:
    """Give the iterations that succeeded before *parent* was repaired, by their places."""
    past = [known for known in run.past if known.spec.task_key == parent.spec.task_key]
    found = iterations_of(run, past[-1]) if past else []
    return {
        place: known for place, known in enumerate(found) if known.state.result is Result.SUCCESS
    }


def _text(given: str) -> str:
    return msgspec.json.decode(given, type=str) if given.startswith('"') else given
