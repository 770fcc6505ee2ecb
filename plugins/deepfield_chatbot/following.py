"""Follow-up questions: what "and how much is it?" is about, said in full.

A question that leans on what was said before has a pronoun early on, or no word of its own that
means anything. What it leans on is taken from the last question and its answer: names (runs of
words with capitals), then the rarest run of words that mean something. It is put in the place of
the pronoun, or added. English alone; what is rewritten is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from deepfield_chatbot.words import COMMON, terms

__all__ = ["entities", "in_full", "leans", "own_words"]

POSSESSIVE = {"its", "his", "her", "their", "theirs"}
PRONOUNS = POSSESSIVE | {
    "it", "he", "she", "they", "him", "them", "this", "that", "these", "those", "one", "ones",
}  # fmt: skip
EMPTY = {
    "about", "also", "am", "any", "been", "but", "can", "could", "else", "get", "got", "how", "i",
    "if", "just", "like", "long", "many", "may", "me", "might", "more", "most", "much", "must",
    "my", "need", "no", "not", "often", "ok", "okay", "old", "our", "please", "say", "should",
    "since", "so", "some", "tell", "than", "then", "too", "until", "us", "want", "we", "well",
    "were", "what", "when", "where", "which", "who", "why", "would", "yes", "you", "your",
}  # fmt: skip
"""Words that ask, and name nothing."""
ABOUT = re.compile(r"^\s*(?:and|but|or|so)?\s*(?:what|how)\s+about\s+(?P<other>.+?)[\s?!.]*$", re.I)
"""The same question about something else."""
DOES, IS = {"do", "does", "did"}, {"is", "are", "was", "were"}
PARTICIPLE = re.compile(r"(?:ed|en|wn|pt|ght|lt|ld|de)$")
WORD = re.compile(r"[\w’'-]*\w")
RUN = re.compile(r"(?:\b[A-ZÀ-ÖØ-Þ][\w’'-]*\w|\b[A-Z]{2,})(?:\s+(?:[A-ZÀ-ÖØ-Þ]|\d)[\w’'-]*)*")
EARLY = 3
"""Words of its own before which a pronoun means something outside the question."""


def leans(question: str) -> bool:
    """Return whether a question needs what was said before to be understood."""
    return (
        ABOUT.match(question) is not None
        or _pronoun(question) is not None
        or not own_words(question)
    )


def entities(texts: Sequence[str], rarity: Callable[[str], float]) -> list[str]:
    """Return what texts are about, the likeliest first: names, then rare runs of words.

    Args:
        texts: the last question as it stands by itself, then its answer.
        rarity: of a term, in the documents: the less often it is met the more.
    """
    names: list[str] = []
    runs: list[str] = []
    for text in texts:
        for match in RUN.finditer(text):
            # The first word of a sentence has a capital in any case.
            if _is_first(text, match.start()) and " " not in match[0] and match[0][1:].islower():
                continue
            name = match[0]
            first, _, rest = name.partition(" ")
            if _is_first(text, match.start()) and first.lower() in EMPTY | COMMON:
                name = rest
            if name and terms(name):
                names.append(name)
        runs += _runs(text)
    runs.sort(key=lambda each: -max(rarity(term) for term in terms(each)))
    return list(dict.fromkeys([*names, *runs]))


def in_full(question: str, before: str, told: str, rarity: Callable[[str], float]) -> str:
    """Return a question that leans on an earlier one as it would be asked by itself.

    Args:
        before: the earlier question, in full.
        told: its answer; empty if there was none.
        rarity: of a term, in the documents.
    """
    meant = entities([before], rarity) or entities([told], rarity)
    if not meant:
        return question
    other = ABOUT.match(question)
    if other:
        if meant[0] in before:  # the same question, about the other
            return before.replace(meant[0], other["other"])
        return f"{before.rstrip(' ?!.')}, {other['other']}?"
    pronoun = _pronoun(question)
    if pronoun is None:
        return f"{question.strip().rstrip('?!. ')} ({meant[0]})?"
    put = meant[0] + ("’s" if pronoun[0].lower() in POSSESSIVE else "")
    return question[: pronoun.start()] + put + question[pronoun.end() :]


def own_words(text: str) -> list[str]:
    """Return the words of a text that name something."""
    return [
        word for word in WORD.findall(text) if word.lower() not in EMPTY | PRONOUNS and terms(word)
    ]


def _pronoun(question: str) -> re.Match[str] | None:
    """Return the pronoun that stands for what was said before, if there is one."""
    own = 0
    for match in WORD.finditer(question):
        if match[0].lower() in PRONOUNS:
            return match if own < EARLY else None
        own += bool(own_words(match[0]))
    return None


def _runs(text: str) -> list[str]:
    """Return runs of neighbouring words that each name something, in order.

    Without what is most likely a verb: of "does moss grow" the last, and of "was the form signed".
    """
    found: list[list[str]] = []
    after: list[str] = []  # the word before each run
    last, before = -1, ""
    for match in WORD.finditer(text):
        if own_words(match[0]):
            if found and last >= 0 and text[last : match.start()].isspace():
                found[-1].append(match[0])
            else:
                found.append([match[0]])
                after.append(before)
            last = match.end()
        elif match[0].lower() not in ("the", "a", "an"):
            before = match[0].lower()
    for run, auxiliary in zip(found, after, strict=True):
        acts = auxiliary in DOES or (auxiliary in IS and PARTICIPLE.search(run[-1]))
        if len(run) > 1 and acts:
            run.pop()
    return [" ".join(run) for run in found]


def _is_first(text: str, place: int) -> bool:
    """Return whether a sentence begins at a place of a text."""
    before = text[:place].rstrip()
    return not before or before[-1] in ".!?"
