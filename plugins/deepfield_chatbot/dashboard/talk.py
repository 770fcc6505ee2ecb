"""A conversation as a page shows it: messages, replies, and what became of them."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Self, cast

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from deepfield.errors import InputError
from deepfield.loading import Model
from deepfield_chatbot.conversation import Conversation, Replier, Reply, turn_of
from deepfield_chatbot.dashboard.why import Reasons
from deepfield_chatbot.feedback import Judgement
from deepfield_chatbot.generating.grounded import Outcome
from deepfield_chatbot.memory import MOST_TURNS, new_id
from deepfield_chatbot.predictor import ChatbotPredictor

__all__ = ["Shown", "Talk", "predictor", "replier"]


def predictor(model: Model) -> ChatbotPredictor:
    """Return what a model of this domain has in memory."""
    return cast(ChatbotPredictor, model.predictor)


@st.cache_resource(max_entries=8, show_spinner=False)
def replier(version: str, max_error: float, _predictor: ChatbotPredictor) -> Replier:
    """Return what all conversations over a knowledge base share."""
    return Replier(_predictor.answerer, max_error)


@dataclass
class Shown:
    """A message and its reply, as a page shows them."""

    message: str
    reply: Reply
    seconds: float
    version: str
    """Of the model that replied."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    outcome: Outcome | None = None
    """What a language model made of it, if one was asked."""
    reasons: Reasons | None = None
    """Which words carried the answer, once a person asked."""

    @property
    def text(self) -> str:
        """Return what is said: words of the documents, generated ones, or a sentence of ours."""
        return self.reply.text if self.outcome is None else self.outcome.text

    @property
    def generated(self) -> bool:
        return self.outcome is not None and self.outcome.generated

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Take up what ``to_json`` wrote.

        Raises:
            InputError: if it is not of that form.
        """
        try:
            return TypeAdapter(cls).validate_python(json.loads(text))
        except (ValueError, ValidationError) as error:
            raise InputError(f"This is no turn that was kept here: {error}") from error

    def judged(self, base: str, thumbs: str) -> Judgement:
        """Return a person's judgement of it, to be kept."""
        answer = self.reply.answer
        assert answer is not None
        found = answer.found
        return Judgement(
            self.id,
            base,
            self.version[:12],
            thumbs,
            self.message,
            answer.searched,
            self.reply.kind,
            self.text if self.reply.kind != "abstain" else "",
            self.generated,
            found.document if found else "",
            found.page if found else None,
            answer.start,
            answer.end,
            answer.confidence,
            answer.trust,
        )


@dataclass
class Talk:
    """One conversation over one knowledge base, bounded."""

    conversation: Conversation
    shown: list[Shown] = field(default_factory=list)
    id: str = field(default_factory=new_id)
    unkept: str = ""
    """Why it will be lost with the page, if it will."""

    @classmethod
    def again(cls, behind: Replier, shown: Sequence[Shown], id: str) -> Self:
        """Take up a conversation where it ended."""
        turns = [turn_of(each.message, each.reply) for each in shown]
        return cls(Conversation(behind, turns), list(shown), id)

    def send(self, message: str, version: str) -> Shown:
        """Reply to a message, and remember both."""
        began = time.perf_counter()
        reply = self.conversation.reply(message)
        shown = Shown(message, reply, time.perf_counter() - began, version)
        self.shown.append(shown)
        del self.shown[:-MOST_TURNS]
        del self.conversation.turns[:-MOST_TURNS]
        return shown
