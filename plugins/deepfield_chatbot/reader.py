"""The reader: where in a text the answer to a question stands, and whether it stands there at all.

A text that is longer than the network reads is read in windows that overlap. Of each the best span
is taken, and how far it is ahead of no answer; so windows of many passages can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from deepfield.neural.engines import Engine
from deepfield_chatbot.pieces import CLS, SEP, padded

__all__ = ["Span", "Window", "read_pairs", "windows"]

QUESTION = 64
"""Word pieces of a question that are read."""
LONGEST_ANSWER = 30
"""Word pieces of an answer."""
ROWS = 32


@dataclass(frozen=True)
class Span:
    """The best answer that a text gives to a question."""

    start: int
    end: int
    """Characters of the text."""
    margin: float
    """How far its score is ahead of that of no answer, in logits; below 0 none is likelier."""


@dataclass(frozen=True)
class Window:
    """A question and as much of a text as goes with it."""

    pair: int
    """Which pair of question and text it is of."""
    ids: list[int]
    first: int
    """Where the text begins in ``ids``."""
    offsets: list[tuple[int, int]]
    """The characters of the text that each of its pieces is."""


def windows(
    tokenizer: Tokenizer, pairs: Sequence[tuple[str, str]], length: int, stride: int
) -> Iterator[Window]:
    """Cut (question, text) pairs into windows of at most ``length`` pieces.

    Args:
        stride: pieces by which one window of a text begins after the one before.
    """
    questions = list(dict.fromkeys(question for question, _ in pairs))
    texts = list(dict.fromkeys(text for _, text in pairs))
    asked, told = (
        dict(zip(each, tokenizer.encode_batch(each, add_special_tokens=False), strict=True))
        for each in (questions, texts)
    )
    for place, (question, text) in enumerate(pairs):
        head = [CLS, *asked[question].ids[:QUESTION], SEP]
        pieces, offsets = told[text].ids, told[text].offsets
        room = length - len(head) - 1
        start = 0
        while True:
            ids = [*head, *pieces[start : start + room], SEP]
            yield Window(place, ids, len(head), offsets[start : start + room])
            if start + room >= len(pieces):
                break
            start += min(stride, room)


def read_pairs(
    engine: Engine,
    tokenizer: Tokenizer,
    pairs: Sequence[tuple[str, str]],
    length: int = 256,
    stride: int = 128,
) -> list[Span]:
    """Return the best span of each (question, text) pair; an empty one of an empty text."""
    best = [Span(0, 0, -np.inf)] * len(pairs)
    cut = sorted(windows(tokenizer, pairs, length, stride), key=lambda each: len(each.ids))
    for begin in range(0, len(cut), ROWS):
        some = cut[begin : begin + ROWS]
        starts, ends = engine(padded([each.ids for each in some], length))
        for window, start, end in zip(some, starts, ends, strict=True):
            if not window.offsets:
                continue
            first, last, margin = best_span(start, end, window.first, len(window.offsets))
            if margin > best[window.pair].margin:
                begins, ends_at = window.offsets[first][0], window.offsets[last][1]
                best[window.pair] = Span(begins, ends_at, margin)
    return best


def best_span(start: np.ndarray, end: np.ndarray, first: int, count: int) -> tuple[int, int, float]:
    """Return the first and last piece of the best span, counted from the text's first, and its
    margin over no answer.

    Args:
        start: logits (length,) of where an answer begins; that of no answer is the first.
        end: the same of where it ends.
        first: the place of the text's first piece.
        count: how many pieces of text there are.
    """
    of_text = slice(first, first + count)
    sums = start[of_text, None] + end[None, of_text]  # (count, count)
    allowed = np.triu(np.ones((count, count), dtype=bool))
    allowed &= ~np.triu(allowed, LONGEST_ANSWER)
    place = int(np.where(allowed, sums, -np.inf).argmax())
    begins, ends = divmod(place, count)
    return begins, ends, float(sums[begins, ends] - start[0] - end[0])
