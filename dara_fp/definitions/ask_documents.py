"""A question in, the passages that answer it out."""

import attrs

from dara_fp.core.context import StepContext, made
from dara_fp.core.pipeline import start
from dara_fp.core.workflow import workflow
from dara_fp.databricks.environment import DatabricksEnv
from dara_fp.steps.vectors import Passage, find_passages

__all__ = ["AskDocuments", "ask_documents"]


@attrs.frozen(kw_only=True)
class AskDocuments(StepContext):
    """Find the passages of ingested documents that answer a question best.

    Attributes:
        question: In plain words, 2,000 characters at most.
        index: Full name of the index that `ingest-documents` filled.
        results: How many passages to find.
        model: Name of the embeddings endpoint.
        passages: What was found, nearest first.
    """

    question: str
    index: str = "main.default.documents"
    results: int = 3
    model: str = made("databricks-gte-large-en")
    passages: tuple[Passage, ...] = made(())


ask_documents = workflow("ask-documents", start(AskDocuments, DatabricksEnv) >> find_passages)
