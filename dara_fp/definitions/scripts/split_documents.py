"""The job of `ingest-documents`: split every document of a folder into passages.

It runs on Databricks as a Python script task, with two parameters: the folder to read and the
JSON-lines file to write. It needs nothing but the standard library.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

LONGEST = 600
SHORTEST = 30


def passages(text: str) -> Iterator[str]:
    """Join the paragraphs of *text* into passages of up to LONGEST characters."""
    passage = ""
    for paragraph in text.split("\n\n"):
        words = " ".join(paragraph.split())
        if passage and len(passage) + len(" ") + len(words) > LONGEST:
            yield passage
            passage = ""
        passage = f"{passage} {words}".strip()
        while len(passage) > LONGEST:
            cut = passage.rfind(" ", SHORTEST, LONGEST)
            cut = cut if cut > 0 else LONGEST
            yield passage[:cut]
            passage = passage[cut:].strip()
    if passage:
        yield passage


def rows(document: Path) -> Iterator[dict[str, str]]:
    """Give the rows of one *document*; each but the first is led by its title, to stand alone."""
    text = document.read_text(encoding="utf-8", errors="replace")
    for number, passage in enumerate(passages(text)):
        if number and len(passage) < SHORTEST:
            continue
        title = f"{document.stem}: " if number else ""
        # By content: the same document twice is one, two documents of one name stay two.
        key = hashlib.sha256(f"{document.name}\n{number}\n{text}".encode()).hexdigest()[:32]
        yield {"id": key, "source": document.name, "text": title + passage}


def main(source: str, target: str) -> None:
    """Split the documents of the folder *source* into the file *target*."""
    # In a local sandbox volumes live below a folder; on Databricks they are mounted at the root.
    root = Path(os.environ.get("DARA_SANDBOX_ROOT", "/"))
    documents = sorted(path for path in (root / source.lstrip("/")).iterdir() if path.is_file())
    count = 0
    with (root / target.lstrip("/")).open("w", encoding="utf-8") as file:
        for document in documents:
            for row in rows(document):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
            print(f"{document.name}: {count} passages so far", flush=True)
    print(json.dumps({"documents": len(documents), "passages": count}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
