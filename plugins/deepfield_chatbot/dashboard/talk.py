"""A conversation as a page keeps it: in the session, one for each knowledge base, bounded."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import cast

import streamlit as st

from deepfield.loading import Model
from deepfield_chatbot.conversation import Conversation, Replier, Reply
from deepfield_chatbot.dashboard.why import Reasons
from deepfield_chatbot.feedback import Judgement
from deepfield_chatbot.generating.grounded import Outcome
from deepfield_chatbot.predictor import ChatbotPredictor

__all__ = ["MOST_TURNS", "Shown", "Talk", "predictor", "talk_of"]

MOST_TURNS = 50
"""Turns of a conversation that are kept; older ones are dropped."""


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
    """One visitor's conversation over one knowledge base."""

    conversation: Conversation
    shown: list[Shown] = field(default_factory=list)

    def send(self, message: str, version: str) -> Shown:
        """Reply to a message, and keep both."""
        began = time.perf_counter()
        reply = self.conversation.reply(message)
        shown = Shown(message, reply, time.perf_counter() - began, version)
        self.shown.append(shown)
        del self.shown[:-MOST_TURNS]
        del self.conversation.turns[:-MOST_TURNS]
        return shown


def talk_of(key: str, model: Model, max_error: float) -> Talk:
    """Return the session's conversation over a model, which goes on when the model changes."""
    talks: dict[str, Talk] = st.session_state.setdefault(f"{key}-talks", {})
    behind = replier(model.folder.hash, max_error, predictor(model))
    talk = talks.setdefault(model.spec.name, Talk(Conversation(behind)))
    talk.conversation.replier = behind
    return talk
