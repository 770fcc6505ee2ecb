"""From a question to its answer: passages found, read, compared, judged.

The best span over all passages counts: how far it is ahead of no answer and how near its passage
is to the question are one number. What a document says can change what is found in it, never
which document, page or place is named: these come from the knowledge base.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deepfield_chatbot.candidates import (
    Candidate,
    as_pair,
    asked,
    of_pair,
    passage_signs,
    read_passages,
)
from deepfield_chatbot.disagreeing import differ
from deepfield_chatbot.knowledge_base import Found, KnowledgeBase
from deepfield_chatbot.reader import Reader

__all__ = ["MAX_ERROR", "READ", "Answer", "Answerer"]

READ = 8
"""Passages that are read for a question."""
MAX_ERROR = 0.3
"""Of the answers that are given the share that may be wrong, unless somebody says otherwise."""
TOGETHER = 32
"""Questions whose passages are read at once."""


@dataclass(frozen=True)
class Answer:
    """What the documents say to a question, and where."""

    question: str
    """As it was asked."""
    searched: str
    """What was searched by and read for: the question as it stands by itself."""
    text: str
    """Empty if the documents do not say."""
    found: Found | None
    """The passage that the answer is from, or the likeliest; None if there are no passages."""
    start: int
    end: int
    """Characters of the document's text: the answer, or the likeliest place if none is given."""
    confidence: float
    """Calibrated probability that this is the answer."""
    trust: str
    """ok, unsure (the documents do not say, as far as can be told) or unfamiliar (off topic)."""
    passages: tuple[Found, ...]
    """Those that were looked at, the nearest to the question first."""
    disagreeing: tuple[Answer, ...] = ()
    """Other documents' answers that are sure too and say something else, the surest first."""
    seconds: float = 0.0
    """Its share of the time that all questions asked together took."""

    @property
    def guess(self) -> str:
        """Return what stands at the place, whether or not it is given as the answer."""
        if self.found is None:
            return ""
        return self.found.text[self.start - self.found.start : self.end - self.found.start]


class Answerer:
    """Answers from one knowledge base with one reader; read-only."""

    def __init__(self, base: KnowledgeBase, reader: Reader) -> None:
        self.base = base
        self.reader = reader

    def answer(self, questions: Sequence[str], max_error: float = MAX_ERROR) -> list[Answer]:
        """Return the answer to each question.

        Args:
            max_error: abstain so that of the answers given at most this share is wrong, as
                held-out questions showed.
        """
        answers: list[Answer] = []
        for first in range(0, len(questions), TOGETHER):
            answers += self._answer(questions[first : first + TOGETHER], max_error)
        return answers

    def _answer(self, questions: Sequence[str], max_error: float) -> list[Answer]:
        began = time.perf_counter()
        searched = [asked(each) for each in questions]
        found = [
            [as_pair(question, each) for each in passages]
            for question, passages in zip(
                searched, self.base.search_all(searched, READ), strict=True
            )
        ]
        candidates = self._candidates(searched, found, max_error)
        seconds = (time.perf_counter() - began) / len(questions)
        return [
            self._judged(*each, max_error, seconds)
            for each in zip(questions, searched, found, candidates, strict=True)
        ]

    def _candidates(
        self, questions: Sequence[str], found: Sequence[list[Found]], max_error: float
    ) -> Iterator[list[Candidate]]:
        """Return each question's candidates; where the nearest is a sure pair, it alone."""
        pairs = [
            [of_pair(question, each) for each in passages if each.answer is not None]
            for question, passages in zip(questions, found, strict=True)
        ]
        done = [
            bool(own) and own[0].found is passages[0] and self._is_sure(own[0], max_error)
            for own, passages in zip(pairs, found, strict=True)
        ]
        to_read = [
            (question, [] if skip else [each for each in passages if each.answer is None])
            for question, passages, skip in zip(questions, found, done, strict=True)
        ]
        read = read_passages(self.reader, to_read)
        for own, spans, skip in zip(pairs, read, done, strict=True):
            yield own[:1] if skip else [*own, *spans]

    def _judged(
        self,
        question: str,
        searched: str,
        passages: list[Found],
        candidates: list[Candidate],
        max_error: float,
        seconds: float,
    ) -> Answer:
        if not candidates:
            return Answer(question, searched, "", None, 0, 0, 0.0, "unfamiliar", (), (), seconds)
        confidence = self._confidence(candidates)
        order = self._order(candidates, confidence)
        best = candidates[order[0]]
        signs = np.max([passage_signs(searched, each) for each in passages], axis=0)
        trust = "ok" if self._is_sure(best, max_error) else "unsure"
        foreign = self.reader.judge.familiar.foreignness(signs[None])[0] > 1
        if foreign and not (best.is_pair and trust == "ok"):  # of a pair sureness tells that too
            trust = "unfamiliar"

        def answer(place: int, disagreeing: tuple[Answer, ...] = ()) -> Answer:
            each = candidates[place]
            return Answer(
                question,
                searched,
                each.text if trust == "ok" else "",
                each.found,
                each.start,
                each.end,
                float(confidence[place]),
                trust,
                tuple(passages),
                disagreeing,
                seconds,
            )

        others: dict[str, Answer] = {}
        for place in order[1:] if trust == "ok" else []:
            each = candidates[place]
            if (
                each.found.document not in (best.found.document, *others)
                and self._is_sure(each, max_error)
                and differ(each.text, best.text)
            ):
                others[each.found.document] = answer(place)
        return answer(order[0], tuple(others.values()))

    def _order(self, candidates: Sequence[Candidate], confidence: np.ndarray) -> list[int]:
        """Return the places of candidates: the one that counts, then the others by confidence."""
        order = np.argsort(-confidence, kind="stable").tolist()
        spans = [place for place in order if not candidates[place].is_pair]
        if not spans:
            return order
        best = spans[self.reader.judge.best(np.array([candidates[each].signs for each in spans]))]
        first = next(place for place in order if place == best or candidates[place].is_pair)
        return [first, *(place for place in order if place != first)]

    def _confidence(self, candidates: Sequence[Candidate]) -> np.ndarray:
        """Return the calibrated probability (n,) that each answers its question."""
        judge = self.reader.judge
        return np.array(
            [
                (judge.pairs if each.is_pair else judge.spans).confidence(each.signs[None])[0]
                for each in candidates
            ]
        )

    def _is_sure(self, candidate: Candidate, max_error: float) -> bool:
        judge = self.reader.judge
        sureness = judge.pairs if candidate.is_pair else judge.spans
        return bool(self._confidence([candidate])[0] >= sureness.least(max_error))
