"""Which words carried an answer: how far its span falls back when each is hidden.

Occlusion (Zeiler and Fergus 2014): the pieces of a word become [MASK], and the margin of the same
span over no answer is read again. Words of the answer itself are left, and so are words that stand
in every text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfield.explanation import Contributions, Explanation
from deepfield_chatbot.answering import Answer
from deepfield_chatbot.following import own_words
from deepfield_chatbot.pieces import padded
from deepfield_chatbot.reader import QUESTION, ROWS, Reader, Window, best_span, windows
from deepfield_chatbot.words import terms

__all__ = ["Word", "explain_answer", "hidden_margins", "words_of"]

MASK = 103
SHOWN = 12
"""Words that an explanation names; what the others added is in its base."""
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Word:
    """A word that was read beside the answer."""

    text: str
    asked: bool
    """Whether it is the question's."""
    start: int
    end: int
    """Characters of the question or of the passage."""
    pieces: tuple[int, ...]
    """Its places in the window."""


def words_of(reader: Reader, question: str, passage: str) -> tuple[list[Word], Window, int, int]:
    """Return the words that may have carried the best span, its window, first and last piece."""
    cut = list(windows(reader.tokenizer, [(question, passage)], reader.length, reader.length // 2))
    starts, ends = reader.engine(padded([each.ids for each in cut], reader.length))
    best = [
        best_span(start, end, window.first, len(window.offsets))
        for window, start, end in zip(cut, starts, ends, strict=True)
    ]
    place = int(np.argmax([margin for _, _, margin in best]))
    window, (first, last, _) = cut[place], best[place]
    answer = window.offsets[first][0], window.offsets[last][1]
    offsets = reader.tokenizer.encode(question, add_special_tokens=False).offsets[:QUESTION]
    found = [
        *_words(question, offsets, 1, True),
        *(
            each
            for each in _words(passage, window.offsets, window.first, False)
            if each.end <= answer[0] or each.start >= answer[1]
        ),
    ]
    return found, window, window.first + first, window.first + last


def hidden_margins(
    reader: Reader, window: Window, first: int, last: int, hidden: Sequence[Sequence[int]]
) -> np.ndarray:
    """Return a span's margin over no answer when pieces are hidden, (n,) in logits.

    Args:
        first: the first piece of the span in the window.
        last: its last.
        hidden: for each reading the pieces to hide; none leaves the window as it is.
    """
    rows = np.repeat(np.array([window.ids], dtype=np.int64), len(hidden), axis=0)
    for row, pieces in zip(rows, hidden, strict=True):
        row[list(pieces)] = MASK
    margins = []
    for begin in range(0, len(rows), ROWS):
        start, end = reader.engine(rows[begin : begin + ROWS])
        margins.append(start[:, first] + end[:, last] - start[:, 0] - end[:, 0])
    return np.concatenate(margins)


def explain_answer(reader: Reader, answer: Answer) -> Explanation:
    """Return which words of the question and the passage carried an answer."""
    found = answer.found
    if found is None:
        return Explanation("No passage was found that could be read for this question.")
    where = _where(answer)
    if found.answer is not None:
        given = found.text[: found.answer - found.start].strip() or found.headings[-1]
        told = set(terms(given))
        shared = [each for each in own_words(answer.searched) if told & set(terms(each))]
        by = f" They share {', '.join(map(repr, dict.fromkeys(shared)))}." if shared else ""
        sure = "The answer that stands beside" if answer.text else "Nearest, and not near enough:"
        return Explanation(f"{sure} {_quoted(given)} in {where}, cosine {found.cosine:.2f}.{by}")
    words, window, first, last = words_of(reader, answer.searched, found.text)
    margins = hidden_margins(reader, window, first, last, [(), *(each.pieces for each in words)])
    added = margins[0] - margins[1:]
    strongest = np.argsort(-np.abs(added), kind="stable")[:SHOWN]
    values: dict[str, float] = {}
    for place in sorted(strongest):
        each = words[place]
        values[_named(each, values)] = float(added[place])
    base = float(margins[0]) - sum(values.values())
    carried = [words[place].text for place in strongest if added[place] > 0]
    carried = list(dict.fromkeys(carried))[:3]
    by = f" Carried most by {', '.join(map(repr, carried))}." if carried else ""
    if answer.text:
        said = f"{_quoted(answer.text)} stands in {where}.{by}"
    else:
        likeliest = f"{_quoted(answer.guess)} in {where}"
        said = f"The documents do not say; the likeliest place is {likeliest}.{by}"
    return Explanation(said, (Contributions(values, base, "logits ahead of no answer"),))


def _words(text: str, offsets: Sequence[tuple[int, int]], before: int, asked: bool) -> list[Word]:
    """Return the words of a text that mean something by themselves, with their pieces.

    Args:
        offsets: of the pieces that were read.
        before: the place of the first of them in the window.
    """
    begins = np.array([start for start, _ in offsets], dtype=int)
    found = []
    for match in WORD.finditer(text):
        first, after = np.searchsorted(begins, match.span())
        if first < after and terms(match[0]):
            pieces = tuple(range(before + int(first), before + int(after)))
            found.append(Word(match[0], asked, *match.span(), pieces))
    return found


def _named(word: Word, taken: dict[str, float]) -> str:
    """Return a name for a word that no other has: a text may hold it twice."""
    name = f"asked: {word.text}" if word.asked else word.text
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name} ({number})", number + 1
    return unique


def _where(answer: Answer) -> str:
    assert answer.found is not None
    found = answer.found
    parts = [repr(found.document)]
    if found.page is not None:
        parts.append(f"page {found.page}")
    if found.headings:
        parts.append(f"under {found.headings[-1]!r}")
    return ", ".join(parts)


def _quoted(text: str, longest: int = 120) -> str:
    """Return a text in quotation marks, short enough for a sentence."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= longest else line[: longest - 1] + '…'}”"
