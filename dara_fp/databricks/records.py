"""What a workspace answers, as frozen records; fields it adds later are ignored.

Values of enumerations stay text, so that one that is new to us is kept, not lost.
"""

import attrs

__all__ = [
    "DirectoryEntry",
    "FileMetadata",
    "Job",
    "Repair",
    "Run",
    "RunOutput",
    "RunState",
    "RunStatus",
    "RunTask",
]

_ENDED = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
_GOOD = frozenset({"SUCCESS", "SUCCESS_WITH_FAILURES"})


@attrs.frozen(kw_only=True)
class FileMetadata:
    """What is known of a file: its length in bytes, media type, and time of change (HTTP date)."""

    content_length: int | None = None
    content_type: str | None = None
    last_modified: str | None = None


@attrs.frozen(kw_only=True)
class DirectoryEntry:
    """A file or directory in a directory; times are milliseconds since 1970, sizes bytes."""

    path: str
    name: str = ""
    is_directory: bool = False
    file_size: int | None = None
    last_modified: int | None = None


@attrs.frozen(kw_only=True)
class RunState:
    """How far a run is, in the words of the API 2.2."""

    life_cycle_state: str | None = None
    result_state: str | None = None
    state_message: str = ""
    queue_reason: str = ""


@attrs.frozen(kw_only=True)
class TerminationDetails:
    """Why a run ended, in the newer words."""

    code: str | None = None
    message: str = ""
    type: str | None = None


@attrs.frozen(kw_only=True)
class RunStatus:
    """How far a run is, in the newer words."""

    state: str | None = None
    termination_details: TerminationDetails | None = None


@attrs.frozen(kw_only=True)
class _Progress:
    """What runs and their tasks tell of how far they are."""

    state: RunState | None = None
    status: RunStatus | None = None

    @property
    def life_cycle(self) -> str:
        """Tell where it is, such as `RUNNING`; `UNKNOWN` where nothing is said."""
        old = self.state.life_cycle_state if self.state else None
        new = self.status.state if self.status else None
        return old or new or "UNKNOWN"

    @property
    def result(self) -> str | None:
        """Tell how it ended, such as `SUCCESS`; None before the end."""
        if self.state and self.state.result_state:
            return self.state.result_state
        details = self.status.termination_details if self.status else None
        return details.code if details else None

    @property
    def said(self) -> str:
        """Tell what the workspace says about it."""
        details = self.status.termination_details if self.status else None
        old = self.state.state_message if self.state else ""
        return old or (details.message if details else "")

    @property
    def has_ended(self) -> bool:
        """Tell whether it is over, well or not."""
        return self.life_cycle in _ENDED

    @property
    def has_succeeded(self) -> bool:
        """Tell whether it is over and well."""
        return self.life_cycle == "TERMINATED" and self.result in _GOOD


@attrs.frozen(kw_only=True)
class RunTask(_Progress):
    """One task of a run; *run_id* is its own, which its output is asked with."""

    run_id: int = 0
    task_key: str = ""
    attempt_number: int = 0
    run_page_url: str | None = None


@attrs.frozen(kw_only=True)
class Repair(_Progress):
    """One item of a run's history: the run itself first, whose *type* is `ORIGINAL`, then repairs.

    The item of the run itself has no *id*.
    """

    id: int | None = None
    type: str | None = None
    start_time: int = 0
    end_time: int = 0
    task_run_ids: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Run(_Progress):
    """A run of a job; times are milliseconds since 1970.

    Its *repair_history* is there where it was asked for.
    """

    run_id: int
    job_id: int | None = None
    run_name: str = ""
    run_page_url: str | None = None
    tasks: tuple[RunTask, ...] = ()
    iterations: tuple[RunTask, ...] = ()
    start_time: int | None = None
    end_time: int | None = None
    next_page_token: str | None = None
    repair_history: tuple[Repair, ...] = ()

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """Give what repaired it, the oldest first; empty where the history was not asked for."""
        repairs = (item for item in self.repair_history if item.id and item.type != "ORIGINAL")
        return tuple(sorted(repairs, key=lambda item: item.start_time))

    @property
    def latest_repair_id(self) -> int | None:
        """Give the id of the last repair, or None where none is known."""
        return self.repairs[-1].id if self.repairs else None

    def is_over(self, repair_id: int | None = None) -> bool:
        """Tell whether it has ended, and no repair of it goes on: neither *repair_id* nor later."""
        under_way = any(not (repair.has_ended or repair.end_time) for repair in self.repairs)
        is_known = repair_id is None or any(repair.id == repair_id for repair in self.repairs)
        return self.has_ended and is_known and not under_way


@attrs.frozen(kw_only=True)
class NotebookOutput:
    """What a notebook gave to `dbutils.notebook.exit`."""

    result: str | None = None
    truncated: bool = False


@attrs.frozen(kw_only=True)
class RunOutput:
    """What one task run left: its error or its result, and its logs."""

    error: str | None = None
    error_trace: str | None = None
    logs: str | None = None
    logs_truncated: bool = False
    info: str | None = None
    notebook_output: NotebookOutput | None = None
    metadata: Run | None = None


@attrs.frozen(kw_only=True)
class JobSettings:
    """How a job is called; what else it has is left out."""

    name: str = ""


@attrs.frozen(kw_only=True)
class Job:
    """A job; its name is in its *settings*."""

    job_id: int
    settings: JobSettings = JobSettings()
    creator_user_name: str | None = None
    created_time: int | None = None
