"""The reader: where in a text the answer to a question stands, and whether it stands there at all.

A text that is longer than the network reads is read in windows that overlap. Of each the best span
is taken, and how far it is ahead of no answer; so windows of many passages can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from tokenizers import Tokenizer

from deepfield.models import ModelFolder
from deepfield.neural.engines import Engine, open_engine
from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.judging import Judge
from deepfield_chatbot.pieces import CLS, SEP, open_tokenizer, padded

if TYPE_CHECKING:
    from deepfield_chatbot.network import SpanNetwork

__all__ = [
    "Reader", "Span", "Window", "build_reader", "open_spans", "read_pairs", "whole_words",
    "windows",
]  # fmt: skip

QUESTION = 64
"""Word pieces of a question that are read."""
LONGEST_ANSWER = 30
"""Word pieces of an answer."""
ROWS = 32
UNDIVIDED = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an address
    r"|\w+://[^\s<>\"')\]]+(?<![.,;:!?])"  # of the web
    r"|\d+(?:[.,:]\d+)+"  # 1,450 or 38.5 or 7:30
    r"|[\w-]+(?:\.[a-z]\w{0,7})+\b"  # a file's name
)
"""What an answer names whole or not at all."""
REACH = 100
"""Characters around an edge that are looked at: of a text without a space a search of all of it
would take the square of its length.
"""
NEXT_ITEM = re.compile(r"\n[ \t]*(?:\(?\d{1,3}[.)]|[-*+•–▪])(?:\s|$)")
"""Where the next item of a list begins."""


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


class Reader:
    """A reader in memory, and how its judgements are to be taken; read-only."""

    def __init__(
        self, engine: Engine, tokenizer: Tokenizer, judge: Judge, length: int = 224
    ) -> None:
        self.engine = engine
        self.tokenizer = tokenizer
        self.judge = judge
        self.length = length

    @classmethod
    def load(cls, folder: ModelFolder, device: str = "auto", openvino: bool | None = None) -> Self:
        """Open a reader's model folder.

        Raises:
            InputError: if it was not calibrated, or its weights do not fit.
        """
        judge = Judge.of(folder)
        tokenizer = open_tokenizer(minilm_folder().file("tokenizer.json"))
        engine = open_spans(folder, device, openvino)
        return cls(engine, tokenizer, judge, folder.config["length"])

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[Span]:
        """Return the best span of each (question, text) pair."""
        return read_pairs(self.engine, self.tokenizer, pairs, self.length, self.length // 2)


def open_spans(folder: ModelFolder, device: str = "auto", openvino: bool | None = None) -> Engine:
    """Open a reader's network: ids (n, length) to logits of starts and ends, (n, length) each."""
    example = np.array([[CLS, 2054, 2003, SEP, 2023, 2003, SEP], [CLS, 2054, SEP, 2023, SEP, 0, 0]])
    return open_engine(
        folder,
        lambda: build_reader(folder),
        example,
        code=Path(__file__).with_name("network.py"),
        device=device,
        openvino=openvino,
        varying=(0, 1),
    )


def build_reader(folder: ModelFolder) -> SpanNetwork:
    """Return a reader's network with its weights, in float32."""
    from deepfield.neural.weights import load_weights
    from deepfield_chatbot.network import SpanNetwork

    network = SpanNetwork(folder.config)
    load_weights(network, folder.weights)
    return network


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
    return [
        replace(span, start=start, end=end)
        for (_, text), span in zip(pairs, best, strict=True)
        for start, end in [whole_words(text, span.start, span.end)]
    ]


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the ends of a span that cuts no address, number or file's name, and that ends before
    the next item of a list.
    """
    if start < end:
        start, end = _around(text, start)[0], _around(text, end)[1]
    item = NEXT_ITEM.search(text, start + 1, end + REACH)
    return start, min(end, item.start()) if item else end


def _around(text: str, edge: int) -> tuple[int, int]:
    """Return the ends of what may not be divided at an edge; the edge twice if nothing is."""
    begins = max(0, edge - REACH)
    for each in UNDIVIDED.finditer(text[begins : edge + REACH]):
        if each.start() < edge - begins < each.end():
            return begins + each.start(), begins + each.end()
    return edge, edge


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
