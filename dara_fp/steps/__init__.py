"""Reusable steps over the core and the Databricks client, one file a Databricks area."""

from dara_fp.steps.embeddings import Embedded, embed_passages
from dara_fp.steps.files import upload_file
from dara_fp.steps.jobs import JobRun, await_run, run_job, submit_run
from dara_fp.steps.vectors import Indexed, Passage, find_passages, upsert_vectors

__all__ = [
    "Embedded",
    "Indexed",
    "JobRun",
    "Passage",
    "await_run",
    "embed_passages",
    "find_passages",
    "run_job",
    "submit_run",
    "upload_file",
    "upsert_vectors",
]
