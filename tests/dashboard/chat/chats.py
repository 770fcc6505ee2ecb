"""The chat page with a hand-made reader, whose answers are known, and what tests do on it."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from chatbots import FAQ, GARDEN, LETTERS, TINY, base_of, judge
from streamlit.testing.v1 import AppTest

from deepfield.domain import Domain
from deepfield.neural.weights import save_weights
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.dashboard.talk import Talk
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.keeping import keep_contents
from deepfield_chatbot.knowledge_base import base_config
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.predictor import HANDBOOK

LOOSE = 90
"""Per cent of errors that let the hand-made reader answer."""
EVIL = (
    "# Walls ![](http://evil.example/h.png)\n\nMoss will grow on nine walls, says "
    "<img src=http://evil.example/a.png onerror=alert(1)> <script>alert(2)</script> "
    "![x](http://evil.example/b.png) [link](http://evil.example) www.evil.example today."
)
MINE = "# Mine\n\nThe form was sent to Cork in spring."
BUILT_IN = {"garden.md": GARDEN, "letters.md": LETTERS, "faq.csv": FAQ}


def reader_folder(folder: Path, encoder: Encoder, files: dict[str, str]) -> Path:
    """Write a reader with random weights, whose built-in documents are these."""
    torch.manual_seed(0)
    save_weights(SpanNetwork(TINY), folder / "model.safetensors", torch.float16)
    config = {**TINY, "domain": "chatbot", "model": "reader", "answering": judge().to_json()}
    (folder / "config.json").write_text(json.dumps(config))
    contents = base_of(files, encoder).contents
    contents.save(folder / HANDBOOK, base_config(contents, "reader"))
    return folder


def page() -> None:
    import streamlit as st

    from deepfield.dashboard.context import ModelContext
    from deepfield.loading import load_model
    from deepfield_chatbot import Chatbot
    from deepfield_chatbot.dashboard import chat

    domain = Chatbot()
    name = st.session_state.get("chatbot-model", "reader")
    chat.show(ModelContext(load_model(domain, name), "chatbot-chat"))


def whole_page() -> None:
    from deepfield.dashboard import domain_page
    from deepfield_chatbot import Chatbot

    domain_page.show(Chatbot())


def opened(base: str = "reader", page=page, conversation: str = "") -> AppTest:
    """Open the page in a new session, as a reload does, at an address that names a conversation."""
    app = AppTest.from_function(page, default_timeout=120)
    if conversation:
        app.query_params["conversation"] = conversation
    app.session_state["chatbot-model"] = base
    app.session_state["chatbot-chat-error"] = LOOSE
    app.run()
    assert not app.exception, app.exception
    return app


def say(app: AppTest, message: str) -> AppTest:
    app.chat_input(key="chatbot-chat-message").set_value(message).run()
    assert not app.exception, app.exception
    return app


def click(app: AppTest, label: str, place: int = 0) -> AppTest:
    [each for each in app.button if each.label == label][place].click().run()
    assert not app.exception, app.exception
    return app


def told(app: AppTest) -> str:
    """Return all Markdown of the page, without escapes."""
    return "\n".join(each.value for each in [*app.markdown, *app.caption]).replace("\\", "")


def talk_of(app: AppTest) -> Talk:
    """Return the session's only conversation."""
    (talk,) = app.session_state["chatbot-chat-talks"].values()
    return talk


def address(app: AppTest) -> str:
    """Return the conversation that the page's address names."""
    return "".join(app.query_params.get("conversation", ()))


def html(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html)


def changed(app: AppTest) -> AppTest:
    """Wait for the documents to be in."""
    if "chatbot-chat-work" in app.session_state:  # it may have been in before the page was drawn
        app.session_state["chatbot-chat-work"].thread.join(60)
    app.run()
    assert not app.exception, app.exception
    return app


def keep(domain: Domain, encoder: Encoder, name: str, **files: str) -> None:
    named = {each.replace("_", "."): text for each, text in files.items()}
    keep_contents(domain, name, base_of(named, encoder).contents if named else Contents.empty())


class Writer:
    """Writes what it is told to, in pieces."""

    name = "tiny/writer"
    thinks = False

    def __init__(self, words: str) -> None:
        self.words = words
        self.asked: list = []
        self.stopped = False

    def stream(self, question, passages, history=(), *, most=256, stop=lambda: False):
        self.asked.append((question, list(passages), list(history)))
        try:
            for piece in self.words.split(" "):
                yield f"{piece} "
        except GeneratorExit:
            self.stopped = True
            raise
        return "end"
