"""Documents to passages: along paragraphs and sentences, with some overlap, each of one heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from deepfield_chatbot.document import Block, Document

__all__ = ["Passage", "cut"]

PIECES = 128
"""Word pieces that a passage has at most, but for a sentence or two that would stand alone."""
OVERLAP = 32
"""Pieces of the end of a passage that the next begins with, where a paragraph is cut."""
LEAST = 24
"""Pieces under which the rest of a paragraph joins the passage before it."""
LONG_BLOCK = 20_000
"""Characters at which a paragraph is cut for the tokenizer's sake."""
# A sentence ends at a mark, quotes after it included, before white space; in scripts that part no
# words, at once. Not after a single letter, as in "J. Bach".
SENTENCE = re.compile(r"(?<!\b[^\W\d_])[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？।]+[」』”]*|\n")


@dataclass(frozen=True)
class Passage:
    """A stretch of a document's text."""

    start: int
    end: int
    headings: tuple[str, ...] = ()
    page: int | None = None
    answer: int | None = None
    """Where the answer begins in the document's text, of a question with its answer."""


@dataclass(frozen=True)
class _Unit:
    """A sentence, or a part of a long one, and how many pieces it has."""

    start: int
    end: int
    pieces: int


def cut(
    document: Document, tokenizer: Tokenizer, pieces: int = PIECES, overlap: int = OVERLAP
) -> list[Passage]:
    """Return the passages of a document, in order.

    A passage never reaches across headings or pages. Short paragraphs share one; a question
    with its answer is one by itself.
    """
    found: list[Passage] = []
    pending: list[_Unit] = []
    last: Block | None = None

    def close() -> None:
        if pending and last is not None:
            found.append(Passage(pending[0].start, pending[-1].end, last.headings, last.page))
        pending.clear()

    for block in document.blocks:
        if block.answer is not None:
            close()
            found.append(Passage(block.start, block.end, block.headings, block.page, block.answer))
            continue
        if last is None or (block.headings, block.page) != (last.headings, last.page):
            close()
        last = block
        units = list(_units(document.text, block, tokenizer, pieces))
        whole = sum(unit.pieces for unit in units)
        held = sum(unit.pieces for unit in pending)
        if held + whole <= pieces:
            pending.extend(units)
            continue
        close()
        left = whole
        for unit in units:
            held = sum(each.pieces for each in pending)
            if pending and held + unit.pieces > pieces and left > LEAST:
                carried = _tail(pending, overlap)
                close()
                if sum(each.pieces for each in carried) + unit.pieces <= pieces:
                    pending.extend(carried)
            pending.append(unit)
            left -= unit.pieces
    close()
    return found


def _tail(units: list[_Unit], overlap: int) -> list[_Unit]:
    """Return the last whole sentences of no more pieces than ``overlap``."""
    kept: list[_Unit] = []
    for unit in reversed(units[1:]):
        if sum(each.pieces for each in kept) + unit.pieces > overlap:
            break
        kept.insert(0, unit)
    return kept


def _units(text: str, block: Block, tokenizer: Tokenizer, pieces: int) -> Iterator[_Unit]:
    for begin in range(block.start, block.end, LONG_BLOCK):
        part = text[begin : min(begin + LONG_BLOCK, block.end)]
        offsets = tokenizer.encode(part, add_special_tokens=False).offsets
        ends = np.array([end for _, end in offsets], dtype=int)
        edges = [match.end() for match in SENTENCE.finditer(part)]
        start = 0
        for edge in [*edges, len(part)]:
            while part[start:edge].strip():
                first = int(np.searchsorted(ends, start, side="right"))
                after = int(np.searchsorted(ends, edge, side="right"))
                stop = edge
                if after - first > pieces:  # no sentence is so long: a list, or no punctuation
                    stop = int(offsets[first + pieces][0])
                    after = first + pieces
                    if stop <= start:
                        stop = edge
                inner = part[start:stop]
                lead = len(inner) - len(inner.lstrip())
                unit = (begin + start + lead, begin + start + len(inner.rstrip()))
                if unit[1] > unit[0]:
                    yield _Unit(*unit, max(after - first, 1))
                start = stop
            start = max(start, edge)
