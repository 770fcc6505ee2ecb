"""The question sets that the reader learns from, each with its traps, in one form.

Splits are by article: v1.1 and v2.0 of SQuAD share their paragraphs, and so do questions of one
article. The 12 articles of SQuAD's dev set that are in no file here stay unseen.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from deepfield.errors import InputError
from deepfield_chatbot.passages import sentence_ends

__all__ = ["SETS", "VALIDATION", "Answer", "Question", "load_sets"]

VALIDATION = ("Amazon_rainforest", "Force", "Imperialism", "Oxygen", "Rhine", "Warsaw")
"""Articles of SQuAD that are held out; all have unanswerable questions too."""


@dataclass(frozen=True)
class Answer:
    text: str
    start: int


@dataclass(frozen=True)
class Question:
    """A question to a paragraph. Without answers, the paragraph does not hold one."""

    id: str
    title: str
    """Of the article, or whatever keeps kin together."""
    context: str
    question: str
    answers: tuple[Answer, ...]

    def parted(self) -> tuple[str, str]:
        """Return the sentences of the paragraph that the answers stand in, and the others."""
        spans = [(each.start, each.start + len(each.text)) for each in self.answers]
        parts = ["", ""]
        for start, end in pairwise([0, *sentence_ends(self.context)]):
            beside = any(start < last and first < end for first, last in spans)
            parts[not beside] += self.context[start:end]
        return parts[0], parts[1]


def load_sets(folder: Path, names: Sequence[str]) -> list[Question]:
    """Read sets by name, each question once.

    Raises:
        InputError: if a file is missing.
    """
    found: dict[str, Question] = {}
    for name in names:
        read, patterns = SETS[name]
        files = [file for pattern in patterns for file in sorted(folder.glob(pattern))]
        if not files:
            raise InputError(f"{str(folder)!r} holds no {patterns[0]!r}.")
        for file in files:
            for each in read(file):
                found.setdefault(each.id, each)
    return list(found.values())


def _squad(file: Path) -> Iterator[Question]:
    """SQuAD's own form. ``answer_start`` is that of the first occurrence, wrong in 3 of 100."""
    with gzip.open(file, "rt", encoding="utf-8") as text:
        articles = json.load(text)["data"]
    for article in articles:
        for paragraph in article["paragraphs"]:
            for row in paragraph["qas"]:
                yield _question(row, article["title"], paragraph["context"], locate=True)


def _lines(file: Path) -> Iterator[Question]:
    """SQuAD's form, a question a line."""
    for row in _rows(file):
        if not row.get("squad_dev_overlap"):
            yield _question(row, row["title"], row["context"])


def _kin_by_context(file: Path) -> Iterator[Question]:
    """As lines, where all have one title, or none: a paragraph is then kin to itself alone."""
    for each in _lines(file):
        yield replace(each, title=hashlib.sha256(each.context.encode()).hexdigest()[:12])


def _located(file: Path) -> Iterator[Question]:
    """FairytaleQA: answers were found by their text. One that is there more than once is left
    out, unless the question tells which is meant.
    """
    for row in _rows(file):
        kept = [
            answer
            for answer in row["answers"]
            if row["context"].count(answer["text"]) == 1 or len(answer["text"]) > 12
        ]
        if kept:
            yield _question({**row, "answers": kept}, row["title"], row["context"], locate=True)


def _qed(file: Path) -> Iterator[Question]:
    """QED: text split at spaces and punctuation is joined again, answers of one span alone."""
    for row in _rows(file):
        if "original_nq_answers" in row:
            spans = [
                (each[0]["start"], each[0]["end"])
                for each in row["original_nq_answers"]
                if len(each) == 1
            ]
        else:
            spans = [tuple(each) for each in row["answer_spans"]]
            spans = spans if len(spans) == 1 else []
        if not spans:
            continue
        context, joined = rejoined(row["paragraph_text"], spans)
        answers = tuple(Answer(context[start:end], start) for start, end in joined)
        question = row["question_text"].strip().rstrip("?") + "?"
        yield Question(f"qed-{row['example_id']}", row["title_text"], context, question, answers)


SETS: dict[str, tuple[Callable[[Path], Iterator[Question]], tuple[str, ...]]] = {
    "squad": (_squad, ("squad-v1.1.36-articles.json.gz", "squad-v2.0.articles.json.gz")),
    "squad-train": (_lines, ("squad-train.12-articles.jsonl.gz", "squad2-train.*.jsonl.gz")),
    "squad-sample": (_kin_by_context, ("squad-train.sample.jsonl.gz",)),
    "new-wiki": (_lines, ("squadshifts-new-wiki.jsonl.gz",)),
    "reddit": (_kin_by_context, ("squadshifts-reddit.jsonl.gz",)),
    "tydi": (_lines, ("tydiqa-en.jsonl.gz",)),
    "qed": (_qed, ("nq-train-*-qed.jsonlines.gz", "qed-dev.jsonlines.gz")),
    "fairytale": (_located, ("fairytaleqa.jsonl.gz",)),
    "policy": (_squad, ("policyqa-*.json.gz",)),
}
"""Name -> how it is read, and from which files."""

BEFORE = re.compile(r"""\s+(?=[,.;:!?%)\]}]|'s\b|'(?:t|re|ve|ll|d|m)\b|n't\b|'')""")
AFTER = re.compile(r"(?<=[(\[{$£€#])\s+|(?<=``)\s+")
DASH = re.compile(r"(?<=\w)\s+(?=[-–—/]\s+\w)|(?<=\w\s[-–—/])\s+(?=\w)")


def rejoined(text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """Take out the spaces that a tokenizer put in; return the text, and the spans in it."""
    gone = np.zeros(len(text) + 1, dtype=np.int64)  # characters lost before each
    for pattern in (BEFORE, AFTER, DASH):
        for match in pattern.finditer(text):
            gone[match.start() : match.end()] = 1
    keep = gone[:-1] == 0
    moved = np.concatenate([[0], np.cumsum(keep)])
    joined = "".join(character for character, stays in zip(text, keep, strict=True) if stays)
    places = [(int(moved[start]), int(moved[end])) for start, end in spans]
    return joined, places


def _question(row: dict[str, Any], title: str, context: str, locate: bool = False) -> Question:
    answers = () if row.get("is_impossible") else row["answers"]
    return Question(
        str(row["id"]),
        title,
        context,
        row["question"].strip(),
        tuple(
            Answer(
                each["text"],
                located(context, each["text"], row["question"], each["answer_start"])
                if locate
                else each["answer_start"],
            )
            for each in answers
        ),
    )


def located(context: str, text: str, question: str, start: int) -> int:
    """Return which occurrence of an answer is meant: the one nearest to the question's words."""
    places = [match.start() for match in re.finditer(re.escape(text), context)]
    if len(places) < 2:
        return start
    asked = set(re.findall(r"\w{4,}", question.lower()))

    def near(place: int) -> tuple[int, bool]:
        around = context[max(0, place - 100) : place + len(text) + 100].lower()
        return len(asked & set(re.findall(r"\w{4,}", around))), place == start

    return max(places, key=near)


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
