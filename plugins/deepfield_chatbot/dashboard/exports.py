"""A conversation as a file: for programs, and for people."""

from __future__ import annotations

import json
from collections.abc import Sequence

from deepfield_chatbot.answering import Answer
from deepfield_chatbot.conversation import Conversation
from deepfield_chatbot.dashboard.talk import Shown
from deepfield_chatbot.dashboard.wording import TRUST, letters, place, sure

__all__ = ["as_json", "as_markdown"]


def as_json(conversation: Conversation) -> str:
    """Return what ``Conversation.from_json`` takes up again."""
    return json.dumps(conversation.to_json(), indent=2, ensure_ascii=False) + "\n"


def as_markdown(base: str, shown: Sequence[Shown]) -> str:
    """Return a conversation to read; what documents say is escaped, so that nothing is fetched."""
    parts = [f"# Conversation about {base}"]
    for each in shown:
        parts.append(f"## {letters(' '.join(each.message.split()))}")
        parts.append(letters(each.text))
        if each.outcome is not None:
            parts.append(f"*{letters(each.outcome.note)}*")
        answer = each.reply.answer
        if answer is None:
            continue
        if " ".join(answer.question.split()) != answer.searched:
            parts.append(f"Understood as: {letters(answer.searched)}")
        sides = (answer, *answer.disagreeing) if each.reply.kind == "clarify" else (answer,)
        parts += [line for side in sides for line in _cited(side)]
    return "\n\n".join(parts) + "\n"


def _cited(answer: Answer) -> list[str]:
    found = answer.found
    if found is None:
        return []
    where = place(found.document, found.page, found.headings).partition(" ")[2]
    said = TRUST[answer.trust][2]
    quoted = "\n".join(f"> {line}" for line in letters(found.text).split("\n"))
    return [f"{where} ({sure(answer.confidence)} confident. {said})", quoted]
