"""Conversations that outlive the page."""

from __future__ import annotations

import pytest
from chatbots import FAQ, GARDEN, LETTERS, base_of
from chats import Writer, address, click, html, keep, opened, say, talk_of, told

import deepfield
from deepfield.loading import load_model
from deepfield_chatbot.dashboard import earlier, voice
from deepfield_chatbot.dashboard.indexing import adding
from deepfield_chatbot.dashboard.talk import Shown
from deepfield_chatbot.keeping import keep_contents
from deepfield_chatbot.memory import Memory


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
