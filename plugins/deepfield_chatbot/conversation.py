"""A conversation: messages in, replies out, with what was said before in mind.

Its turns are plain and go to JSON and back. Nothing that a message or a document says is followed:
a message is small talk or a question, and a document is text to be found.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from deepfield.errors import InputError
from deepfield_chatbot.answering import MAX_ERROR, Answer, Answerer
from deepfield_chatbot.following import in_full, leans, own_words
from deepfield_chatbot.small_talk import SmallTalk
from deepfield_chatbot.suggesting import opening_suggestions, suggest
from deepfield_chatbot.words import terms

__all__ = ["Conversation", "Replier", "Reply", "Turn", "turn_of"]

SAID = {
    "greeting": "Hello. Ask what you want to know; the documents will tell, or I say that they "
    "do not.",
    "thanks": "You are welcome.",
    "goodbye": "Goodbye.",
    "help": "I answer with words of the documents and show where they stand. ",
    "empty": "There are no documents yet. Add some, then ask again.",
    "nothing": "Ask a question.",
}


@dataclass(frozen=True)
class Reply:
    """What is said to a message."""

    kind: str
    """greeting, thanks, goodbye, help, answer, clarify, abstain, or empty (nothing was asked, or
    there are no documents)."""
    text: str
    answer: Answer | None = None
    """Where the words stand; also of abstain, with the nearest passages, and of clarify."""
    suggestions: tuple[str, ...] = ()
    """What can be asked next."""


@dataclass(frozen=True)
class Turn:
    """A message with its reply, as it is kept."""

    message: str
    kind: str
    reply: str
    searched: str = ""
    """The question in full, if one was asked."""
    answer: str = ""
    document: str = ""
    page: int | None = None
    start: int = 0
    end: int = 0
    """Characters of the document's text."""
    confidence: float = 0.0
    trust: str = ""
    documents: tuple[str, ...] = ()
    """Of clarify: those that disagree."""


@dataclass(frozen=True)
class Replier:
    """What all conversations over one knowledge base share; make it once."""

    answerer: Answerer
    max_error: float = MAX_ERROR

    @cached_property
    def small_talk(self) -> SmallTalk:
        return SmallTalk.by(self.answerer.base.encoder)

    @cached_property
    def openings(self) -> tuple[str, ...]:
        """Return questions to begin with."""
        return opening_suggestions(self.answerer)

    @cached_property
    def rarity(self) -> Callable[[str], float]:
        """Return what tells how rare a term is in the documents, in nats; 0 if it is not there."""
        contents = self.answerer.base.contents
        numbers = {term: number for number, term in enumerate(contents.terms)}
        rows = contents.passages["terms"].to_pylist()
        counts = np.bincount(
            [number for row in rows for number in set(row)], minlength=len(numbers) or 1
        )

        def rarity(term: str) -> float:
            count = counts[numbers[term]] if term in numbers else 0
            return math.log(len(rows) / count) + 1e-3 if count else 0.0

        return rarity


@dataclass
class Conversation:
    """One person's conversation."""

    replier: Replier
    turns: list[Turn] = field(default_factory=list)

    @classmethod
    def over(cls, answerer: Answerer, max_error: float = MAX_ERROR) -> Self:
        """Begin a conversation over a knowledge base."""
        return cls(Replier(answerer, max_error))

    def reply(self, message: str) -> Reply:
        """Return what is said to a message, and keep both."""
        reply = self._reply(message)
        self.turns.append(turn_of(message, reply))
        return reply

    def suggestions(self) -> tuple[str, ...]:
        """Return what can be asked to begin with."""
        return self.replier.openings

    def to_json(self) -> list[dict[str, Any]]:
        """Return the turns as plain values."""
        return [asdict(each) | {"documents": list(each.documents)} for each in self.turns]

    @classmethod
    def from_json(cls, replier: Replier, turns: Iterable[Mapping[str, Any]]) -> Self:
        """Take up a conversation that ``to_json`` kept.

        Raises:
            InputError: if the turns are not of that form.
        """
        try:
            return cls(
                replier,
                [Turn(**{**each, "documents": tuple(each["documents"])}) for each in turns],
            )
        except (TypeError, KeyError) as error:
            raise InputError(f"This is no conversation that was kept here: {error}") from error

    def _reply(self, message: str) -> Reply:
        if not message.strip():
            return Reply("empty", SAID["nothing"], suggestions=self._openings())
        chosen = self._chosen(message)
        if chosen is not None:
            return chosen
        kind = self.replier.small_talk.kind(message)
        if kind is not None:
            return self._small_talk(kind)
        if not len(self.replier.answerer.base.contents):
            return Reply("empty", SAID["empty"])
        return self._worded(self._answer(message))

    def _small_talk(self, kind: str) -> Reply:
        if kind in ("thanks", "goodbye"):
            return Reply(kind, SAID[kind])
        if not len(self.replier.answerer.base.contents):
            return Reply(kind, SAID["empty"])
        openings = self._openings()
        asking = f"Ask, for instance: {openings[0]}" if openings else "Ask about their contents."
        return Reply(kind, SAID[kind] + (asking if kind == "help" else ""), suggestions=openings)

    def _answer(self, message: str) -> Answer:
        """Answer a message as a question: in full if it leans on an earlier one."""
        answerer, most = self.replier.answerer, self.replier.max_error
        before = next((each for each in reversed(self.turns) if each.searched), None)
        if before is None or not leans(message):
            return answerer.answer([message], most)[0]
        full = in_full(message, before.searched, before.answer, self.replier.rarity)
        whole, alone = answerer.answer([full, message], most)
        # What did not lean after all is answered by itself.
        best = alone if alone.text and not whole.text else whole
        return replace(best, question=message)

    def _worded(self, answer: Answer) -> Reply:
        said = [*(each.message for each in self.turns), *(each.searched for each in self.turns)]
        said += [answer.question, answer.searched]
        if answer.disagreeing:
            told = [f"{_place(each)} says “{_line(each.text)}”" for each in _sides(answer)]
            text = f"The documents disagree: {'; '.join(told)}. Which one do you go by?"
            names = tuple(each.found.document for each in _sides(answer) if each.found)
            return Reply("clarify", text, answer, names)
        near = suggest(self.replier.answerer, answer.passages, said)
        if answer.text:
            return Reply("answer", answer.text, answer, near)
        about = " This seems to be about something else." if answer.trust == "unfamiliar" else ""
        where = f" Nearest is {_place(answer)}." if answer.found and not about else ""
        return Reply("abstain", f"The documents don't say.{about}{where}", answer, near)

    def _chosen(self, message: str) -> Reply | None:
        """Return the answer of the document that a message chooses, after they disagreed."""
        last = self.turns[-1] if self.turns else None
        if last is None or last.kind != "clarify":
            return None
        named = [name for name in last.documents if _names(message, name, last.documents)]
        if len(named) != 1:
            return None
        answer = self.replier.answerer.answer([last.searched], self.replier.max_error)[0]
        for each in _sides(answer):
            if each.found is not None and each.found.document == named[0]:
                found = replace(each, question=message, passages=answer.passages, disagreeing=())
                return self._worded(found)
        return None

    def _openings(self) -> tuple[str, ...]:
        return self.replier.openings if len(self.replier.answerer.base.contents) else ()


def _names(message: str, name: str, among: Iterable[str]) -> bool:
    """Return whether a message says no more than which of some documents is meant."""
    own = set(terms(name))
    others = set[str]().union(*(terms(each) for each in among if each != name))
    words = {term for word in own_words(message) for term in terms(word)}
    besides = len(words - own)
    most = 0 if message.rstrip().endswith("?") else 2
    return (name in message or bool(words & (own - others))) and besides <= most


def _sides(answer: Answer) -> tuple[Answer, ...]:
    return (answer, *answer.disagreeing)


def turn_of(message: str, reply: Reply) -> Turn:
    """Return what a conversation goes on from of a message and its reply."""
    answer = reply.answer
    if answer is None:
        return Turn(message, reply.kind, reply.text)
    found = answer.found
    return Turn(
        message,
        reply.kind,
        reply.text,
        answer.searched,
        answer.text,
        found.document if found else "",
        found.page if found else None,
        answer.start,
        answer.end,
        answer.confidence,
        answer.trust,
        tuple(each.found.document for each in _sides(answer) if each.found)
        if reply.kind == "clarify"
        else (),
    )


def _place(answer: Answer) -> str:
    """Return where an answer stands, in words."""
    if answer.found is None:
        return "no document"
    page = f", page {answer.found.page}" if answer.found.page is not None else ""
    return f"{answer.found.document}{page}"


def _line(text: str, longest: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
