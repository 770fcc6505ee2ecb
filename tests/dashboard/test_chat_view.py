"""The chatbot's tab and its view of answers, by themselves and in a browser.

The reader is hand-made: its answers are known.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest

import deepfield
import deepfield_chatbot
from deepfield.dashboard import cached
from deepfield.domain import ModelSpec
from deepfield.loading import load_model
from deepfield.neural.weights import save_weights
from deepfield.plugins import Registry
from deepfield.scoring import Job
from deepfield.store import fitted_models
from deepfield_chatbot import Chatbot
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.conversation import Conversation
from deepfield_chatbot.dashboard import earlier, turns, voice
from deepfield_chatbot.dashboard.answers import matching
from deepfield_chatbot.dashboard.indexing import Indexing, adding, free_name, making, removing
from deepfield_chatbot.dashboard.marking import around, marked, shaded
from deepfield_chatbot.dashboard.talk import Shown, Talk
from deepfield_chatbot.dashboard.wording import letters, place, sure
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.feedback import Feedback
from deepfield_chatbot.generating.grounded import GroundedReply
from deepfield_chatbot.keeping import keep_contents
from deepfield_chatbot.knowledge_base import base_config
from deepfield_chatbot.memory import MOST_TURNS, Memory
from deepfield_chatbot.network import SpanNetwork
from deepfield_chatbot.predictor import HANDBOOK
from deepfield_chatbot.reader import Reader
from deepfield_chatbot.reading import read_document

sys.path.insert(0, str(Path(__file__).parents[1] / "plugins"))
from chatbots import FAQ, GARDEN, LEAVE, LETTERS, OTHER, base_of, judge, reader

TINY = {
    "vocab_size": 30522, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 64,
}  # fmt: skip
EVIL = (
    "# Walls ![](http://evil.example/h.png)\n\nMoss will grow on nine walls, says "
    "<img src=http://evil.example/a.png onerror=alert(1)> <script>alert(2)</script> "
    "![x](http://evil.example/b.png) [link](http://evil.example) www.evil.example today."
)
MINE = "# Mine\n\nThe form was sent to Cork in spring."
BUILT_IN = {"garden.md": GARDEN, "letters.md": LETTERS, "faq.csv": FAQ}
LOOSE = 90
"""Per cent of errors that let the hand-made reader answer."""


@dataclass(frozen=True)
class Tiny(ModelSpec):
    """A model that lies elsewhere than in the plugin."""

    place: Path = Path()

    @property
    def folder(self):
        return self.place


class Plugin:
    """The chatbot's plugin, with or without its entry point."""

    register_domains = staticmethod(deepfield_chatbot.register_domains)
    register_views = staticmethod(deepfield_chatbot.register_views)


@pytest.fixture(scope="module")
def encoder():
    # torch, not OpenVINO: a fresh cache would have to make the graph first
    return Encoder.load(device="cpu", openvino=False)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory, encoder) -> Path:
    return reader_folder(tmp_path_factory.mktemp("reader"), encoder, BUILT_IN)


def reader_folder(folder: Path, encoder: Encoder, files: dict[str, str]) -> Path:
    """Write a reader with random weights, whose built-in documents are these."""
    torch.manual_seed(0)
    save_weights(SpanNetwork(TINY), folder / "model.safetensors", torch.float16)
    config = {**TINY, "domain": "chatbot", "model": "reader", "answering": judge().to_json()}
    (folder / "config.json").write_text(json.dumps(config))
    contents = base_of(files, encoder).contents
    contents.save(folder / HANDBOOK, base_config(contents, "reader"))
    return folder


@pytest.fixture
def domain(shipped, encoder, monkeypatch) -> Chatbot:
    tiny = replace_spec(Chatbot.models[0], shipped)
    monkeypatch.setattr(Chatbot, "models", (tiny,))
    monkeypatch.setattr(Reader, "load", lambda folder, device="auto", openvino=None: reader())
    monkeypatch.setattr(Encoder, "load", lambda *args, **kwargs: encoder)
    monkeypatch.setattr(turns, "PACE", 0.0)
    monkeypatch.setattr(voice, "on_this_machine", lambda: True)
    monkeypatch.setattr(earlier, "on_this_machine", lambda: True)
    found = Chatbot()
    registry = Registry()
    registry.add(Plugin(), "chatbot")
    monkeypatch.setattr(cached, "registry", lambda: registry)
    return found


def serve_page(place: Path) -> None:
    """Show the domain's page in a server of its own, with a slow language model."""
    import streamlit as st

    from deepfield.dashboard import domain_page

    class Slow(Writer):
        def stream(self, question, passages, history=(), *, most=256, stop=lambda: False):
            for piece in super().stream(question, passages, history):
                time.sleep(0.3)
                yield piece
            return "end"

    @st.cache_resource
    def prepared() -> None:
        tiny = replace_spec(Chatbot.models[0], place)
        Chatbot.models = (tiny,)
        Reader.load = lambda folder, device="auto", openvino=None: reader()
        encoder = Encoder.load(device="cpu", openvino=False)
        Encoder.load = lambda *args, **kwargs: encoder
        registry = Registry()
        registry.add(Plugin(), "chatbot")
        cached.registry = lambda: registry
        slow = Slow("Leaves of moss drink rain " * 200)
        voice.generator = lambda name: slow

    prepared()
    domain_page.show(Chatbot())


def replace_spec(spec: ModelSpec, place: Path) -> Tiny:
    return Tiny(spec.name, spec.technique, spec.predictor, place=place)


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


def keep(domain: Chatbot, encoder: Encoder, name: str, **files: str) -> None:
    named = {each.replace("_", "."): text for each, text in files.items()}
    keep_contents(domain, name, base_of(named, encoder).contents if named else Contents.empty())


def test_question_is_answered_with_its_place_marked(domain):
    app = opened()
    assert "Ask about 3 documents" in told(app)
    say(app, "What do leaves of moss drink?")
    assert next(each.value for each in app.chat_message[1].markdown) == "rain"
    assert "**garden.md** · Garden" in told(app)
    assert "confident" in told(app)
    assert "ms" in told(app) or " s]" in told(app)
    assert ">rain</mark>" in html(app)
    assert "Where it stands" in [each.label for each in app.expander]
    assert "Nearest other passages" in [each.label for each in app.expander]
    assert "New conversation" in [each.label for each in app.button]


def test_follow_up_is_shown_as_it_was_understood(domain):
    app = say(opened(), "Where was Letter Seven written?")
    assert "Rome" in told(app)
    say(app, "And what about Letter Eight?")
    assert "Understood as: Where was Letter Eight written?" in told(app)
    assert "Cork" in told(app)
    assert len(app.chat_message) == 4


def test_off_topic_is_said_in_words_with_the_nearest_passages(domain):
    app = say(opened(), "Can I freeze leftover lasagne?")
    assert "The documents don't say." in told(app)
    assert "Off topic" in told(app)
    assert "Nearest passages" in [each.label for each in app.expander]


def test_documents_that_disagree_stand_side_by_side_and_one_is_chosen(domain, encoder):
    keep(domain, encoder, "rules", handbook_md=LEAVE, rules_md=OTHER)
    app = say(opened("rules"), "How many days of paid leave has everybody?")
    assert "The documents disagree" in told(app)
    assert "**thirty**" in told(app)
    assert "**twenty**" in told(app)
    sides = [each for each in app.button if each.label == "Go by this one"]
    assert len(sides) == 2
    first = "thirty" if told(app).index("**thirty**") < told(app).index("**twenty**") else "twenty"
    click(app, "Go by this one")
    assert app.chat_message[-1].markdown[0].value == first


def test_suggestions_are_buttons_that_ask(domain, encoder):
    keep(domain, encoder, "house", faq_csv=FAQ)
    app = opened("house")
    (pills,) = app.pills
    assert "How can I pay by card?" in pills.options[0] + pills.options[1]
    pills.set_value("How can I pay by card?").run()
    assert not app.exception
    assert "Choose card at the till." in told(app)


def test_built_in_documents_offer_questions_about_deepfield(domain):
    (pills,) = opened().pills
    assert next(each.replace("\\", "") for each in pills.options) == deepfield_chatbot.QUESTIONS[0]


def test_empty_knowledge_base_says_so_and_can_be_filled(domain, encoder):
    keep(domain, encoder, "house")
    app = opened("house")
    assert "There are no documents yet" in told(app)
    assert "No documents yet" in app.info[0].value
    say(app, "What do leaves of moss drink?")
    assert "There are no documents yet. Add some" in told(app)
    app.chat_input(key="chatbot-chat-message").upload("garden.md", GARDEN.encode())
    app.chat_input(key="chatbot-chat-message").set_value("What do leaves of moss drink?").run()
    assert not app.exception
    changed(app)
    assert "Added 1 document." in app.success[0].value
    app.run()
    assert app.chat_message[-1].markdown[0].value == "rain"  # asked when it was in


def test_dropped_files_make_a_copy_of_the_built_in_under_a_name(domain):
    app = opened()
    app.chat_input(key="chatbot-chat-message").upload("rules.md", LEAVE.encode())
    app.chat_input(key="chatbot-chat-message").upload("bad.pdf", b"no pdf at all")
    app.run()
    assert "**Add 2 documents**" in told(app)
    assert app.text_input(key="chatbot-chat-drop-name").value == "my-documents"
    app.text_input(key="chatbot-chat-drop-name").set_value("No Name")
    add = [each for each in app.button if each.label == "Add"]
    add[-1 if add[-1].form_id == "chatbot-chat-drop-form" else 0].click().run()
    assert "A model cannot be named 'No Name'" in app.error[0].value.replace("\\", "")
    app.text_input(key="chatbot-chat-drop-name").set_value("house")
    add = [each for each in app.button if each.form_id == "chatbot-chat-drop-form"]
    add[0].click().run()
    assert not app.exception
    changed(app)
    assert app.session_state["chatbot-model"] == "house"
    assert "Added 1 document." in app.success[0].value
    assert "1 file left out" in app.warning[0].value
    assert "is no PDF" in app.warning[0].value
    (model,) = fitted_models(domain)
    held = [
        each["name"] for each in json.loads((model.folder / "config.json").read_text())["documents"]
    ]
    assert held == [*BUILT_IN, "rules.md"]
    assert "4 documents" in told(app)


def test_bad_files_alone_change_nothing_and_say_one_sentence(domain, encoder):
    keep(domain, encoder, "house", garden_md=GARDEN)
    app = opened("house")
    app.chat_input(key="chatbot-chat-message").upload("empty.txt", b"  ").run()
    changed(app)
    assert app.error[0].value.replace("\\", "") == "'empty.txt' is empty."
    click(app, "Put away")
    assert not app.error
    assert "1 document" in told(app)


def test_documents_are_added_and_removed_beside_the_conversation(domain, encoder):
    keep(domain, encoder, "house", garden_md=GARDEN)
    app = opened("house")
    click(app, "Add")
    assert "Choose documents first" in app.warning[0].value
    app.file_uploader(key="chatbot-chat-upload").set_value(
        [("letters.md", LETTERS.encode(), "text/markdown")]
    )
    click(app, "Add")
    changed(app)
    assert "2 documents" in told(app)
    table = next(each for each in app.dataframe if "document" in each.value.columns)
    assert table.value["document"].to_list() == ["garden.md", "letters.md"]
    remove = removing(domain, "house", ["garden.md"])
    assert remove(lambda done: None).removed == ("garden.md",)
    app.run()
    assert "1 document " in told(app)


def test_indexing_can_be_stopped_and_keeps_nothing(domain, encoder, monkeypatch):
    keep(domain, encoder, "house", garden_md=GARDEN)

    def slow(data, name):
        time.sleep(0.3)
        return read_document(data, name)

    monkeypatch.setattr("deepfield_chatbot.adding.read_document", slow)
    files = [(f"{number}.md", LEAVE.encode()) for number in range(20)]
    work = Indexing(adding(domain, "house", files, encoder), "Adding 20 documents")
    app = opened("house")
    app.session_state["chatbot-chat-work"] = work
    app.run()
    assert "Adding 20 documents" in app.get("progress")[0].proto.text
    click(app, "Cancel")
    changed(app)
    assert "Stopped" in app.info[0].value
    assert "1 document " in told(app)
    assert work.cancelled


def test_knowledge_base_is_deleted(domain, encoder):
    keep(domain, encoder, "house", garden_md=GARDEN)
    app = opened("house")
    click(app, "Delete it")
    assert not fitted_models(domain)
    assert app.session_state["chatbot-model"] == "reader"
    assert "Deepfield's own documentation" in told(app)


def test_thumbs_are_kept_counted_and_taken_back(domain, home):
    app = say(opened(), "What do leaves of moss drink?")
    app.feedback[0].set_value(1).run()
    assert not app.exception
    (row,) = Feedback().table("reader").to_dict("records")
    assert (row["thumbs"], row["answer"], row["document"]) == ("up", "rain", "garden.md")
    assert row["question"] == "What do leaves of moss drink?"
    app.run()
    assert "Feedback: 1 up, 0 down" in [each.label for each in app.expander]
    app.feedback[0].set_value(0).run()
    assert Feedback().counts("reader") == (0, 1)
    assert "Feedback: 0 up, 1 down" in [each.label for each in opened().expander]  # another visit
    app.feedback[0].set_value(None).run()
    assert Feedback().counts("reader") == (0, 0)


def test_words_that_carried_an_answer_are_shaded_on_demand(domain):
    app = say(opened(), "What do leaves of moss drink?")
    assert "background:rgba" not in html(app).replace("rgba(227", "").replace("rgba(11,122", "")
    click(app, "Which words carried it?")
    assert "The words that carried it" in [each.label for each in app.expander]
    assert "Carried most by" in told(app)
    assert 'title="+' in html(app)


def test_answer_of_a_listed_question_is_explained_by_a_sentence(domain):
    app = say(opened(), "How do I reset my password?")
    click(app, "Which words carried it?")
    assert "stands beside" in told(app)


def test_conversation_is_bounded_and_another_begins(domain):
    app = say(opened(), "hello")
    assert "Hello." in told(app)
    talk = talk_of(app)
    for _ in range(MOST_TURNS + 3):
        talk.send("thanks", "")
    assert len(talk.shown) == len(talk.conversation.turns) == MOST_TURNS
    app.run()
    assert f"The last {MOST_TURNS} turns are kept." in told(app)
    click(app, "New conversation")
    assert len(app.chat_message) == 1
    assert address(app) == ""


def test_conversation_outlives_a_reload_and_goes_on(domain):
    app = say(opened(), "Where was Letter Seven written?")
    app.feedback[0].set_value(1).run()
    assert address(app) == talk_of(app).id
    again = opened(conversation=address(app))
    assert talk_of(again).shown[0].reply == talk_of(app).shown[0].reply
    assert next(each.value for each in again.chat_message[1].markdown) == "Rome"
    assert ">Rome</mark>" in html(again)
    assert again.feedback[0].value == 1
    say(again, "And what about Letter Eight?")  # it knows what was asked before
    assert "Understood as: Where was Letter Eight written?" in told(again)
    click(again, "Which words carried it?")
    assert "Carried most by" in told(again)
    assert len(opened(conversation=address(again)).chat_message) == 4


def test_generated_words_outlive_a_reload(domain, monkeypatch):
    monkeypatch.setattr(voice, "generator", lambda name: Writer("Leaves of moss drink rain."))
    app = opened()
    app.text_input(key="chatbot-chat-voice-name").set_value("tiny/writer")
    click(app, "Use it")
    say(app, "What do leaves of moss drink?")
    again = opened(conversation=address(app))
    assert again.chat_message[1].markdown[0].value.replace("\\", "") == "Leaves of moss drink rain."
    assert "generated]" in told(again)


def test_conversations_never_leave_their_knowledge_base(domain, encoder):
    keep(domain, encoder, "house", garden_md=GARDEN)
    keep(domain, encoder, "other", garden_md=GARDEN)
    app = say(opened("house"), "What do leaves of moss drink?")
    named = address(app)
    assert named
    for elsewhere in (opened("other", conversation=named), opened(conversation=named)):
        assert len(elsewhere.chat_message) == 1  # only what stands there to begin with
        assert address(elsewhere) == ""
        assert "Earlier conversations" not in [each.label for each in elsewhere.expander]
    # Documents come and go, and it stays …
    adding(domain, "house", [("letters.md", LETTERS.encode())], encoder)(lambda done: None)
    assert len(opened("house", conversation=named).chat_message) == 2
    # … until another knowledge base gets the name.
    keep_contents(domain, "house", base_of({"faq.csv": FAQ}, encoder).contents, overwrite=True)
    anew = opened("house", conversation=named)
    assert len(anew.chat_message) == 1
    app.run()
    assert len(app.chat_message) == 1
    say(anew, "hello")
    assert [each.title for each in Memory().list(earlier.about(load_model(domain, "house")))] == [
        "hello"
    ]


@pytest.mark.parametrize(
    "named", ["../../etc/passwd", "' OR 1=1 --", "0" * 32, "x" * 10_000, "é", "None", "%00"]
)
def test_hostile_address_begins_a_new_conversation(domain, named):
    say(opened(), "hello")
    app = opened(conversation=named)
    assert not app.warning
    assert not app.error
    assert len(app.chat_message) == 1
    assert address(app) == ""


def test_turn_of_another_version_begins_a_new_conversation(domain, caplog):
    app = say(opened(), "hello")
    talk = talk_of(app)
    owner = earlier.about(load_model(domain, "reader"))
    Memory().keep(talk.id, owner, "hello", talk.shown[0].id, '{"message": "hello"}')
    assert len(opened(conversation=talk.id).chat_message) == 1
    assert "is not taken up" in caplog.text
    with pytest.raises(deepfield.errors.InputError, match="no turn that was kept"):
        Shown.from_json("[")


def test_earlier_conversations_are_opened_and_deleted(domain, monkeypatch):
    first = say(opened(), "What do leaves of moss drink?")
    click(first, "New conversation")
    say(first, "hello")
    assert "Earlier conversations" in [each.label for each in first.expander]
    click(first, "What do leaves of moss drink?")
    assert "rain" in told(first)
    assert "hello" in [each.label for each in first.button]
    second = next(each for each in first.button if each.key.startswith("chatbot-chat-drop-"))
    second.click().run()
    assert "Earlier conversations" not in [each.label for each in first.expander]
    assert "rain" in told(first)
    click(first, "Delete")
    assert len(first.chat_message) == 1
    assert Memory().list(earlier.about(load_model(domain, "reader"))) == []
    say(first, "hello")
    monkeypatch.setattr(earlier, "on_this_machine", lambda: False)
    assert "Earlier conversations" not in [each.label for each in opened().expander]


def test_conversations_go_with_their_knowledge_base(domain, encoder):
    keep(domain, encoder, "house", garden_md=GARDEN)
    app = say(opened("house"), "What do leaves of moss drink?")
    owner = earlier.about(load_model(domain, "house"))
    assert Memory().list(owner)
    click(app, "Delete it")
    assert Memory().list(owner) == []


def test_conversation_that_cannot_be_kept_goes_on(domain, home):
    (home / "chatbot-conversations.sqlite").write_text("no database, and longer than a header" * 9)
    app = say(opened(), "What do leaves of moss drink?")
    assert next(each.value for each in app.chat_message[1].markdown) == "rain"
    assert "It ends with the page." in app.warning[0].value


def test_conversation_is_exported_for_programs_and_people(domain, encoder):
    from deepfield_chatbot.dashboard.exports import as_json, as_markdown

    keep(domain, encoder, "walls", walls_md=EVIL)
    app = opened("walls")
    say(app, "How many walls will moss grow on?")
    say(app, "thanks")
    talk = talk_of(app)
    again = Conversation.from_json(
        talk.conversation.replier, json.loads(as_json(talk.conversation))
    )
    assert again.turns == talk.conversation.turns
    written = as_markdown("walls", talk.shown)
    assert written.startswith("# Conversation about walls\n\n## How many walls will moss grow on?")
    assert "**walls\\.md**" in written
    assert "](" not in written
    assert "<img" not in written.replace("\\<img", "")
    assert {"JSON", "Markdown"} <= {each.proto.label for each in app.get("download_button")}


def test_nothing_of_a_document_is_read_as_markup(domain, encoder):
    keep(domain, encoder, "walls", walls_md=EVIL)
    app = opened("walls")
    say(app, "How many walls will moss grow on?")
    assert app.chat_message[1].markdown[0].value == "nine"
    shown = html(app)
    assert "evil.example" in shown
    assert "<img" not in shown
    assert "<script" not in shown
    for each in [*app.markdown, *app.caption]:
        assert "](" not in each.value
        assert "<img" not in each.value.replace("\\<", "")
        assert "http://" not in each.value


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


@pytest.mark.parametrize(
    ("words", "kept"),
    [("Leaves of moss drink rain.", True), ("Leaves of moss drink 40 litres of milk.", False)],
)
def test_generated_words_are_marked_and_replaced_if_unsupported(domain, monkeypatch, words, kept):
    writer = Writer(words)
    monkeypatch.setattr(voice, "generator", lambda name: writer)
    app = opened()
    app.text_input(key="chatbot-chat-voice-name").set_value("tiny/writer")
    click(app, "Use it")
    assert "tiny/writer is used" in told(app)
    say(app, "What do leaves of moss drink?")
    first = app.chat_message[1].markdown[0].value.replace("\\", "")
    if kept:
        assert first == words
        assert "generated]" in told(app)
        assert "In the document's words: rain" in told(app)
    else:
        assert first == "rain"
        assert "was not kept" in told(app)
        assert "generated]" not in told(app)
    assert writer.asked[0][0] == "What do leaves of moss drink?"
    assert "rain" in writer.asked[0][1][0]
    click(app, "Use none")
    say(app, "Where do leaves of moss grow?")
    assert len(writer.asked) == 1


def test_writing_ends_with_the_page_that_shows_it(encoder):
    writer = Writer("Leaves of *moss* drink rain and nothing else.")
    pieces = voice.shown_pieces(GroundedReply(writer, encoder, "What?", [GARDEN], "rain"))
    assert [next(pieces) for _ in range(3)] == ["Leaves ", "of ", "\\*moss\\* "]
    pieces.close()  # as Streamlit does when a person clicks
    assert writer.stopped


def test_language_model_that_is_not_there_is_one_sentence(domain, tmp_path):
    app = opened()
    app.text_input(key="chatbot-chat-voice-name").set_value(str(tmp_path / "none"))
    click(app, "Use it")
    assert len(app.error) == 1
    assert "none" in app.error[0].value


def test_visitors_from_elsewhere_name_no_language_model(domain, monkeypatch):
    monkeypatch.setattr(voice, "on_this_machine", lambda: False)
    app = opened()
    assert "Words of a language model" not in [each.label for each in app.expander]


def test_chat_is_a_tab_of_the_domains_page(domain):
    app = AppTest.from_function(whole_page, default_timeout=120)
    app.query_params["tab"] = "chat"
    app.run()
    assert not app.exception, app.exception
    assert [each.label.split(" ", 1)[1] for each in app.tabs][:2] == ["Score", "Chat"]
    say(app, "hello")
    assert "Hello." in told(app)


@pytest.mark.browser
def test_chat_in_a_browser(page, requests, shipped, encoder, serve_dashboard, tmp_path):
    place = tmp_path / "reader"
    place.mkdir()
    reader_folder(place, encoder, {**BUILT_IN, "walls.md": EVIL})
    script = tmp_path / "app.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"from pathlib import Path; import test_chat_view as tests\n"
        f"tests.serve_page(Path({str(place)!r}))\n"
    )
    command = [
        sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true",
        "--server.fileWatcherType=none", "--server.address=127.0.0.1", "--server.port",
    ]  # fmt: skip
    serving = serve_dashboard(command, Path(__file__).parents[2], tmp_path / "home")
    address = next(serving)
    try:
        talk_in(page, address)
    finally:
        serving.close()
    foreign = [each for each in requests if not each.split("://", 1)[-1].startswith("127.0.0.1")]
    assert [each for each in foreign if not each.startswith(("data:", "blob:"))] == []


def talk_in(page, address: str) -> None:
    page.goto(f"{address}/?tab=chat")
    message = page.get_by_test_id("stChatInputTextArea")
    # What a document says is text, whatever it says.
    message.fill("How many will moss grow on today?")
    message.press("Enter")
    page.get_by_text("Where it stands").first.click()
    expect(page.locator("mark")).to_have_text("nine walls")
    expect(page.get_by_text("www.evil.example today").first).to_be_visible()
    assert page.get_by_test_id("stChatMessage").locator("img, script, a").count() == 0
    # A language model that writes is stopped, and the document's own words stand there.
    page.get_by_text("Words of a language model").click()
    page.get_by_role("textbox", name="Name of the hub").fill("tiny/writer")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("tiny/writer is used")).to_be_visible()
    message.fill("What do leaves of moss drink?")
    message.press("Enter")
    expect(page.get_by_text("drink rain Leaves of moss")).to_be_visible()
    page.get_by_test_id("stChatMessage").get_by_role("button", name="Stop").click()
    last = page.get_by_test_id("stChatMessage").last
    own = last.locator("p").filter(has_text=re.compile("^rain$"))
    expect(own).to_be_visible(timeout=15_000)
    expect(last.get_by_text("is writing")).to_have_count(0)
    # After a reload of the page it is all there.
    page.reload()
    expect(page.get_by_test_id("stChatMessage")).to_have_count(4)
    expect(page.get_by_test_id("stChatMessage").nth(1).locator("p").first).to_have_text(
        "nine walls"
    )
    expect(page.get_by_test_id("stChatMessage").last.locator("p").first).to_have_text("rain")
    # Files that are dropped make a copy, which the page then uses.
    page.get_by_test_id("stChatInput").locator("input[type=file]").set_input_files(
        [{"name": "mine.md", "mimeType": "text/markdown", "buffer": MINE.encode()}]
    )
    expect(page.get_by_test_id("stChatInput").get_by_text("mine.md")).to_be_visible()
    message.fill("Where was the form sent?")
    message.press("Enter")
    form = page.get_by_test_id("stForm").filter(has_text="Add 1 document")
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_text("Added 1 document.")).to_be_visible()
    expect(page.get_by_role("radio", name="my-documents")).to_be_checked()
    expect(page.get_by_test_id("stChatMessage").last.locator("p").first).to_have_text("Cork")
    # The address names the knowledge base too, and the conversations stay with theirs.
    expect(page.get_by_text("Earlier conversations")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("radio", name="my-documents")).to_be_checked()
    expect(page.get_by_test_id("stChatMessage").last.locator("p").first).to_have_text("Cork")
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_test_id("stChatMessage")).to_have_count(1)
    page.get_by_text("Earlier conversations").click()
    page.get_by_role("button", name="Where was the form sent?").click()
    expect(page.get_by_test_id("stChatMessage").last.locator("p").first).to_have_text("Cork")


def test_names_of_new_knowledge_bases_are_free(domain, encoder):
    assert free_name(domain, "my-documents") == "my-documents"
    keep(domain, encoder, "my-documents", garden_md=GARDEN)
    assert free_name(domain, "my-documents") == "my-documents-2"
    with pytest.raises(deepfield.errors.UsageError):
        making(domain, "my-documents", [], encoder, Contents.empty())
    model = load_model(domain, "my-documents")
    assert "1 documents" in model.folder.card


def answers_page() -> None:
    import streamlit as st

    from deepfield.dashboard import results_view

    results_view.show(st.session_state["model"], st.session_state["run"])


@pytest.fixture
def answered(domain) -> AppTest:
    """The page of a run of twelve questions."""
    model = load_model(domain, "reader")
    rows = pd.DataFrame(
        {
            "question": [
                "What do leaves of moss drink?",
                "Can I freeze leftover lasagne?",
                "How do I reset my password?",
                *(f"Who tunes the violin of number {number}?" for number in range(9)),
            ]
        }
    )
    app = AppTest.from_function(answers_page, default_timeout=120)
    app.session_state["model"] = model
    app.session_state["run"] = Job(model, rows, options={"max_error": 0.9}, keep=True).run().run
    app.run()
    assert not app.exception, app.exception
    return app


def test_answers_of_a_run_are_counted_listed_and_filtered(answered):
    shown = {each.label: each.value for each in answered.metric}
    assert shown["Answered"] == "2"
    assert int(shown["Not said"]) + int(shown["Off topic"]) == 10
    assert ">rain</mark>" in html(answered)
    run = answered.session_state["run"]
    answered.segmented_control(key=f"{run.id}-answers-kind").set_value("ok").run()
    assert not answered.exception
    assert "2 questions" in told(answered)
    answered.text_input(key=f"{run.id}-answers-search").set_value("PASSWORD").run()
    assert "1 question\n" in told(answered) + "\n"
    assert "Forgotten" in told(answered)
    answered.text_input(key=f"{run.id}-answers-search").set_value("nowhere").run()
    assert "No question is like that" in answered.info[0].value


def test_answers_of_a_run_are_explained_on_demand(answered):
    run = answered.session_state["run"]
    answered.toggle(key=f"{run.id}-answers-1-why").set_value(True).run()
    assert not answered.exception
    assert "stands in" in told(answered)


def test_generated_replies_of_a_run_are_marked(domain, monkeypatch):
    monkeypatch.setattr(
        "deepfield_chatbot.predictor.opened", lambda name: Writer("Leaves of moss drink rain.")
    )
    model = load_model(domain, "reader")
    rows = pd.DataFrame({"question": ["What do leaves of moss drink?"]})
    options = {"max_error": 0.9, "generator": "tiny/writer"}
    app = AppTest.from_function(answers_page, default_timeout=120)
    app.session_state["model"] = model
    app.session_state["run"] = Job(model, rows, options=options, keep=True).run().run
    app.run()
    assert not app.exception, app.exception
    assert "Leaves of moss drink rain. :violet-badge[:material/stylus_note: generated]" in told(app)


def test_answers_read_back_from_any_file(domain, tmp_path):
    frame = pd.DataFrame(
        {"question": ["a", None], "answer": ["x", None], "trust": ["ok", "unsure"]}, index=[1, 2]
    )
    disagree = pd.Series([True, False], index=[1, 2])
    assert matching(frame, disagree, "disagree", "").index.to_list() == [1]
    assert matching(frame, disagree, "unsure", "").index.to_list() == [2]
    assert matching(frame, disagree, "all", "X A").index.to_list() == [1]


def test_letters_show_what_stands_there():
    assert letters(" a\n\n  b*c* \n=== ") == "a  \nb\\*c\\*  \n\\=\\=\\="
    assert sure(0.999) == "> 99 %"
    assert sure(0.001) == "< 1 %"
    assert sure(0.5) == "50 %"
    assert "page 3" in place("a.pdf", 3, ["One", "", "Two"])
    assert "One › Two" in place("a.pdf", 3, ["One", "", "Two"])


def test_passages_are_escaped_wherever_they_are_marked():
    text = "<b>moss</b> & <i>rain</i>"
    shown = marked(text, 3, 7, before="<u>", after="</u>")
    assert ">moss</mark>" in shown
    assert "<b>" not in shown
    assert "<u>" not in shown
    assert "&lt;b&gt;<mark" in shown
    shown = shaded(text, [(3, 7, 2.0), (18, 22, -1.0)], 2.0)
    assert '0.65);border-radius:.2rem" title="+2.00">moss</span>' in shown
    assert "<b>" not in shown
    before, after = around("word " * 200, 500, 510)
    assert before.startswith("… word")
    assert after.endswith("word …")
    assert np.isfinite(len(before) + len(after))
