"""Plain text: paragraphs are parted by empty lines; without any, every line is one."""

from __future__ import annotations

import re

from deepfield_chatbot.document import Writing
from deepfield_chatbot.reading.encoding import decoded

LINES = 40
"""So many lines without an empty one among them are paragraphs each, if they are long."""


def read(data: bytes, name: str) -> tuple[str, Writing]:
    """Return no title, and the paragraphs."""
    writing = Writing()
    for paragraph in re.split(r"\n\s*\n", decoded(data, name)):
        lines = paragraph.split("\n")
        if len(lines) > LINES and len(paragraph) > 100 * len(lines):
            for line in lines:
                writing.add(line)
        else:
            writing.add(paragraph)
    return "", writing
