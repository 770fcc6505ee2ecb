"""Documents to passages: along paragraphs and sentences, with some overlap, each of one heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from deepfield_chatbot.document import Block, Document

__all__ = ["Part", "Passage", "cut", "sentence_ends"]

PIECES = 128
"""Word pieces that a passage has at most, but for a part that would be left alone."""
PART = 40
"""Word pieces of a part, a sentence or two: each has a vector of its own, and the nearest of a
passage's counts. The vector of a whole passage means too many things at once: one for each part
found the right paragraph of SQuAD's first in 71 of 100, one for a passage in 66.
"""
LEAST = 24
"""Pieces under which the rest of a paragraph joins the passage before it."""
LONG_BLOCK = 20_000
"""Characters at which a paragraph is cut for the tokenizer's sake."""
# A sentence ends at a mark, quotes after it included, before white space; in scripts that part no
# words, at once. Not after a single letter, as in "J. Bach".
SENTENCE = re.compile(r"(?<!\b[^\W\d_])[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？।]+[」』”]*|\n")


@dataclass(frozen=True)
class Part:
    """A sentence or two, and how many word pieces they have."""

    start: int
    end: int
    pieces: int


@dataclass(frozen=True)
class Passage:
    """A stretch of a document's text. It may begin with the part that the one before ended with."""

    parts: tuple[Part, ...]
    headings: tuple[str, ...] = ()
    page: int | None = None
    answer: int | None = None
    """Where the answer begins in the document's text, of a question with its answer."""
    end_of_pair: int | None = None

    @property
    def start(self) -> int:
        return self.parts[0].start

    @property
    def end(self) -> int:
        return self.end_of_pair or self.parts[-1].end


def sentence_ends(text: str) -> list[int]:
    """Return where each sentence of a text ends; the last number is the end of the text."""
    return [*(match.end() for match in SENTENCE.finditer(text)), len(text)]


def cut(
    document: Document, tokenizer: Tokenizer, pieces: int = PIECES, part: int = PART
) -> list[Passage]:
    """Return the passages of a document, in order.

    A passage never reaches across headings or pages. Short paragraphs share one, and of a paragraph
    that is cut two neighbours share a part. A question with its answer is a passage whose only part
    is the question.
    """
    found: list[Passage] = []
    pending: list[Part] = []
    last: Block | None = None

    def close() -> None:
        if pending and last is not None:
            found.append(Passage(tuple(pending), last.headings, last.page))
        pending.clear()

    for block in document.blocks:
        if block.answer is not None:
            close()
            asked = Part(block.start, block.answer - 1, 1)
            found.append(Passage((asked,), block.headings, block.page, block.answer, block.end))
            continue
        if last is None or (block.headings, block.page) != (last.headings, last.page):
            close()
        last = block
        parts = list(_parts(document.text, block, tokenizer, part))
        whole = sum(each.pieces for each in parts)
        held = sum(each.pieces for each in pending)
        if pending and held + whole <= pieces:
            if pending[-1].pieces + whole <= part:  # items of a list, say
                before = pending.pop()
                parts = [Part(before.start, block.end, before.pieces + whole)]
            pending.extend(parts)
            continue
        close()
        for each in parts:
            held = sum(other.pieces for other in pending)
            if pending and held + each.pieces > pieces and whole > LEAST:
                shared = pending[-1]
                close()
                if shared.pieces + each.pieces <= pieces and shared.pieces <= part:
                    pending.append(shared)
            pending.append(each)
            whole -= each.pieces
    close()
    return found


def _parts(text: str, block: Block, tokenizer: Tokenizer, most: int) -> Iterator[Part]:
    """Put sentences together as long as they have no more pieces than ``most``."""
    held: Part | None = None
    for unit in _units(text, block, tokenizer, most):
        if held and held.pieces + unit.pieces <= most:
            held = Part(held.start, unit.end, held.pieces + unit.pieces)
            continue
        if held:
            yield held
        held = unit
    if held:
        yield held


def _units(text: str, block: Block, tokenizer: Tokenizer, pieces: int) -> Iterator[Part]:
    """Return sentences; one of more than twice ``pieces`` in stretches of so many."""
    for begin in range(block.start, block.end, LONG_BLOCK):
        part = text[begin : min(begin + LONG_BLOCK, block.end)]
        offsets = tokenizer.encode(part, add_special_tokens=False).offsets
        ends = np.array([end for _, end in offsets], dtype=int)
        start = 0
        for edge in sentence_ends(part):
            while part[start:edge].strip():
                first = int(np.searchsorted(ends, start, side="right"))
                after = int(np.searchsorted(ends, edge, side="right"))
                stop = edge
                if after - first > 2 * pieces:  # no sentence is so long: a list, or no punctuation
                    stop = int(offsets[first + pieces][0])
                    after = first + pieces
                    if stop <= start:
                        stop = edge
                inner = part[start:stop]
                lead = len(inner) - len(inner.lstrip())
                unit = (begin + start + lead, begin + start + len(inner.rstrip()))
                if unit[1] > unit[0]:
                    yield Part(*unit, max(after - first, 1))
                start = stop
            start = max(start, edge)
