"""Figures of the SQuAD benchmarks: exact match and F1 of words (Rajpurkar et al. 2016, 2018).

Computed as the official scripts of versions 1.1 and 2.0 do: of several right answers the best
counts, and the right answer to what cannot be answered is none.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np

__all__ = ["best_threshold", "exact_match", "squad_figures", "token_f1"]

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


def exact_match(answer: str, right: Sequence[str]) -> float:
    """Return 1 if the answer is one of those, but for case, articles and punctuation; else 0."""
    return float(_plain(answer) in _answers(right))


def token_f1(answer: str, right: Sequence[str]) -> float:
    """Return the best F1 of the words that the answer shares with one of those."""
    return max(_f1(_plain(answer).split(), each.split()) for each in _answers(right))


def squad_figures(
    answers: Sequence[str], right: Sequence[Sequence[str]], bare: bool = False
) -> dict[str, float]:
    """Return figures in percent, as papers give them: ``exact``, ``f1`` and counts.

    Args:
        answers: one a question; empty where none is given.
        right: the answers that people gave to each; none where there is no answer.
        bare: leave out the figures by whether a question can be answered.
    """
    exact = np.array([exact_match(*each) for each in zip(answers, right, strict=True)])
    f1 = np.array([token_f1(*each) for each in zip(answers, right, strict=True)])
    answerable = np.array([_can_be_answered(each) for each in right], dtype=bool)
    figures = {"exact": _percent(exact), "f1": _percent(f1), "questions": float(len(exact))}
    if bare or answerable.all():
        return figures
    return {
        **figures,
        "exact_answerable": _percent(exact[answerable]),
        "f1_answerable": _percent(f1[answerable]),
        "refused": _percent(exact[~answerable]),
        "questions_answerable": float(answerable.sum()),
    }


def best_threshold(
    answers: Sequence[str], right: Sequence[Sequence[str]], doubts: Sequence[float]
) -> tuple[float, float]:
    """Return the doubt above which to refuse for the best F1, and that F1 in percent.

    Choose it on validation questions: on those that are measured it flatters.

    Args:
        answers: the best that was found for each question, whatever the doubt.
        doubts: a score for no answer less that of the answer.
    """
    gains = []
    kept = 0.0  # with every question refused
    for answer, each, doubt in zip(answers, right, doubts, strict=True):
        refusing = 0.0 if _can_be_answered(each) else 1.0
        kept += refusing
        gains.append((float(doubt), token_f1(answer, each) - refusing))
    gains.sort()
    best, threshold, total = kept, gains[0][0] - 1.0, kept
    for place, (doubt, gain) in enumerate(gains):
        total += gain
        last = place + 1 == len(gains) or gains[place + 1][0] > doubt
        if last and total > best:
            best, threshold = total, doubt
    return threshold, 100 * best / len(gains)


def _can_be_answered(right: Sequence[str]) -> bool:
    return any(_answers(right))


def _answers(right: Sequence[str]) -> list[str]:
    """Return what the answers come down to; of none, that nothing is the answer."""
    return [plain for each in right if (plain := _plain(each))] or [""]


def _plain(text: str) -> str:
    lowered = text.lower().translate(PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", lowered).split())


def _f1(answer: list[str], right: list[str]) -> float:
    if not answer or not right:
        return float(answer == right)
    shared = sum((Counter(answer) & Counter(right)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(answer), shared / len(right)
    return 2 * precision * recall / (precision + recall)


def _percent(values: np.ndarray) -> float:
    return float(100 * values.mean()) if len(values) else float("nan")
