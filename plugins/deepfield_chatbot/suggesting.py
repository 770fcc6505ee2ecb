"""What can be asked: questions that the documents themselves suggest, and that are answered.

They come from lists of questions with answers, and from headings. A question made of a heading is
offered only if it is answered: nobody is sent to where nothing stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deepfield_chatbot.answering import Answerer
from deepfield_chatbot.candidates import plain_question
from deepfield_chatbot.knowledge_base import Found

__all__ = ["asked_of", "opening_suggestions", "suggest"]

TRIED = 3
"""Questions made of headings that are tried beside an answer: each takes as long as that."""
OPENINGS = 6
"""Passages of a document, spread over it, that may give a question to begin with."""
LONGEST = 120
"""Characters of a question that is offered."""


def suggest(
    answerer: Answerer,
    passages: Iterable[Found],
    said: Iterable[str] = (),
    count: int = 3,
    tries: int = TRIED,
) -> tuple[str, ...]:
    """Return questions that the documents answer, from passages near by.

    Args:
        said: messages that were sent already; they are not suggested again.
        tries: questions made of headings that are read for at most.
    """
    told = {plain_question(each) for each in said}
    sure: list[str] = []
    tried: list[str] = []
    for each in passages:
        question, is_pair = asked_of(each)
        known = {*told, *map(plain_question, sure), *map(plain_question, tried)}
        if not question or len(question) > LONGEST or plain_question(question) in known:
            continue
        (sure if is_pair else tried).append(question)
    sure = sure[:count]
    if len(sure) < count and tried:
        answers = answerer.answer(tried[:tries])
        sure += [each.question for each in answers if each.text]
    return tuple(sure[:count])


def opening_suggestions(answerer: Answerer, count: int = 3) -> tuple[str, ...]:
    """Return questions to begin with, from as many documents as there are."""
    contents = answerer.base.contents
    documents = contents.passages["document"].to_pylist()
    places: dict[int, list[int]] = {}
    for place, document in enumerate(documents):
        places.setdefault(document, []).append(place)
    # Of each document one in turn, from its beginning and then further on.
    turns = sorted(
        (turn / len(own), document, place)
        for document, own in places.items()
        for turn, place in enumerate(own[:: max(1, len(own) // OPENINGS)][:OPENINGS])
    )
    rows = contents.passages.take([place for _, _, place in turns]).to_pylist() if turns else []
    passages = [
        Found(
            place,
            contents.entries[row["document"]].name,
            row["text"],
            row["start"],
            row["end"],
            tuple(row["headings"]),
            row["page"],
            row["answer"],
            0.0,
            0.0,
            0.0,
        )
        for (_, _, place), row in zip(turns, rows, strict=True)
    ]
    return suggest(answerer, passages, count=count, tries=2 * OPENINGS)


def asked_of(found: Found) -> tuple[str, bool]:
    """Return a question that a passage may answer, and whether it stands there as one."""
    if found.answer is not None:
        return found.text[: found.answer - found.start].strip(), True
    heading = _last(found.headings)
    if not heading:
        return "", False
    if heading.endswith("?"):
        return heading, False
    many = heading.endswith("s") and not heading.endswith(("ss", "us", "is"))
    return f"What {'are' if many else 'is'} {_lowered(heading)}?", False


def _last(headings: Sequence[str]) -> str:
    return headings[-1].strip(" :.") if headings else ""


def _lowered(heading: str) -> str:
    """Return a heading as it stands within a sentence: names keep their capitals."""
    first = heading.partition(" ")[0]
    return heading[:1].lower() + heading[1:] if first[1:].islower() else heading
