"""Whether what a model wrote stands in the passages, sentence by sentence.

A sentence is supported by a sentence of a passage that has all its numbers with what they count,
all its names, its negations and words such as "before" or "only", and its other words. Some of the
latter may be other words if they mean about the same ("car", "vehicle"), and the sentences do, by
their vectors. Vectors alone would let nearly anything pass: they hardly move when a name, a number
or a noun is another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from deepfield_chatbot.generating.facts import Facts, known, read_facts, refuted
from deepfield_chatbot.passages import SENTENCE, sentence_ends

__all__ = ["NO_ANSWER", "Checked", "Encodes", "Sentence", "Support", "checked", "whole_sentences"]

NO_ANSWER = "The passages do not say."
"""What a model is told to write where the passages hold no answer."""
ENOUGH_WORDS, ENOUGH_MEANING, LIKE = 0.7, 0.7, 0.75
"""Where some words differ: the share of a claim's words that the source has, the cosine of both
sentences, and that of each other word with some word of the source. Measured on sentences of
SQuAD's articles (400 draws, four other paragraphs of the article beside): with one word replaced by
another of the paragraph 2 % are supported, 7 % if LIKE is .6 and 89 % without it; with a number
changed none, with a name of the paragraph in its place 9 %, denied 1 %, cited wrongly none; as they
stand all, and of first clauses 94 %. Questions with their answers put in, worded by people: 20 %,
and 5 % with another answer. What is not supported costs little: the extract is shown.
"""
# [1], [1, 2], [1][2], [passage 1], 【1】; a range is read by its two ends.
CITATION = re.compile(
    r"\s*[\[【]\s*(?:passages?\s*)?(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*[\]】]", re.I
)
TRAILING = re.compile(rf"(?:{CITATION.pattern})+[.!?]?", re.I)
MARKS = re.compile(r"^\s*(?:[-*•#>]+|\d{1,2}[.)])\s+|[*`]+")
LEAD = re.compile(
    r"^(?:(?:according to|based on|as stated in|per) (?:the )?(?:passages?|documents?|texts?)"
    r"(?: provided| given| above)?,?\s+|(?:the )?(?:passages?|documents?|texts?) "
    r"(?:says?|states?|mentions?)(?: that)?\s+)",
    re.I,
)
# A passage that speaks to the model supports nothing; a sentence that tells what to write does not.
TO_MODELS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,60}"
    r"\b(?:instructions?|prompts?|rules|guidelines|passages?)\b"
    r"|\bsystem prompt\b|\bas an? (?:ai|assistant|language model)\b"
    r"|\byou are (?:now )?an? (?:ai|assistant|chatbot|language model)\b",
    re.I | re.S,
)
TO_WRITERS = re.compile(
    r"\b(?:tell|inform|instruct|convince) the (?:user|reader|person|customer)s?\b"
    r"|\b(?:reply|respond|answer|output|print|say|write|cite) "
    r"(?:only|exactly|always|passage|\[?\(?\d|[\"'“‘])",
    re.I,
)


class Encodes(Protocol):
    """What gives vectors of texts, such as the chatbot's ``Encoder``."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return vectors (n, 384) of length 1."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a reply, and whether it stands in the passages."""

    text: str
    """Without its citations."""
    start: int
    """Where it begins in the reply."""
    end: int
    """Where it ends, its citations included."""
    cited: tuple[int, ...]
    """Numbers of passages, the first being 1, as the reply gives them."""
    found: tuple[int, ...] = ()
    """The passages that support it: those cited, or of all of them if it cites none."""
    reason: str = ""
    """Why it is not supported."""

    @property
    def supported(self) -> bool:
        return not self.reason


@dataclass(frozen=True)
class Checked:
    """A reply, sentence by sentence."""

    sentences: tuple[Sentence, ...]

    @property
    def supported(self) -> bool:
        """Return whether each sentence is, and there is one."""
        return bool(self.sentences) and all(each.supported for each in self.sentences)

    @property
    def unsupported(self) -> Sentence | None:
        """Return the first sentence that no passage supports."""
        return next((each for each in self.sentences if not each.supported), None)

    @property
    def passages(self) -> tuple[int, ...]:
        """Return the numbers of the passages that it stands on, in the order of its sentences."""
        return tuple(dict.fromkeys(number for each in self.sentences for number in each.found))


@dataclass(frozen=True)
class Source:
    """A sentence of a passage."""

    text: str
    """After the sentence before it, if it begins with a pronoun: both together mean something."""
    facts: Facts
    before: Facts


class Support:
    """The sentences of some passages, to look for what replies claim."""

    def __init__(self, passages: Sequence[str], encoder: Encodes) -> None:
        self.passages = passages
        self.encoder = encoder

    @cached_property
    def _sources(self) -> list[list[Source]]:
        return [list(_sources(each)) for each in self.passages]

    @cached_property
    def _words(self) -> list[set[str]]:
        return [set[str]().union(*(each.facts.words for each in some)) for some in self._sources]

    def check(self, reply: str) -> Checked:
        """Return for each sentence of a reply whether its passages support it."""
        return Checked(tuple(self._checked(each) for each in split(reply)))

    def _checked(self, sentence: Sentence) -> Sentence:
        def judged(reason: str = "", found: tuple[int, ...] = ()) -> Sentence:
            return Sentence(
                sentence.text, sentence.start, sentence.end, sentence.cited, found, reason
            )

        count = len(self.passages)
        for number in sentence.cited:
            if not 1 <= number <= count:
                return judged(f"there is no passage {number}")
        claim = read_facts(LEAD.sub("", sentence.text))
        if not claim.terms and not claim.numbers:
            return judged("it says nothing that can be looked for")
        among = sentence.cited or tuple(range(1, count + 1))
        reasons = {number: self._missing(sentence.text, claim, number) for number in among}
        found = tuple(number for number, reason in reasons.items() if not reason)
        if sentence.cited and len(found) < len(among):  # each citation must be right
            number = next(number for number in among if reasons[number])
            return judged(f"passage {number}: {reasons[number]}")
        if not found:
            return judged(reasons[among[0]] if len(among) == 1 else "no passage says so")
        return judged(found=found)

    def _missing(self, text: str, claim: Facts, number: int) -> str:
        """Return why a passage does not support a claim, or nothing if it does."""
        nearest, why = -1.0, "it says nothing of it"
        near: list[tuple[Source, set[str]]] = []
        for source in self._sources[number - 1]:
            lost = claim.terms - known(claim, source.facts, source.before)
            share = 1 - len(lost) / max(len(claim.terms), 1)
            reason = refuted(claim, source.facts, source.before, self._words[number - 1])
            if not reason and not lost:
                return ""
            if not reason and share >= ENOUGH_WORDS:
                near.append((source, lost))
            if share > nearest:
                nearest, why = share, reason or "too little of it is said there"
        if any(self._is_alike(text, claim, source, lost) for source, lost in near):
            return ""
        return "something else is said there in like words" if near else why

    def _is_alike(self, text: str, claim: Facts, source: Source, lost: set[str]) -> bool:
        """Return whether the words that a source lacks are said there in other words."""
        others = [claim.spelled[each] for each in sorted(lost)]
        vectors = self.encoder.encode(
            [text, source.text, *others, *sorted(set(source.facts.spelled.values()))]
        )
        words, said = vectors[2 : 2 + len(others)], vectors[2 + len(others) :]
        return bool(
            vectors[0] @ vectors[1] >= ENOUGH_MEANING
            and len(said)
            and (words @ said.T).max(axis=1).min() >= LIKE
        )


def checked(reply: str, passages: Sequence[str], encoder: Encodes) -> Checked:
    """Return for each sentence of a reply whether its passages support it.

    A sentence that cites must stand in each passage that it cites; one that does not cite, in any.
    A passage that gives orders to a model supports nothing.
    """
    return Support(passages, encoder).check(reply)


def split(reply: str) -> Iterator[Sentence]:
    """Return the sentences of a reply with what they cite, not yet looked for."""
    start = 0
    while start < len(reply):
        end = next((each.end() for each in SENTENCE.finditer(reply, start)), len(reply))
        if re.fullmatch(r"\s*\d{1,2}[.)]", reply[start:end]):  # the number of a list's item
            end = next((each.end() for each in SENTENCE.finditer(reply, end)), len(reply))
        while match := TRAILING.match(reply, end):  # citations after the full stop
            end = match.end()
        piece = reply[start:end]
        numbers = [
            int(number)
            for match in CITATION.finditer(piece)
            for number in re.findall(r"\d+", match[1])
        ]
        text = MARKS.sub("", CITATION.sub("", piece)).strip()
        if re.search(r"\w", text) or numbers:
            lead = len(piece) - len(piece.lstrip())
            ends = start + len(piece.rstrip())
            yield Sentence(text, start + lead, ends, tuple(dict.fromkeys(numbers)))
        start = end


def whole_sentences(reply: str) -> str:
    """Return a reply that was broken off without its last, unfinished sentence."""
    sentences = list(split(reply))
    if not sentences or re.search(r"[.!?…。！？।][\"'”’»)]*$", sentences[-1].text):
        return reply
    return reply[: sentences[-2].end] if len(sentences) > 1 else reply


def _sources(passage: str) -> Iterator[Source]:
    if TO_MODELS.search(passage):
        return
    before, told, start = Facts(), "", 0
    for end in sentence_ends(passage):
        text = passage[start:end].strip()
        start = end
        if text and not TO_WRITERS.search(text):
            facts = read_facts(text)
            yield Source(f"{told} {text}" if facts.leans else text, facts, before)
            before, told = facts, text
