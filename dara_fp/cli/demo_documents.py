"""What the demo ingests and asks: the packages of this environment, or a folder of texts."""

import importlib.metadata
import re
from pathlib import Path

import attrs

from dara_fp.cli.mistakes import CannotLoad

__all__ = ["Document", "Question", "documents_in", "packages"]

_TEXTS = frozenset({".txt", ".md", ".rst", ".text"})
_LARGEST = 5_000_000


@attrs.frozen(kw_only=True)
class Document:
    """A text to ingest."""

    name: str
    text: str


@attrs.frozen(kw_only=True)
class Question:
    """A question, and the documents that may rightly come first."""

    text: str
    answers: frozenset[str]


_QUESTIONS = (
    Question(text="Which package is a client for a Redis database?", answers=frozenset({"redis"})),
    Question(text="Which package runs an ASGI web server?", answers=frozenset({"uvicorn"})),
    Question(
        text="How do I show rich text and tables in the terminal?", answers=frozenset({"rich"})
    ),
)


def packages() -> tuple[list[Document], list[Question]]:
    """Give the description of every distribution installed here, and three questions.

    The questions are about packages that DARA itself needs, so they are always there.
    """
    found: dict[str, Document] = {}
    for distribution in importlib.metadata.distributions():
        metadata = distribution.metadata.json
        name = re.sub(r"[-_.]+", "-", str(metadata.get("name", ""))).lower()
        text = f"{name}: {metadata.get('summary', '')}\n\n{metadata.get('description', '')}"
        if name:
            found[name] = Document(name=f"{name}.md", text=text)
    return sorted(found.values(), key=lambda document: document.name), list(_QUESTIONS)


def documents_in(folder: Path) -> tuple[list[Document], list[Question]]:
    """Give the texts of *folder*, and as questions the openings of three of them.

    Raises:
        CannotLoad: The folder has no texts.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix in _TEXTS and path.is_file())
    documents = [
        Document(name=path.name, text=path.read_text(encoding="utf-8", errors="replace"))
        for path in paths
        if 0 < path.stat().st_size <= _LARGEST
    ]
    if not documents:
        kinds = ", ".join(sorted(_TEXTS))
        raise CannotLoad(f"no texts in {folder}: put files that end in {kinds} there")
    chosen = [documents[0], documents[len(documents) // 2], documents[-1]]
    return documents, [_opening(document) for document in chosen]


def _opening(document: Document) -> Question:
    text = " ".join(document.text.split())[:200]
    return Question(text=text, answers=frozenset({Path(document.name).stem}))
