"""Markdown, read by markdown-it: headings, paragraphs, items, code and rows of tables."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from deepfield_chatbot.document import Writing, heading_path, titles
from deepfield_chatbot.reading import html
from deepfield_chatbot.reading.encoding import decoded

FRONT_MATTER = re.compile(r"\A---\n.*?\n(?:---|\.\.\.)\n", re.DOTALL)


def read(data: bytes, name: str) -> tuple[str, Writing]:
    """Return the first heading of the first level, and the text without its markup."""
    text = FRONT_MATTER.sub("", decoded(data, name))
    writing, title = Writing(), ""
    path: list[tuple[int, str]] = []
    cells: list[str] = []
    level = 0  # of the heading that the next words are, 0 if they are none
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "tr_open":
            cells = [""]
        elif token.type == "tr_close":
            writing.add(" | ".join(cells[1:]), list(titles(path)))
            cells = []
        elif token.type == "inline":
            words = _words(token)
            if level:
                path = heading_path(path, level, words)
                title = title or (words if level == 1 else "")
                level = 0
            elif cells:
                cells.append(words)
            else:
                writing.add(words, list(titles(path)))
        elif token.type in ("fence", "code_block"):
            writing.add(token.content, list(titles(path)))
        elif token.type == "html_block":
            for block in html.blocks_of(token.content):
                writing.add(block.text, list(titles(path)))
    return title, writing


def _words(token: Token) -> str:
    """Return what a reader sees of a line: words of links, not where they lead."""
    words = []
    for child in token.children or []:
        if child.type in ("softbreak", "hardbreak"):
            words.append("\n")
        elif child.type in ("text", "code_inline", "image"):
            words.append(child.content)
    return "".join(words)
