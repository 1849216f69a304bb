"""Documents in, a searchable index out."""

from collections.abc import Mapping

import attrs

from dara_fp.core.context import StepContext, made
from dara_fp.core.pipeline import start
from dara_fp.core.workflow import workflow
from dara_fp.databricks.environment import DatabricksEnv
from dara_fp.databricks.upload import Upload
from dara_fp.steps.embeddings import Embedded, embed_passages
from dara_fp.steps.jobs import JobRun, run_job
from dara_fp.steps.vectors import Indexed, upsert_vectors

__all__ = ["IngestDocuments", "ingest_documents"]


@attrs.frozen(kw_only=True)
class IngestDocuments(StepContext):
    """Split uploaded documents into passages, embed them, and put them into a vector index.

    Attributes:
        documents: The files to ingest, UTF-8 text.
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
        """Tell the job where the documents are and where the passages go."""
        return {"source": self._folder, "target": self.passages_path}

    @property
    def passages_path(self) -> str:
        """The file the job writes, beside the folder of the documents."""
        return f"{self._folder}.passages.jsonl"

    @property
    def vectors_path(self) -> str:
        """The file of vectors."""
        return self.embedded.path if self.embedded else ""

    @property
    def _folder(self) -> str:
        return self.documents[0].path.rpartition("/")[0] if self.documents else ""


ingest_documents = workflow(
    "ingest-documents",
    start(IngestDocuments, DatabricksEnv) >> run_job >> embed_passages >> upsert_vectors,
)
