"""A knowledge base in memory: finds the passages that a question is about.

BM25 knows names and numbers, the vectors of sentences know meanings; of a passage's vectors the
nearest counts. The two scores are made comparable by mean and standard deviation (z-scores), and
added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np

from deepfield.errors import InputError
from deepfield.models import ModelFolder
from deepfield_chatbot.contents import Contents, parts_of
from deepfield_chatbot.document import Document
from deepfield_chatbot.encoder import SHA256, Encoder
from deepfield_chatbot.lexical import Lexical, Vocabulary
from deepfield_chatbot.passages import Part, Passage, cut
from deepfield_chatbot.vectors import open_vectors

__all__ = ["Candidates", "Found", "KnowledgeBase", "add_documents", "encoded_texts"]

MEANING, MEANING_OF_QUESTIONS = 1.5, 8.0
"""What a z-score of meaning weighs beside one of words: for text, and for a question that has its
answer beside it, where words tell less. Chosen by ``benchmarks/find_passages.py``."""
CANDIDATES = 200
"""Passages by words and by meaning whose two scores are added."""
LONGEST_QUESTION = 2_000
"""Characters of a question that are searched by; what goes on longer is no question."""


@dataclass(frozen=True)
class Found:
    """A passage that a question may be about."""

    number: int
    """Of the passage in its knowledge base."""
    document: str
    text: str
    start: int
    """Where it begins in its document's text."""
    end: int
    headings: tuple[str, ...]
    page: int | None
    answer: int | None
    """Where the answer begins in the document's text, if it is a question with its answer."""
    score: float
    """Of words and meaning in standard deviations: any passage has about 0."""
    cosine: float
    words: float
    """Of BM25; 0 if it shares no word with the question."""


@dataclass(frozen=True)
class Candidates:
    """Passages that a question may be about, in no order; all arrays are (candidates,)."""

    numbers: np.ndarray
    words: np.ndarray
    """Scores of BM25."""
    cosines: np.ndarray
    """Of each passage's nearest part."""
    scores: np.ndarray


class KnowledgeBase:
    """Read-only: it serves many callers at once. ``adding`` and ``keeping`` make changed ones."""

    def __init__(
        self, contents: Contents, encoder: Encoder, lexical: Lexical | None = None
    ) -> None:
        self.contents = contents
        self.encoder = encoder
        self._lexical = lexical
        self._first, self._after = contents.ranges
        self._is_pair = contents.passages["answer"].is_valid().to_numpy()

    @classmethod
    def load(cls, folder: ModelFolder, encoder: Encoder | None = None) -> Self:
        """Open a knowledge base.

        Raises:
            InputError: if it is broken, or its vectors are another encoder's.
        """
        if folder.config.get("encoder") != SHA256:
            raise InputError(
                f"The knowledge base {str(folder.path)!r} was made with another sentence encoder; "
                "make it anew from its documents."
            )
        contents = Contents.load(folder)
        lexical = None
        if len(contents):
            lexical = Lexical.load(folder.path / "bm25", Vocabulary(contents.terms))
        return cls(contents, encoder or Encoder.load(), lexical)

    @cached_property
    def lexical(self) -> Lexical:
        return self._lexical or self.contents.lexical()

    @cached_property
    def vectors(self):
        return open_vectors(self.contents.vectors)

    def search(self, question: str, count: int = 5) -> list[Found]:
        """Return the passages that a question is most likely about, the best first."""
        return self.search_all([question], count)[0]

    def search_all(self, questions: Sequence[str], count: int = 5) -> list[list[Found]]:
        """Return for each question what ``search`` does: none for one of nothing but spaces."""
        if not len(self.contents):
            return [[] for _ in questions]
        short = [question[:LONGEST_QUESTION] for question in questions]
        return [
            self._nearest(question, vector, count) if question.strip() else []
            for question, vector in zip(short, self.encoder.encode(short), strict=True)
        ]

    def _nearest(self, question: str, vector: np.ndarray, count: int) -> list[Found]:
        among = self.candidates(question, vector, count)
        order = np.lexsort((among.numbers, -among.scores))[:count]
        rows = self.contents.passages.take(among.numbers[order]).to_pylist()
        return [
            Found(
                int(among.numbers[place]),
                self.contents.entries[row["document"]].name,
                row["text"],
                row["start"],
                row["end"],
                tuple(row["headings"]),
                row["page"],
                row["answer"],
                float(among.scores[place]),
                float(among.cosines[place]),
                float(among.words[place]),
            )
            for place, row in zip(order, rows, strict=True)
        ]

    def candidates(self, question: str, vector: np.ndarray, count: int = 0) -> Candidates:
        """Return the passages that are near by words or by meaning, with their scores.

        Args:
            vector: (384,) of the question.
            count: how many there are at least; some hundreds in any case, if there are so many.
        """
        by_words = self.lexical.scores(question)
        wanted = min(max(CANDIDATES, count), len(by_words))
        near = self.vectors.nearest(vector, min(2 * wanted, len(self.contents.vectors)))
        numbers = np.union1d(
            np.argpartition(-by_words, wanted - 1)[:wanted], self._with_parts(near)
        )
        cosines, words = self._cosines(vector, numbers), by_words[numbers]
        mean, spread = self.vectors.spread(vector)
        of_words = (words - by_words.mean()) / max(float(by_words.std()), 1e-6)
        weights = np.where(self._is_pair[numbers], MEANING_OF_QUESTIONS, MEANING)
        scores = of_words + weights * (cosines - mean) / spread
        scores /= np.sqrt(1 + weights**2)  # so that text and pairs can be compared
        return Candidates(numbers, words, cosines, scores)

    def _with_parts(self, parts: np.ndarray) -> np.ndarray:
        """Return the passages that hold any of these parts: one or two for each."""
        passages = np.searchsorted(self._after, parts, side="right")
        last = np.searchsorted(self._first, parts, side="right") - 1
        return np.union1d(passages, last)

    def _cosines(self, vector: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return the cosine of each passage's nearest part, (places,)."""
        first, counts = self._first[places], (self._after - self._first)[places]
        starts = np.cumsum(counts) - counts
        parts = np.repeat(first - starts, counts) + np.arange(counts.sum())
        return np.maximum.reduceat(self.vectors.cosines(vector, parts), starts)


def add_documents(
    contents: Contents,
    documents: Sequence[Document],
    encoder: Encoder,
    report: Callable[[float], None] = lambda done: None,
) -> Contents:
    """Return contents with documents more; those of a name that is there are replaced.

    Only passages of documents whose file changed are encoded.

    Args:
        report: told the share done; what it raises ends the work.

    Raises:
        InputError: if two of the documents have one name.
    """
    names = [each.name for each in documents]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"Two documents are named {twice!r}; rename one.")
    known = {each.name: each.digest for each in contents.entries}
    changed = [each for each in documents if known.get(each.name) != each.digest]
    cuts = [cut(each, encoder.tokenizer) for each in changed]
    texts = [
        text
        for each, passages in zip(changed, cuts, strict=True)
        for text in encoded_texts(each, passages)
    ]
    vectors = encoder.encode(texts, report)
    first = 0
    for each, passages in zip(changed, cuts, strict=True):
        count = len(parts_of(passages))
        contents = contents.with_document(each, passages, vectors[first : first + count])
        first += count
    return contents


def encoded_texts(document: Document, passages: Sequence[Passage]) -> list[str]:
    """Return what is encoded of each part: its text under its nearest heading.

    Of a question with its answer it is the question alone: it is nearest to another way to ask
    it, and what the answer says is left to BM25.
    """
    under: dict[Part, str] = {}
    for each in passages:
        above = each.headings[-1:] or (document.title,)
        for part in each.parts:
            text = document.text[part.start : part.end]
            under[part] = text if each.answer or not above[0] else f"{above[0]}: {text}"
    return list(under.values())


def base_config(contents: Contents, base: str, extra: Mapping[str, Any] | None = None) -> dict:
    """Return what config.json says beside the documents."""
    return {"base": base, "encoder": SHA256, "passages": len(contents), **(extra or {})}
