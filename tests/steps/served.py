"""A sandbox in a process of its own, filled as the demo fills it, and the contexts steps run on."""

import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

from dara_fp import StepContext, Upload, made
from dara_fp.steps.embeddings import Embedded
from dara_fp.steps.jobs import JobRun
from dara_fp.steps.vectors import Indexed, Passage

__all__ = [
    "INDEX",
    "MODEL",
    "TOKEN",
    "Asking",
    "Embedding",
    "Running",
    "Sending",
    "Storing",
    "sandbox",
]

TOKEN = "dapi-of-the-step-tests"
MODEL = "databricks-gte-large-en"
INDEX = "main.default.documents"
_READY = "sandbox ready "


@contextmanager
def sandbox(data_dir: Path) -> Generator[str]:
    """Serve a sandbox that keeps its data in *data_dir*, and give its address."""
    command = [sys.executable, "-m", "dara_fp.cli", "sandbox", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "DARA_SANDBOX_TOKEN": TOKEN},
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith(_READY), line
            yield line.removeprefix(_READY).strip()
        finally:
            process.terminate()


@attrs.frozen(kw_only=True)
class Sending(StepContext):
    """The least that `upload_file` takes."""

    source: str
    folder: str
    uploaded: Upload | None = made()


@attrs.frozen(kw_only=True)
class Running(StepContext):
    """The least that the steps of jobs take."""

    job: str
    job_parameters: Mapping[str, str] = attrs.field(factory=dict[str, str])
    run: JobRun | None = made()


@attrs.frozen(kw_only=True)
class Embedding(StepContext):
    """The least that `embed_passages` takes."""

    passages_path: str
    model: str = MODEL
    embedded: Embedded | None = made()


@attrs.frozen(kw_only=True)
class Storing(StepContext):
    """The least that `upsert_vectors` takes."""

    vectors_path: str
    index: str = INDEX
    indexed: Indexed | None = made()


@attrs.frozen(kw_only=True)
class Asking(StepContext):
    """The least that `find_passages` takes."""

    question: str
    index: str = INDEX
    model: str = MODEL
    results: int = 3
    passages: tuple[Passage, ...] = made(())
