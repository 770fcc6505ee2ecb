"""Files read and put into a knowledge base, each that cannot be read with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deepfield.errors import InputError
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.document import Document
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.knowledge_base import add_documents
from deepfield_chatbot.reading import read_document

__all__ = ["Added", "add_files"]

READING = 0.3
"""The share of the work that reading files takes, roughly; the rest is encoding."""


@dataclass(frozen=True)
class Added:
    """What came of it."""

    contents: Contents
    names: tuple[str, ...]
    """Of the files that are in."""
    problems: dict[str, str]
    """A file's name -> why it could not be read."""


def add_files(
    contents: Contents,
    files: Mapping[str, Path | bytes],
    encoder: Encoder,
    report: Callable[[float], None],
) -> Added:
    """Add files to what a knowledge base holds; only those that changed are encoded.

    Args:
        files: name -> where it lies, or what it holds. One of a name that is there replaces it, if
            it can be read.
        report: told the share done; what it raises ends it.
    """
    documents: list[Document] = []
    problems: dict[str, str] = {}
    for place, (name, file) in enumerate(files.items()):
        report(READING * place / len(files))
        try:
            documents.append(read_document(file, name))
        except InputError as error:
            problems[name] = str(error)
    if documents:
        contents = add_documents(
            contents, documents, encoder, lambda done: report(READING + (1 - READING) * done)
        )
    return Added(contents, tuple(each.name for each in documents), problems)
