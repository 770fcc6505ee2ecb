"""Questions put to knowledge bases made of the sets, to calibrate and to measure by."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepfield.evaluation.squad import token_f1
from deepfield_chatbot.answering import READ
from deepfield_chatbot.candidates import (
    Candidate,
    asked,
    of_pair,
    passage_signs,
    read_passages,
)
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.document import Document, Writing
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.knowledge_base import KnowledgeBase, add_documents
from deepfield_chatbot.reader import Reader
from deepfield_chatbot.recipes.questions import Question

__all__ = ["RIGHT", "Asked", "articles", "ask", "banking", "elsewhere", "listed"]

RIGHT = 0.5
"""The F1 of words from which on an answer counts as right."""


@dataclass(frozen=True)
class Asked:
    """A question, what people answered, and what the reader found."""

    question: str
    right: tuple[str, ...]
    """Answers of people; none if the documents do not say."""
    candidates: tuple[Candidate, ...]
    """One a passage, the nearest passage first."""
    near: np.ndarray  # (3,) the best of its passages' signs, as judging.OF_PAIRS

    def is_right(self, candidate: Candidate) -> bool:
        return bool(self.right) and token_f1(candidate.text, self.right) >= RIGHT


def articles(questions: Sequence[Question], encoder: Encoder) -> KnowledgeBase:
    """Return the paragraphs of questions as a knowledge base, a document for each article."""
    writings: dict[str, Writing] = {}
    for title, context in dict.fromkeys((each.title, each.context) for each in questions):
        writing = writings.setdefault(title, Writing())
        writing.add(context, page=len(writing.blocks) + 1)
    documents = [_document(title.replace("_", " "), each) for title, each in writings.items()]
    return KnowledgeBase(add_documents(Contents.empty(), documents, encoder), encoder)


def listed(rows: Sequence[tuple[str, str]], encoder: Encoder) -> KnowledgeBase:
    """Return a list of questions with answers: the first query of each intent, and its name.

    Args:
        rows: query and intent.
    """
    writing = Writing()
    first: dict[str, str] = {}
    for text, intent in rows:
        first.setdefault(intent, text)
    for intent, text in first.items():
        writing.add(text, answer=intent)
    contents = add_documents(Contents.empty(), [_document("list", writing)], encoder)
    return KnowledgeBase(contents, encoder)


def ask(
    base: KnowledgeBase,
    reader: Reader,
    questions: Sequence[tuple[str, tuple[str, ...]]],
    together: int = 32,
) -> list[Asked]:
    """Put questions, each with the answers of people, to a knowledge base."""
    found: list[Asked] = []
    for first in range(0, len(questions), together):
        some = [(asked(question), right) for question, right in questions[first : first + together]]
        near = base.search_all([question for question, _ in some], READ)
        to_read = [
            (question, [each for each in passages if each.answer is None])
            for (question, _), passages in zip(some, near, strict=True)
        ]
        read = read_passages(reader, to_read)
        for (question, right), passages, spans in zip(some, near, read, strict=True):
            spans_left = iter(spans)
            candidates = tuple(
                next(spans_left) if each.answer is None else of_pair(question, each)
                for each in passages
            )
            signs = np.max([passage_signs(question, each) for each in passages], axis=0)
            found.append(Asked(question, right, candidates, signs))
    return found


def banking(folder: Path) -> list[tuple[str, str]]:
    """Return the queries of Banking77's training set with their intents."""
    with gzip.open(folder / "banking77-train.csv.gz", "rt", encoding="utf-8") as text:
        return [(row["text"].strip(), row["category"]) for row in csv.DictReader(text)]


def elsewhere(folder: Path) -> list[str]:
    """Return queries of CLINC150, its validation set: to an assistant, of 150 kinds and others."""
    with gzip.open(folder / "clinc150.json.gz", "rt", encoding="utf-8") as text:
        sets = json.load(text)
    return [query for name in ("oos_val", "oos_train", "val") for query, _ in sets[name]]


def _document(title: str, writing: Writing) -> Document:
    return Document(title, "text", title, writing.text, tuple(writing.blocks), title)
