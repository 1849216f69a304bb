"""What the demo ingests and asks: the packages of this environment, or a folder of texts."""

import importlib.metadata
import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from dara_fp.api.forms import MOST_PARTS
from dara_fp.cli.mistakes import CannotLoad

__all__ = ["Document", "Material", "Question", "documents_in", "packages"]

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


@attrs.frozen(kw_only=True)
class Material:
    """What the demo plays with.

    Attributes:
        documents: As many as one form takes.
        questions: Three, or fewer where there are fewer documents.
        left_out: How many documents more there would be.
    """

    documents: Sequence[Document]
    questions: Sequence[Question]
    left_out: int = 0


_QUESTIONS = (
    Question(
        text="Which package is a client for a Redis database?", answers=frozenset({"redis.md"})
    ),
    Question(text="Which package runs an ASGI web server?", answers=frozenset({"uvicorn.md"})),
    Question(
        text="How do I show rich text and tables in the terminal?", answers=frozenset({"rich.md"})
    ),
)

_OURSELVES = "dara-fp"


def packages() -> Material:
    """Give the description of every distribution installed here, and three questions.

    The questions are about packages that DARA itself needs, so they are always there. DARA itself
    is left out: its description has the questions word by word.
    """
    found: dict[str, Document] = {}
    for distribution in importlib.metadata.distributions():
        metadata = distribution.metadata.json
        name = re.sub(r"[-_.]+", "-", str(metadata.get("name", ""))).lower()
        text = f"{name}: {metadata.get('summary', '')}\n\n{metadata.get('description', '')}"
        if name not in {"", _OURSELVES}:
            found[name] = Document(name=f"{name}.md", text=text)
    asked = frozenset[str]().union(*(question.answers for question in _QUESTIONS))
    # Those that are asked for come first, so that they are never left out.
    ordered = sorted(found.values(), key=lambda each: (each.name not in asked, each.name))
    return Material(
        documents=ordered[:MOST_PARTS],
        questions=_QUESTIONS,
        left_out=max(0, len(ordered) - MOST_PARTS),
    )


def documents_in(folder: Path) -> Material:
    """Give the texts of *folder*, and as questions the openings of up to three of them.

    Raises:
        CannotLoad: The folder has no texts.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix in _TEXTS and path.is_file())
    fit = [path for path in paths if 0 < path.stat().st_size <= _LARGEST]
    read = [
        Document(
            # An upload's name begins with no dot.
            name="-".join(path.relative_to(folder).parts).lstrip(". "),
            text=path.read_text(encoding="utf-8", errors="replace"),
        )
        for path in fit[:MOST_PARTS]
    ]
    documents = [document for document in read if document.text.strip()]
    if not documents:
        kinds = ", ".join(sorted(_TEXTS))
        raise CannotLoad(f"no texts in {folder}: put files that end in {kinds} there")
    return Material(
        documents=documents, questions=_openings(documents), left_out=len(fit[MOST_PARTS:])
    )


def _openings(documents: Sequence[Document]) -> list[Question]:
    """Ask for the openings of the first, the middle and the last of *documents*, each once."""
    answers: dict[str, frozenset[str]] = {}
    for document in documents:
        text = " ".join(document.text.split())[:200]
        answers[text] = answers.get(text, frozenset()) | {document.name}
    questions = [Question(text=text, answers=names) for text, names in answers.items()]
    chosen = {0, len(questions) // 2, len(questions) - 1}
    return [questions[number] for number in sorted(chosen)]
