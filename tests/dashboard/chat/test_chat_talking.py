"""Talking with documents on the chat page."""

from __future__ import annotations

import json

import pytest
from chatbots import FAQ, GARDEN, LEAVE, OTHER
from chats import EVIL, Writer, address, click, html, keep, opened, say, talk_of, told, whole_page
from streamlit.testing.v1 import AppTest

import deepfield_chatbot
from deepfield_chatbot.conversation import Conversation
from deepfield_chatbot.dashboard import voice
from deepfield_chatbot.feedback import Feedback
from deepfield_chatbot.generating.grounded import GroundedReply
from deepfield_chatbot.memory import MOST_TURNS


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


def test_the_likeliest_words_of_what_is_not_sure_are_marked(domain):
    app = opened()
    app.slider(key="chatbot-chat-error").set_value(1).run()
    say(app, "What do leaves of moss drink?")
    assert "The documents don't say." in told(app)
    assert "the likeliest words, marked below" in told(app)
    assert ">rain</mark>" in html(app)


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
    assert [each.label.split(" ", 1)[1] for each in app.tabs][:2] == ["Chat", "Score"]
    say(app, "hello")
    assert "Hello." in told(app)
