"""Chatbot: what do these documents say, and where? And intents: what does a message want?"""

from __future__ import annotations

import pandas as pd
from pydantic import Field

from deepfield.domain import Domain, ModelSpec, Options
from deepfield.fields import Number, Probability, Records, Score, Text
from deepfield.hookspecs import hookimpl
from deepfield.table import Table
from deepfield.views import View
from deepfield_chatbot.feedback import Feedback
from deepfield_chatbot.intents import Intents
from deepfield_chatbot.memory import Memory

__all__ = ["Chatbot", "ChatbotOptions", "Intents", "register_domains", "register_views"]


class ChatbotOptions(Options):
    """What a person may set."""

    max_error: float = Field(
        0.3,
        ge=0.01,
        le=0.9,
        title="Accepted error rate",
        description="say that the documents do not say, so that of the answers given at most this "
        "share is wrong, as held-out questions showed",
    )
    passages: int = Field(
        3,
        ge=1,
        le=8,
        title="Passages",
        description="how many passages are given with each answer, its own first",
    )
    generator: str = Field(
        "",
        title="Language model",
        description="a chat model to word a reply to each answer: its folder, or its name on the "
        "hub (owner/name), from where it is downloaded once; what the passages do not bear is not "
        "kept",
        json_schema_extra={"local": True},
    )


class Chatbot(Domain):
    name = "chatbot"
    title = "Chatbot"
    question = "What do these documents say, and where do they say it?"
    icon = ":material/forum:"
    notice = (
        "It answers with words of the documents, or says that they do not say. Read the passage "
        "before you act on it. Its reader knows English running text; tables it reads poorly, and "
        "other languages are found and seldom answered."
    )
    example = (
        "The built-in example asks about Deepfield itself, whose own documentation the shipped "
        "model has read. Fit it to your documents to ask about them."
    )
    inputs = Table(
        Text(
            "question",
            help="in the words of whoever asks; of a long message what is asked in it",
            aliases=("query", "message", "prompt", "q"),
        )
    )
    outputs = Table(
        Text("answer", help="words of the passage; empty where the documents do not say"),
        Text(
            "reply",
            required=False,
            help="the answer as a language model words it, generated, where one was named and the "
            "passages bear it",
        ),
        Text("document", help="that the answer, or the likeliest passage, is from"),
        Number("page", required=False, help="of the document, where it has pages"),
        Text("heading", help="the nearest above the passage"),
        Text("passage", help="that the answer, or the likeliest place, stands in"),
        Number(
            "start",
            required=False,
            unit="characters",
            help="where in the passage the answer begins; the likeliest place if none is given",
        ),
        Number("end", required=False, unit="characters", help="where it ends"),
        Records(
            "citations",
            parts=(
                Text("document"),
                Number("page", required=False),
                Text("heading"),
                Text("passage"),
                Score("score"),
            ),
            help="the answer's passage, then the nearest others; the score is of words and "
            "meaning, in standard deviations over all passages",
        ),
        Records(
            "disagreeing",
            parts=(
                Text("answer"),
                Text("document"),
                Number("page", required=False),
                Probability("confidence"),
            ),
            help="what other documents answer instead, where they are sure too",
        ),
    )
    Options = ChatbotOptions
    models = (
        ModelSpec(
            "reader",
            technique="transformer",
            predictor="deepfield_chatbot.predictor:ChatbotPredictor",
            title="Reader",
            summary="MiniLM, trained to point at the words that answer a question or to say that "
            "there are none",
        ),
    )

    def samples(self) -> pd.DataFrame:
        return pd.DataFrame({"question": list(QUESTIONS)}, dtype="str")

    def model_removed(self, name: str) -> None:
        """Delete what was said and judged of a knowledge base: it quotes its documents."""
        Memory().forget_all(name)
        Feedback().forget_all(name)


QUESTIONS = (
    "Which version of Python is needed?",
    "How long does the first set-up take?",
    "Under which licence is Deepfield's code?",
    "When are two answers said to differ?",
    "What do the built-in scans come from?",
    "Which catalogue do the shipped recommendation models know?",
    "To which address is the dashboard bound?",
    "What is an input called that is unlike anything the model was trained on?",
    "How many passages are read for a question?",
    "How many examples of each intent are enough?",
    # The documentation does not say:
    "Who painted the logo of Deepfield?",
    "How much does a licence of Deepfield cost a year?",
    # It is about something else:
    "Can I freeze leftover lasagne?",
)
"""Ten that the shipped documentation answers, two that it does not, and one off topic."""


@hookimpl
def register_domains() -> list[Domain]:
    return [Chatbot(), Intents()]


@hookimpl
def register_views() -> list[View]:
    pages = "deepfield_chatbot.dashboard"
    name = Chatbot.name
    return [
        View("chat", name, "Chat", f"{pages}.chat:show", ":material/forum:", "model", opens=True),
        View("answers", name, "Answers", f"{pages}.answers:show", ":material/quick_reference:"),
    ]
