"""Words as BM25 counts them: folded, stemmed, and pairs of characters where nothing parts words."""

from __future__ import annotations

import re
import threading
import unicodedata

import Stemmer

__all__ = ["terms"]

WORD = re.compile(r"\w+")
# Han, kana, Hangul, Thai, Lao, Khmer and Burmese: a run of these is a phrase, not a word.
UNPARTED = re.compile(
    r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+)"
)
COMMON = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "in",
        "into",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "that",
        "the",
        "their",
        "there",
        "these",
        "they",
        "this",
        "to",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
    ]
)
"""English words that stand in nearly every passage and question. Of other languages' the weight
of rare words takes care."""

_local = threading.local()


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = []
    for word in WORD.findall(folded):
        for place, part in enumerate(UNPARTED.split(word)):
            if place % 2 and len(part) > 1:
                found.extend(part[start : start + 2] for start in range(len(part) - 1))
            elif part and part not in COMMON:
                found.append(part)
    return _stemmer().stemWords(found)


def _stemmer() -> Stemmer.Stemmer:
    """Return this thread's stemmer: one must not be shared. English rules (Porter 2) leave most
    words of other languages alone, and questions and passages are treated alike.
    """
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return _local.stemmer
