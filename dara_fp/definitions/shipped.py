"""The workflows that ship with the framework, to be served as they are."""

from dara_fp.definitions.ask_documents import ask_documents
from dara_fp.definitions.ingest_documents import ingest_documents

__all__ = ["ask_documents", "ingest_documents"]
