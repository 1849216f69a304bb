"""Jobs and runs: in memory while the sandbox runs, in small files so that a restart knows them."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import attrs
import msgspec

from dara_fp.sandbox.files.disk import write_atomically
from dara_fp.sandbox.jobs.job_specs import JobSpec
from dara_fp.sandbox.jobs.runs import LOST, Run, TaskRun, ended, now
from dara_fp.sandbox.server.errors import invalid
from dara_fp.sandbox.server.wire import Json

__all__ = ["Job", "JobStore"]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Job:
    """A job: its settings as they were sent, and what the sandbox reads of them."""

    job_id: int
    created_time: int
    settings: Json
    spec: JobSpec


class JobStore:
    """All jobs and runs below *directory*. Runs that were active when it closed are lost."""

    def __init__(self, directory: Path) -> None:
        self._jobs_at = directory / "jobs"
        self._runs_at = directory / "runs"
        self._deleted_at = directory / "deleted"
        self._last_id = 0
        self.jobs = {job.job_id: job for job in _load(self._jobs_at, Job)}
        self._runs = {run.run_id: run for run in _load(self._runs_at, Run)}
        self._deleted = {run.run_id: run for run in _load(self._deleted_at, Run)}
        self._task_of = {task.run_id: run.run_id for run in self.runs() for task in run.everything}
        self._tokens = {run.token: run.run_id for run in self.ledger() if run.token}
        self._last_numbers = Counter[int]()
        for run in self.ledger():
            self._count(run)
        for run in [run for run in self.runs() if not run.state.final]:
            self.save(ended(run, LOST))

    def new_id(self) -> int:
        """Give an id that is larger than all before, also those of earlier starts."""
        self._last_id = max(self._last_id + 1, now() * 1000)
        return self._last_id

    def add_job(self, settings: Json, spec: JobSpec) -> Job:
        """Keep a new job with *settings*."""
        job = Job(job_id=self.new_id(), created_time=now(), settings=settings, spec=spec)
        return self._keep_job(job)

    def change_job(self, job_id: int, settings: Json, spec: JobSpec) -> Job:
        """Keep other *settings* for the job *job_id*."""
        return self._keep_job(attrs.evolve(self.job(job_id), settings=settings, spec=spec))

    def job(self, job_id: int) -> Job:
        """Give the job *job_id*, or refuse in the words the SDK looks for."""
        if job_id not in self.jobs:
            raise invalid(f"Job {job_id} does not exist.")
        return self.jobs[job_id]

    def delete_job(self, job_id: int) -> None:
        """Forget the job *job_id*; its runs stay."""
        self.job(job_id)
        del self.jobs[job_id]
        (self._jobs_at / f"{job_id}.json").unlink(missing_ok=True)

    def runs(self) -> Iterator[Run]:
        """Give all runs, the newest first."""
        return iter(sorted(self._runs.values(), key=lambda run: -run.run_id))

    def ledger(self) -> list[Run]:
        """Give all runs that were ever started, deleted ones too, the oldest first."""
        return sorted([*self._runs.values(), *self._deleted.values()], key=lambda run: run.run_id)

    def is_deleted(self, run_id: int) -> bool:
        """Tell whether the run *run_id* was there and has been deleted."""
        return run_id in self._deleted

    def run(self, run_id: int) -> Run:
        """Give the run *run_id*, or refuse in the words the SDK looks for."""
        if run_id not in self._runs:
            raise invalid(f"Run {run_id} does not exist.")
        return self._runs[run_id]

    def is_active(self, run_id: int) -> bool:
        """Tell whether the run *run_id* is there and has not ended."""
        return run_id in self._runs and not self._runs[run_id].state.final

    def find(self, run_id: int) -> tuple[Run, TaskRun | None]:
        """Give the run *run_id*, or the run and the task when it is a task's id."""
        parent = self._task_of.get(run_id)
        if parent is None:
            return self.run(run_id), None
        run = self.run(parent)
        return run, run.task(run_id)

    def keep(self, run: Run) -> Run:
        """Keep the new state of *run* in memory."""
        self._runs[run.run_id] = run
        return run

    def save(self, run: Run) -> Run:
        """Keep *run* in memory and on disk."""
        self._task_of |= {task.run_id: run.run_id for task in run.everything}
        if run.token:
            self._tokens[run.token] = run.run_id
        self._count(run)
        write_atomically(self._runs_at / f"{run.run_id}.json", msgspec.json.encode(run))
        return self.keep(run)

    def delete_run(self, run: Run) -> None:
        """Forget *run* and its output; the ledger keeps it and its token stays used."""
        write_atomically(self._deleted_at / f"{run.run_id}.json", msgspec.json.encode(run))
        self._deleted[run.run_id] = self._runs.pop(run.run_id)
        (self._runs_at / f"{run.run_id}.json").unlink(missing_ok=True)
        for task in run.everything:
            self._task_of.pop(task.run_id, None)
            shutil.rmtree(self.place(task), ignore_errors=True)

    def started_with(self, token: str | None) -> Run | None:
        """Give the run that was started with the idempotency *token*.

        Raises:
            ApiError: 400; that run has been deleted.
        """
        if token not in self._tokens:
            return None
        if self.is_deleted(self._tokens[token]):
            raise invalid(f"The run with idempotency_token {token!r} was deleted: use a new token.")
        return self._runs[self._tokens[token]]

    def number_in_job(self, job_id: int) -> int:
        """Give the number of the next run of the job *job_id*."""
        return 1 + self._last_numbers[job_id]

    def place(self, task: TaskRun) -> Path:
        """Give the directory of *task*, where its output and its working directory are."""
        return self._runs_at / str(task.run_id)

    def log(self, task: TaskRun) -> Path:
        """Give the file with the output of *task*."""
        return self.place(task) / "output.log"

    def _keep_job(self, job: Job) -> Job:
        self.jobs[job.job_id] = job
        write_atomically(self._jobs_at / f"{job.job_id}.json", msgspec.json.encode(job))
        return job

    def _count(self, run: Run) -> None:
        self._last_numbers[run.job_id] = max(self._last_numbers[run.job_id], run.number_in_job)


def _load(directory: Path, kind: type[T]) -> list[T]:
    return [msgspec.json.decode(file.read_bytes(), type=kind) for file in directory.glob("*.json")]
