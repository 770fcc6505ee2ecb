"""One word put in for another of its kind: in the question, in the paragraph, or in both.

In the question or in the paragraph alone it takes the answer away, nearly always; in both it leaves
it. So how odd a question sounds tells little: the two have to be compared. (Counterfactual data,
Kaushik et al. 2020.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
from safetensors.numpy import load_file

from deepfield_chatbot.encoder import minilm_folder
from deepfield_chatbot.pieces import open_tokenizer
from deepfield_chatbot.recipes.altering import DENIED, OPPOSITE
from deepfield_chatbot.recipes.questions import Answer, Question
from deepfield_chatbot.words import COMMON, terms

__all__ = ["Kinds", "swapped"]

KINDS = """
    two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
    first second third fourth fifth sixth seventh eighth ninth tenth
    hundred thousand million billion
    january february march april june july august september october november december
    monday tuesday wednesday thursday friday saturday sunday
    spring summer autumn winter
"""
"""A line holds words of which each may stand for each other, though it says something else."""
NEAR, SAME = 0.22, 0.4
"""Cosines of MiniLM's vectors of words: nearer than ``SAME`` often says the same, farther than
``NEAR`` is seldom of one kind."""
PLACES = {"question": 0.4, "context": 0.2, "both": 0.4}
"""Where the word is put in, and how often."""
ASKED = {"how", "what", "which", "whose"}
"""The word after one of these says what kind of answer is wanted: it is left as it is."""
WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")
YEAR = re.compile(r"1\d{3}|20\d{2}")


class Kinds:
    """Words that may stand where another stands, and say something else."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Learn from texts which words may stand beside each other."""
        self._pairs = {
            pair for text in texts for pair in pairwise(re.findall(r"\w+", text.lower()))
        }
        self._words, self._stems, self._vectors = _vectors()
        self._places = {word: place for place, word in enumerate(self._words)}
        self._lists: dict[str, list[str]] = {}
        for line in KINDS.strip().splitlines():
            for word in line.split():
                self._lists.setdefault(word, []).extend(line.split())

    def others(self, left: str, word: str, right: str) -> list[str]:
        """Return what may stand for a word between two others; all in small letters."""
        if listed := self._lists.get(word) or OPPOSITE.get(word):
            return [each for each in dict.fromkeys(listed) if each != word]
        if (place := self._places.get(word)) is None or word in COMMON:
            return []
        cosines = self._vectors @ self._vectors[place]
        among = np.flatnonzero((cosines > NEAR) & (cosines < SAME))
        return [
            self._words[other]
            for other in among
            if (left, self._words[other]) in self._pairs
            and (self._words[other], right) in self._pairs
            and self._stems[other] not in ("", self._stems[place])
        ]


@lru_cache(maxsize=1)
def _vectors() -> tuple[list[str], list[str], np.ndarray]:
    """Return the words that MiniLM knows whole, their stems (empty of those that nearly every text
    has), and a vector of length 1 of each."""
    known = open_tokenizer(minilm_folder().file("tokenizer.json")).get_vocab()
    words = sorted(word for word in known if re.fullmatch("[a-z]{3,}", word))
    weights = load_file(minilm_folder().weights)["embeddings.word_embeddings.weight"]
    vectors = weights[[known[word] for word in words]].astype(np.float32)
    vectors -= vectors.mean(axis=0)
    stems = [" ".join(terms(word)) for word in words]
    return words, stems, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def swapped(questions: Sequence[Question], share: float, seed: int) -> Iterator[Question]:
    """Put words of questions in for others; two in five of what comes of it have an answer.

    Args:
        share: how many to try, of the number of questions.
    """
    if not share:
        return
    kinds = Kinds(list(dict.fromkeys(each.context for each in questions)))
    asked = {(each.question.lower(), each.context) for each in questions}
    generator = np.random.default_rng(seed)
    places, chances = list(PLACES), list(PLACES.values())
    for place in generator.permutation(len(questions))[: round(share * len(questions))]:
        each = questions[place]
        where = str(generator.choice(places, p=chances)) if each.answers else "both"
        if found := _other_word(each, kinds, generator):
            made = _made(each, *found, where)
            if made is not None and (made.question.lower(), made.context) not in asked:
                yield made


def _other_word(
    question: Question, kinds: Kinds, generator: np.random.Generator
) -> tuple[str, str] | None:
    """Return a word of the question, in small letters, and what is put in for it.

    It stands in the paragraph too, beside the answer if there is one.
    """
    if DENIED.search(question.question):
        return None
    asked = WORD.findall(question.question.lower())
    taken = {word for each in question.answers for word in WORD.findall(each.text.lower())}
    beside = question.parted()[0] if question.answers else question.context
    near = set(WORD.findall(beside.lower()))
    places = [
        place
        for place, word in enumerate(asked)
        if word in near
        and word not in taken
        and word not in COMMON
        and (not place or asked[place - 1] not in ASKED)
    ]
    there = _forms(f"{question.context} {question.question}")
    for place in generator.permutation(places):
        word = asked[place]
        left, right = ([*asked, ""][each] for each in (place - 1, place + 1))
        others = _numbers(word, generator) or kinds.others(left, word, right)
        others = [each for each in others if there.isdisjoint(_forms(each))]
        if others:
            return word, others[int(generator.integers(len(others)))]
    return None


def _forms(text: str) -> set[str]:
    """Return what words of a text are but for their endings; a number is one word."""
    return {" ".join(terms(word)) for word in WORD.findall(text)}


def _numbers(word: str, generator: np.random.Generator) -> list[str]:
    """Return another number like one in figures: 1883 and 1886, 16th and 17th, 4,000 and 7,000."""
    figures = [place for place, sign in enumerate(word) if sign.isdigit()]
    if not figures or not re.fullmatch(r"\d[\d.,]*(?:st|nd|rd|th|s)?", word):
        return []
    if YEAR.fullmatch(word):
        return [str(int(word) + int(generator.choice([-1, 1]) * generator.integers(1, 30)))]
    place = figures[int(generator.integers(len(figures)))]
    if word[-2:] in ("st", "nd", "rd", "th"):
        place = figures[-1]
    elif word[-1] == "s":  # the 1880s
        place = figures[max(0, len(figures) - 2)]
    digits = [each for each in "123456789" if each != word[place]]
    changed = word[:place] + str(generator.choice(digits)) + word[place + 1 :]
    return [re.sub(r"(?:st|nd|rd|th)$", _ordinal, changed)]


def _ordinal(ending: re.Match[str]) -> str:
    last = ending.string[: ending.start()]
    usual = {"1": "st", "2": "nd", "3": "rd"}.get(last[-1], "th")
    return "th" if last[-2:] in ("11", "12", "13") else usual


def _made(question: Question, old: str, new: str, where: str) -> Question | None:
    # A number is not part of another: 2 neither of 2,000 nor of 2.5.
    pattern = re.compile(rf"(?<![\w.,]){re.escape(old)}(?![.,]?\w)", re.IGNORECASE)

    def put(text: str) -> str:
        return pattern.sub(lambda found: _cased(new, found[0]), text)

    asked = question.question if where == "context" else put(question.question)
    told = question.context if where == "question" else put(question.context)
    if where != "question" and not _forms(old).isdisjoint(_forms(told)):
        return None  # another form of the word stays
    answers: list[Answer] = []
    for each in question.answers if where == "both" else ():
        start = len(put(question.context[: each.start]))
        if told[start : start + len(each.text)] != each.text:
            return None
        answers.append(Answer(each.text, start))
    name = f"{question.id}-{old}-{new}-{where}"
    return replace(question, id=name, question=asked, context=told, answers=tuple(answers))


def _cased(new: str, old: str) -> str:
    if old.isupper() and len(old) > 1:
        return new.upper()
    return new.capitalize() if old[0].isupper() else new
