"""Documents in, a searchable index out."""

from collections.abc import Iterable, Mapping

import attrs

from dara_fp.core.context import StepContext, made
from dara_fp.core.errors import Kind, StepError, StepFailed
from dara_fp.core.pipeline import start
from dara_fp.core.workflow import workflow
from dara_fp.databricks.environment import DatabricksEnv
from dara_fp.databricks.files.upload import Upload
from dara_fp.steps.embeddings import Embedded, embed_passages
from dara_fp.steps.jobs import JobRun, run_job
from dara_fp.steps.vectors import Indexed, upsert_vectors

__all__ = ["IngestDocuments", "ingest_documents"]

_VOLUME = ("", "Volumes", "<catalog>", "<schema>", "<volume>")


@attrs.frozen(kw_only=True)
class IngestDocuments(StepContext):
    """Split uploaded documents into passages, embed them, and put them into a vector index.

    Attributes:
        documents: The files to ingest, UTF-8 text, in one folder of a volume; the job reads
            every file of that folder.
        index: Full name of a direct-access index with the columns id, source, text and vector.
        job: Name or id of the job that splits; see `scripts/split_documents.py`.
        model: Name of the embeddings endpoint.
    """

    documents: tuple[Upload, ...]
    index: str = "main.default.documents"
    job: str = made("dara-split-documents")
    model: str = made("databricks-gte-large-en")
    run: JobRun | None = made()
    embedded: Embedded | None = made()
    indexed: Indexed | None = made()

    @property
    def job_parameters(self) -> Mapping[str, str]:
        """Tell the job where the documents are and where the passages go.

        Raises:
            StepFailed: No single folder of a volume holds the documents.
        """
        return {"source": _folder_of(self.documents), "target": self.passages_path}

    @property
    def passages_path(self) -> str:
        """The file the job writes, beside the folder of the documents.

        Raises:
            StepFailed: No single folder of a volume holds the documents.
        """
        return f"{_folder_of(self.documents)}.passages.jsonl"

    @property
    def vectors_path(self) -> str:
        """The file of vectors."""
        return self.embedded.path if self.embedded else ""


ingest_documents = workflow(
    "ingest-documents",
    start(IngestDocuments, DatabricksEnv) >> run_job >> embed_passages >> upsert_vectors,
)


def _folder_of(documents: Iterable[Upload]) -> str:
    """Give the folder that holds all of *documents*."""
    folders = sorted({document.path.rpartition("/")[0] for document in documents})
    if not folders:
        raise _rejected("there are no documents: give at least one")
    if len(folders) > 1:
        raise _rejected(
            f"the documents lie in {len(folders)} folders, such as {folders[0]!r} and"
            f" {folders[1]!r}: put them into one"
        )
    if len(folders[0].split("/")) <= len(_VOLUME):
        raise _rejected(
            f"the documents lie in {folders[0]!r}, which leaves no place for the passages beside"
            f" it: put them into a folder of a volume, {'/'.join(_VOLUME)}/<folder>"
        )
    return folders[0]


def _rejected(message: str) -> StepFailed:
    return StepFailed(StepError(kind=Kind.REJECTED, message=message))
