"""Files to documents. Nothing in a file is run, and nothing that it names is fetched.

What a document says is text to be found and shown, never an instruction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from deepfield.errors import DeepfieldError, InputError
from deepfield_chatbot.document import Document

__all__ = ["MOST_BYTES", "MOST_TEXT", "SUFFIXES", "read_document"]

MOST_BYTES = 512 * 2**20
"""Of a file with pictures in it, a PDF say."""
MOST_TEXT = 50 * 2**20
"""Of a file that is all text. One of 50 MiB has some 80,000 passages."""

SUFFIXES = {
    ".pdf": "pdf",
    ".docx": "docx",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
    ".log": "text",
    ".csv": "pairs",
    ".tsv": "pairs",
    ".jsonl": "pairs",
}
"""What is read, by the ending of a file's name."""
OLD_OFFICE = bytes.fromhex("d0cf11e0a1b11ae1")


def read_document(source: Path | bytes, name: str | None = None) -> Document:
    """Read a file, or the bytes of one.

    Args:
        name: what a person calls it; its ending says what kind of file it is.

    Raises:
        InputError: one sentence that says why there is nothing to read.
    """
    name = name or (source.name if isinstance(source, Path) else "document.txt")
    suffix = Path(name).suffix.lower()
    try:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        with_pictures = suffix in (".pdf", ".docx")
        most = MOST_BYTES if with_pictures else MOST_TEXT
        if size > most:
            raise InputError(
                f"{name!r} has {size / 2**20:,.0f} MiB; at most {most / 2**20:,.0f} MiB a "
                f"{'document' if with_pictures else 'text'} are read. Split it."
            )
        data = source.read_bytes() if isinstance(source, Path) else source
    except OSError as error:
        raise InputError(f"{name!r} cannot be read: {error.strerror}.") from error
    if not data.strip():
        raise InputError(f"{name!r} is empty.")
    kind = _kind(data, name, suffix)
    reader: Callable = import_module(f"deepfield_chatbot.reading.{kind}").read
    try:
        title, writing = reader(data, name)
    except DeepfieldError:
        raise
    except Exception as error:  # parsers raise anything at all over a broken file
        raise InputError(
            f"{name!r} is broken and cannot be read as {kind} ({type(error).__name__})."
        ) from error
    if not writing.blocks:
        raise InputError(f"{name!r} holds no text.")
    text = writing.text
    if len(text) > MOST_TEXT:
        raise InputError(
            f"{name!r} holds {len(text):,} characters; at most {MOST_TEXT:,} are read. Split it."
        )
    return Document(
        name,
        kind,
        hashlib.sha256(data).hexdigest(),
        text,
        tuple(writing.blocks),
        " ".join(title.split()),
        tuple(writing.notes),
    )


def _kind(data: bytes, name: str, suffix: str) -> str:
    """Return how to read a file: what it begins with counts more than its name."""
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(OLD_OFFICE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise InputError(f"{name!r} is protected by a password; save it without one.")
        raise InputError(f"{name!r} is a file of old Office; save it as .docx or .pdf.")
    if data.startswith(b"PK") and b"word/" in data:
        return "docx"
    kind = SUFFIXES.get(suffix)
    if kind == "pdf":
        raise InputError(f"{name!r} is no PDF: it does not begin like one.")
    if kind == "docx":
        raise InputError(f"{name!r} is no Word document: it does not begin like one.")
    if kind is None:
        raise InputError(
            f"{name!r} is of no kind that is read; these are: {', '.join(sorted(SUFFIXES))}."
        )
    return kind
