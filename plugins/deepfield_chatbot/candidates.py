"""Candidates: what each passage near a question would answer, with the signs to judge it by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from deepfield_chatbot.knowledge_base import Found
from deepfield_chatbot.passages import sentence_ends
from deepfield_chatbot.reader import Reader, Span
from deepfield_chatbot.words import terms

__all__ = [
    "Candidate",
    "as_pair",
    "asked",
    "of_pair",
    "passage_signs",
    "plain_question",
    "read_passages",
    "says_nothing",
]

LONGEST = 400
"""Characters beyond which of a message only what is asked in it is searched by and read."""
WORD = re.compile(r"\w+")
FARTHEST = 30.0
"""Logits at which a margin says no more."""


@dataclass(frozen=True)
class Candidate:
    """A stretch of a passage that may be the answer."""

    found: Found
    start: int
    end: int
    """Characters of the document's text."""
    signs: np.ndarray
    """As ``judging.OF_SPANS`` names them; of a pair as ``OF_PAIRS``."""

    @property
    def is_pair(self) -> bool:
        """Whether the answer stood beside its question."""
        return self.found.answer is not None

    @property
    def text(self) -> str:
        return self.found.text[self.start - self.found.start : self.end - self.found.start]


def asked(message: str) -> str:
    """Return what is asked in a message: all of a short one, the questions of a long one.

    Of a long one without a question mark it is the beginning.
    """
    text = " ".join(message.split())
    if len(text) <= LONGEST:
        return text
    edges = [0, *sentence_ends(text)]
    sentences = [text[a:b].strip() for a, b in pairwise(edges)]
    questions = [each for each in sentences if each.endswith(("?", "？", "؟"))]
    kept = ""
    for each in reversed(questions):
        if len(kept) + len(each) >= LONGEST:
            break
        kept = f"{each} {kept}".strip()
    return kept or (questions[-1] if questions else text)[:LONGEST]


def passage_signs(question: str, found: Found) -> np.ndarray:
    """Return a passage's signs, (3,) as ``judging.OF_PAIRS`` names them."""
    wanted = set(terms(question))
    told = set(terms("\n".join((*found.headings, found.text))))
    shared = len(wanted & told) / len(wanted) if wanted else 0.0
    return np.array([found.score, found.cosine, shared])


def as_pair(question: str, found: Found) -> Found:
    """Return a passage as what stands beside its question, if its heading is the question."""
    heading = found.headings[-1].strip() if found.headings else ""
    if found.answer is not None or not heading.endswith("?"):
        return found
    if plain_question(heading) not in (plain_question(question), plain_question(_alone(question))):
        return found
    return replace(found, answer=found.start, cosine=1.0)


def of_pair(question: str, found: Found) -> Candidate:
    """Return the answer that stands beside a question."""
    assert found.answer is not None
    return Candidate(found, found.answer, found.end, passage_signs(question, found))


def read_passages(
    reader: Reader, wanted: Sequence[tuple[str, Sequence[Found]]]
) -> list[list[Candidate]]:
    """Return the best span of each passage that was found for each question; headings are not read.

    Args:
        wanted: a question and its passages, the nearest first.
    """
    pairs = [(question, each.text) for question, passages in wanted for each in passages]
    spans = iter(reader.read(pairs))
    return [
        _spans(question, passages, [next(spans) for _ in passages]) for question, passages in wanted
    ]


def plain_question(text: str) -> str:
    """Return a question as it is compared: without its mark, by no case and no white space."""
    return " ".join(text.casefold().split()).rstrip(" ?!.")


def _alone(question: str) -> str:
    """Return a question without what joins it to the one before."""
    return re.sub(r"^\s*(?:and|but|so|then),?\s+", "", question, flags=re.IGNORECASE)


def says_nothing(question: str, answer: str) -> bool:
    """Return whether an answer only says again what was asked; one of several may be offered."""
    asked_for = set(WORD.findall(question.casefold()))
    return "or" not in asked_for and asked_for.issuperset(WORD.findall(answer.casefold()))


def _spans(question: str, passages: Sequence[Found], spans: Sequence[Span]) -> list[Candidate]:
    said = [
        " ".join(terms(found.text[span.start : span.end]))
        for found, span in zip(passages, spans, strict=True)
    ]
    times = Counter(said)
    return [
        Candidate(
            found,
            found.start + span.start,
            found.start + span.end,
            np.array(
                [
                    -FARTHEST
                    if says_nothing(question, found.text[span.start : span.end])
                    else np.clip(span.margin, -FARTHEST, FARTHEST),
                    *passage_signs(question, found),
                    np.log1p(len(found.text[span.start : span.end].split())),
                    np.log1p(place),
                    np.log1p(times[words] - 1 if words else 0),
                ]
            ),
        )
        for place, (found, span, words) in enumerate(zip(passages, spans, said, strict=True))
    ]
