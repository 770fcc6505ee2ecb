"""BM25 over the terms of passages (Robertson and Zaragoza 2009), by bm25s (Lù 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np

from deepfield_chatbot.words import terms

__all__ = ["Lexical", "Vocabulary"]

K1, B = 1.2, 0.75


class Vocabulary:
    """Terms by number, in the order in which they were first met."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        self.numbers = {term: number for number, term in enumerate(known)}

    def add(self, text: str) -> list[int]:
        """Return the numbers of a text's terms; new ones are learned."""
        return [self.numbers.setdefault(term, len(self.numbers)) for term in terms(text)]

    def look_up(self, text: str) -> list[int]:
        """Return the numbers of those terms of a text that are known, each once."""
        found = (self.numbers.get(term) for term in dict.fromkeys(terms(text)))
        return [number for number in found if number is not None]


class Lexical:
    """Scores every passage by the words that it shares with a question."""

    def __init__(self, index: bm25s.BM25, vocabulary: Vocabulary) -> None:
        self.index = index
        self.vocabulary = vocabulary

    @classmethod
    def build(cls, numbers: Sequence[Sequence[int]], vocabulary: Vocabulary) -> Lexical:
        """Index passages by the numbers of their terms."""
        index = bm25s.BM25(k1=K1, b=B)
        known = vocabulary.numbers or {"": 0}
        index.index((numbers, known), create_empty_token=False, show_progress=False)
        return cls(index, vocabulary)

    def scores(self, question: str) -> np.ndarray:
        """Return a score for each passage, (n,) float32; 0 where no word is shared."""
        found = self.vocabulary.look_up(question)
        if not found:
            return np.zeros(self.index.scores["num_docs"], dtype=np.float32)
        return self.index.get_scores_from_ids(found)

    def save(self, folder: Path) -> None:
        """Write the index; the vocabulary is kept by whoever owns the folder."""
        self.index.save(folder)
        (folder / "vocab.index.json").unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: Path, vocabulary: Vocabulary) -> Lexical:
        """Open an index, without reading what no question asks for."""
        index = bm25s.BM25.load(folder, mmap=True, load_vocab=False)
        return cls(index, vocabulary)
