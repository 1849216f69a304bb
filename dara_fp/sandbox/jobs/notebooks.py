"""The forms of notebooks: as source with a header, and as Jupyter's JSON."""

import json

from dara_fp.sandbox.jobs.notebook_cells import HEADER, SEPARATOR, cells_of
from dara_fp.sandbox.server.errors import invalid

__all__ = ["EXTENSIONS", "as_jupyter", "as_source", "language_named", "language_of", "stored"]

EXTENSIONS = {"PYTHON": "py", "SQL": "sql", "SCALA": "scala"}
"""Languages that notebooks are kept in, and what their source files are called by."""

_COMMENTS = {"PYTHON": "#", "SQL": "--", "SCALA": "//"}
_HEADERS = {language: HEADER.replace("#", comment, 1) for language, comment in _COMMENTS.items()}


def language_of(content: bytes) -> str | None:
    """Give the language of the notebook that *content* is, or None if it is a plain file.

    >>> language_of(b"-- Databricks notebook source"), language_of(b"print()")
    ('SQL', None)
    """
    for language, header in _HEADERS.items():
        if content.startswith(header.encode()):
            return language
    is_json = content.lstrip()[:1] == b"{" and b'"nbformat"' in content
    return "PYTHON" if is_json else None


def language_named(path: str) -> str | None:
    """Give the language that the ending of *path* names, or None.

    >>> language_named("/Shared/report.sql"), language_named("/Shared/report")
    ('SQL', None)
    """
    ending = path.rpartition("/")[2].rpartition(".")[2]
    return next((name for name, known in EXTENSIONS.items() if known == ending), None)


def stored(content: bytes, form: str, language: str | None) -> bytes:
    """Give the notebook *content*, sent in the format *form*, as it is kept.

    Raises:
        ApiError: 400; it is no notebook of this form and *language*.
    """
    text = _text(content)
    if form == "JUPYTER":
        _check(text)
        return content
    if language not in _HEADERS:
        known = ", ".join(_HEADERS)
        raise invalid(f"language is {language!r}, which the sandbox keeps no notebook in: {known}.")
    header = _HEADERS[language]
    return content if text.startswith(header) else f"{header}\n{text}".encode()


def as_source(content: bytes) -> bytes:
    """Give the notebook *content* as source."""
    text = _text(content)
    if not text.lstrip().startswith("{"):
        return content
    cells = [cell if not cell.startswith("%") else _as_magic(cell) for cell in cells_of(text)]
    between = f"\n\n{SEPARATOR}\n\n"
    return f"{HEADER}\n{between.join(cells)}\n".encode()


def as_jupyter(content: bytes) -> bytes:
    """Give the Python notebook *content* as Jupyter's JSON, version 4."""
    text = _text(content)
    if text.lstrip().startswith("{"):
        return content
    notebook = {
        "cells": [_jupyter_cell(cell) for cell in cells_of(text)],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 0,
    }
    return json.dumps(notebook, indent=1).encode()


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise invalid("The content of a notebook is text in UTF-8: import this as RAW.") from None


def _check(text: str) -> None:
    try:
        cells_of(text)
    except ValueError as error:
        raise invalid(f"The content is no Jupyter notebook: {error}.") from None


def _as_magic(cell: str) -> str:
    return "\n".join(f"# MAGIC {line}".rstrip() for line in cell.splitlines())


def _jupyter_cell(cell: str) -> dict[str, object]:
    is_text = cell.startswith("%md")
    source = cell.removeprefix("%md").strip() if is_text else cell
    written: dict[str, object] = {"metadata": {}, "source": source.splitlines(keepends=True)}
    if is_text:
        return {"cell_type": "markdown", **written}
    return {"cell_type": "code", **written, "execution_count": None, "outputs": list[object]()}
