"""Reusable steps over the core and the Databricks client, one file a Databricks area."""

from dara_fp.steps.calling import calling
from dara_fp.steps.embeddings import Embedded, embed_passages
from dara_fp.steps.files import LocalFile, delete_uploaded, download_file, upload_file
from dara_fp.steps.genie import GenieAnswer, ask_genie
from dara_fp.steps.jobs import JobRun, await_run, run_job, submit_run
from dara_fp.steps.one_time_runs import submit_job
from dara_fp.steps.pipelines import PipelineUpdate, update_pipeline
from dara_fp.steps.repairs import repair_run
from dara_fp.steps.serving import ChatMessage, ChatReply, chat
from dara_fp.steps.sql import SavedRows, SqlResult, execute_sql, save_rows
from dara_fp.steps.vectors import (
    Indexed,
    Passage,
    SyncedIndex,
    find_passages,
    sync_index,
    upsert_vectors,
)

__all__ = [
    "ChatMessage",
    "ChatReply",
    "Embedded",
    "GenieAnswer",
    "Indexed",
    "JobRun",
    "LocalFile",
    "Passage",
    "PipelineUpdate",
    "SavedRows",
    "SqlResult",
    "SyncedIndex",
    "ask_genie",
    "await_run",
    "calling",
    "chat",
    "delete_uploaded",
    "download_file",
    "embed_passages",
    "execute_sql",
    "find_passages",
    "repair_run",
    "run_job",
    "save_rows",
    "submit_job",
    "submit_run",
    "sync_index",
    "update_pipeline",
    "upload_file",
    "upsert_vectors",
]
