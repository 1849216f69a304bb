"""What a workspace answers, as frozen records; fields it adds later are ignored.

Values of enumerations stay text, so that one that is new to us is kept, not lost.
"""

from typing import Any

import attrs

__all__ = [
    "DirectoryEntry",
    "EndpointInfo",
    "FileMetadata",
    "IndexRows",
    "Job",
    "Run",
    "RunOutput",
    "RunState",
    "RunStatus",
    "RunTask",
    "UpsertResult",
    "VectorIndex",
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
class Run(_Progress):
    """A run of a job; times are milliseconds since 1970."""

    run_id: int
    job_id: int | None = None
    run_name: str = ""
    run_page_url: str | None = None
    tasks: tuple[RunTask, ...] = ()
    iterations: tuple[RunTask, ...] = ()
    start_time: int | None = None
    end_time: int | None = None
    next_page_token: str | None = None


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


@attrs.frozen(kw_only=True)
class EndpointStatus:
    """Whether a vector search endpoint is up, such as `ONLINE`."""

    state: str | None = None
    message: str = ""


@attrs.frozen(kw_only=True)
class EndpointInfo:
    """A vector search endpoint."""

    name: str
    endpoint_type: str | None = None
    id: str | None = None
    endpoint_status: EndpointStatus = EndpointStatus()
    num_indexes: int = 0


@attrs.frozen(kw_only=True)
class VectorIndexStatus:
    """Whether a vector index is ready, and how many rows it has."""

    ready: bool = False
    message: str = ""
    indexed_row_count: int | None = None
    index_url: str | None = None


@attrs.frozen(kw_only=True)
class VectorIndex:
    """A vector index."""

    name: str
    endpoint_name: str | None = None
    index_type: str | None = None
    primary_key: str | None = None
    status: VectorIndexStatus = VectorIndexStatus()


@attrs.frozen(kw_only=True)
class UpsertResult:
    """How many rows an index took, and the keys of those it did not."""

    success_row_count: int = 0
    failed_primary_keys: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class IndexRows:
    """What a query found, best first: *rows* of values in the order of *columns*.

    The last column is `score`. There are more rows where *next_page_token* is set.

    >>> IndexRows(columns=("id", "score"), rows=(("a", 0.5),)).records
    ({'id': 'a', 'score': 0.5},)
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    next_page_token: str | None = None

    @property
    def records(self) -> tuple[dict[str, Any], ...]:
        """Give the rows as mappings from column to value."""
        return tuple(dict(zip(self.columns, row, strict=True)) for row in self.rows)
