"""PDF, read by pypdf: text page by page, headings from the outline, scans named as such."""

from __future__ import annotations

import io
import logging
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from pypdf import PageObject, PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError, PyPdfError

from deepfield.errors import InputError
from deepfield_chatbot.document import Writing, heading_path, titles

MOST_PAGES = 20_000
FURNITURE = 0.6
"""The share of pages on which a first or last line stands that belongs to none of them."""
LEAST_PAGES = 4
"""Below so many pages nothing is taken for such a line."""

logging.getLogger("pypdf").setLevel(logging.ERROR)  # it tells of every slip that it mends


def read(data: bytes, name: str) -> tuple[str, Writing]:
    """Return the title and the text, each block with its page."""
    reader = _opened(data, name)
    count = len(reader.pages)
    if count > MOST_PAGES:
        raise InputError(f"{name!r} has {count:,} pages; at most {MOST_PAGES:,} are read.")
    pages, pictured = [], []
    for number, page in enumerate(reader.pages, start=1):
        lines = [line.rstrip() for line in page.extract_text().splitlines()]
        pages.append(lines)
        if not any(map(str.strip, lines)) and _has_picture(page):
            pictured.append(number)
    if not any(line.strip() for lines in pages for line in lines):
        if pictured:
            raise InputError(
                f"{name!r} is scanned: its pages are pictures without text. "
                "Run text recognition (OCR) over it first."
            )
        raise InputError(f"{name!r} holds no text.")
    writing = Writing()
    if pictured:
        shown = ", ".join(map(str, pictured[:10])) + (" …" if len(pictured) > 10 else "")
        plural = "s" if len(pictured) > 1 else ""
        writing.notes.append(f"Page{plural} {shown}: scanned, without text, and not read.")
    headings = _headings(reader)
    starts = [page for page, _ in headings]
    furniture = _furniture(pages)
    for number, lines in enumerate(pages, start=1):
        above = bisect_right(starts, number)
        path = headings[above - 1][1] if above else []
        kept = [line for line in lines if _shape(line) not in furniture]
        for paragraph in _paragraphs(kept):
            writing.add(paragraph, path, number)
    title = str((reader.metadata and reader.metadata.title) or "")
    return title, writing


def _opened(data: bytes, name: str) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(data))
        # Many need no password to be read, only to be changed.
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError(f"{name!r} is protected by a password; save it without one.")
        len(reader.pages)
    except (FileNotDecryptedError, DependencyError) as error:
        raise InputError(f"{name!r} is protected by a password; save it without one.") from error
    except PyPdfError as error:
        raise InputError(f"{name!r} is broken and cannot be read as PDF.") from error
    return reader


def _has_picture(page: PageObject) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    return bool(objects is not None and objects.get_object())


def _headings(reader: PdfReader) -> list[tuple[int, list[str]]]:
    """Return from which page on which headings hold, by the outline."""
    found: list[tuple[int, list[str]]] = []
    path: list[tuple[int, str]] = []

    def walk(entries: list, level: int) -> None:
        nonlocal path
        for entry in entries:
            if isinstance(entry, list):
                walk(entry, level + 1)
            else:
                number = reader.get_destination_page_number(entry)
                path = heading_path(path, level, str(entry.title))
                if number is not None and number >= 0:
                    found.append((number + 1, list(titles(path))))

    try:
        walk(reader.outline, 1)
    except Exception:  # an outline is a courtesy; without it the text is still all there
        return []
    return sorted(found, key=lambda each: each[0])


def _furniture(pages: list[list[str]]) -> set[str]:
    """Return the shapes of running heads and page numbers."""
    if len(pages) < LEAST_PAGES:
        return set()
    counts: Counter[str] = Counter()
    for lines in pages:
        filled = [line for line in lines if line.strip()]
        counts.update({_shape(line) for line in filled[:1] + filled[-1:]})
    return {shape for shape, count in counts.items() if count >= FURNITURE * len(pages)}


def _shape(line: str) -> str:
    """Return a line with one number for all: a page's number is another on each."""
    return re.sub(r"\d+", "0", line.strip())


def _paragraphs(lines: list[str]) -> Iterator[str]:
    """Join lines: a paragraph ends at an empty line, or at a short one that ends a sentence."""
    width = max(map(len, lines), default=0)
    open_lines: list[str] = []
    for line in [*lines, ""]:
        words = line.strip()
        if words:
            open_lines.append(words)
        ends = len(line) < 0.75 * width and words.endswith((".", "!", "?", ":", "。", "！", "？"))
        if open_lines and (not words or ends):
            # A word that was parted at the end of a line is put together again.
            yield re.sub(r"(?<=[^\W\d_])-\n(?=[^\W\d_A-Z])", "", "\n".join(open_lines)).replace(
                "\n", " "
            )
            open_lines = []
