"""Word documents, read by python-docx: headings by their styles, paragraphs, rows of tables."""

from __future__ import annotations

import io
import re
import zipfile

import docx
from docx.table import Table

from deepfield.errors import InputError
from deepfield_chatbot.document import Writing, heading_path, titles

MOST_UNPACKED = 1024 * 2**20
HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo) ?(\d)", re.IGNORECASE)


def read(data: bytes, name: str) -> tuple[str, Writing]:
    """Return the title and the text in its order; pictures and comments are left out."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
            raise InputError(f"{name!r} would unpack to over 1 GiB and is not read.")
    document = docx.Document(io.BytesIO(data))
    writing = Writing()
    path: list[tuple[int, str]] = []
    title = document.core_properties.title or ""
    for each in document.iter_inner_content():
        if isinstance(each, Table):
            for row in each.rows:
                cells: list[str] = []
                for cell in row.cells:  # a cell that spans columns comes once for each
                    words = " ".join(cell.text.split())
                    if words and (not cells or cells[-1] != words):
                        cells.append(words)
                writing.add(" | ".join(cells), list(titles(path)))
            continue
        style = (each.style.name if each.style is not None else "") or ""
        found = HEADING.match(style)
        if found or style == "Title":
            if each.text.strip():
                path = heading_path(path, int(found[1]) if found else 0, each.text)
                title = title or each.text
        else:
            writing.add(each.text, list(titles(path)))
    return title, writing
