"""Conversations: small talk, follow-ups, documents that disagree, and what can be asked."""

from __future__ import annotations

import json

import pytest
from chatbots import FILES, LEAVE, OTHER, base_of, reader

from deepfield.errors import InputError
from deepfield_chatbot.answering import Answerer
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.conversation import Conversation
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.following import entities, in_full, leans
from deepfield_chatbot.knowledge_base import KnowledgeBase
from deepfield_chatbot.small_talk import SmallTalk


@pytest.fixture(scope="module")
def encoder():
    # torch, not OpenVINO: a fresh cache would have to make the graph first
    return Encoder.load(device="cpu", openvino=False)


@pytest.fixture(scope="module")
def answerer(encoder):
    return Answerer(base_of(FILES, encoder), reader())


@pytest.fixture
def conversation(answerer):
    return Conversation.over(answerer)


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Hello!", "greeting"),
        ("good evening, everyone", "greeting"),
        ("Good morning!", "greeting"),
        ("Guten Tag", "greeting"),
        ("你好！", "greeting"),
        ("Thanks a lot!", "thanks"),
        ("cheers, that was helpful", "thanks"),
        ("Merci.", "thanks"),
        ("See you tomorrow", "goodbye"),
        ("What can you do?", "help"),
        ("What can I ask?", "help"),
    ],
)
def test_small_talk_is_known_by_examples(conversation, message, kind):
    reply = conversation.reply(message)
    assert reply.kind == kind
    assert reply.text
    assert reply.answer is None


@pytest.mark.parametrize(
    "message",
    [
        "Hi, how much leave do I get?",
        "What is the help desk's number?",
        "Who are the employees?",
        "How do I thank a colleague formally?",
        "What can I ask for in writing?",
        "When does the good morning shift start?",
        "Why?",
        "How much?",
        "有給休暇は何日ですか？",
        "Сколько дней отпуска?",
    ],
)
def test_questions_are_no_small_talk(encoder, message):
    assert SmallTalk.by(encoder).kind(message) is None


def test_a_question_is_answered_with_what_else_can_be_asked(conversation):
    reply = conversation.reply("What does moss drink?")
    assert (reply.kind, reply.text) == ("answer", "rain")
    assert reply.answer.found.document == "garden.md"
    assert "How do I reset my password?" in reply.suggestions
    assert len(reply.suggestions) <= 3
    said = conversation.reply("How do I reset my password?")
    assert said.text == "Click on 'Forgotten' below the form."
    assert "How do I reset my password?" not in said.suggestions


def test_every_suggestion_is_answered(conversation, answerer):
    offered = [*conversation.suggestions(), *conversation.reply("Hi").suggestions]
    assert offered
    assert all(each.text for each in answerer.answer(offered))


def test_what_the_documents_do_not_say_is_said_so(conversation):
    reply = conversation.reply("Who signs the papers for leave?")
    assert reply.kind == "abstain"
    assert reply.text == "The documents don't say. Nearest is handbook.md."
    assert reply.answer.passages[0].document == "handbook.md"
    reply = conversation.reply("Can I freeze leftover lasagne?")
    assert reply.kind == "abstain"
    assert "something else" in reply.text


@pytest.mark.parametrize(
    ("first", "follow_up", "searched", "text"),
    [
        ("Where does moss grow?", "And what does it drink?", "And what does moss drink?", "rain"),
        (
            "Where was Letter Seven written?",
            "What about Letter Eight?",
            "Where was Letter Eight written?",
            "Cork",
        ),
    ],
)
def test_a_follow_up_is_understood_from_what_was_said(
    conversation, first, follow_up, searched, text
):
    conversation.reply(first)
    reply = conversation.reply(follow_up)
    assert reply.answer.question == follow_up
    assert reply.answer.searched == searched
    assert reply.text == text


def test_a_question_of_its_own_is_left_alone(conversation):
    conversation.reply("Where does moss grow?")
    reply = conversation.reply("Where was Letter Seven written?")
    assert reply.answer.searched == "Where was Letter Seven written?"
    assert reply.text == "Rome"


def test_follow_ups_follow_each_other_past_small_talk(conversation):
    conversation.reply("Where does moss grow?")
    conversation.reply("Thanks!")
    conversation.reply("Why?")
    reply = conversation.reply("What does it drink?")
    assert reply.text == "rain"


def test_what_leans_has_an_early_pronoun_or_no_word_of_its_own():
    for question in (
        "and how much is it?", "Why?", "What about Bruges?", "How long do they last?",
        "What is its colour?", "since when?",
    ):  # fmt: skip
        assert leans(question), question
    for question in (
        "How long does the guarantee last?",
        "When an employee falls suddenly ill, whom must they call?",
        "Where does moss grow?",
    ):
        assert not leans(question), question


def test_what_a_question_is_about_are_names_then_rare_words():
    rarity = {"leav": 3.0, "paid": 2.0, "dai": 1.0, "day": 1.0, "ann": 4.0}.get
    known = lambda term: rarity(term) or 0.0  # noqa: E731  # one line serves here
    assert entities(["How many days of paid leave are there?"], known)[0] == "paid leave"
    assert entities(["Where was Marie Curie born?"], known)[0] == "Marie Curie"
    assert entities(["Does ISO 9001 apply?"], known)[0] == "ISO 9001"
    assert (
        in_full("And who grants it?", "How many days of paid leave are there?", "30", known)
        == "And who grants paid leave?"
    )
    colour = in_full("What is its colour?", "Where does moss grow?", "", known)
    assert colour == "What is moss’s colour?"
    assert in_full("Why?", "Where was Marie Curie born?", "", known) == "Why (Marie Curie)?"
    assert in_full("Why?", "Who?", "", known) == "Why?"


@pytest.fixture
def two_rules(encoder):
    return Conversation.over(
        Answerer(base_of({"handbook.md": LEAVE, "rules.md": OTHER}, encoder), reader())
    )


QUESTION = "How many days of paid leave has everybody?"


@pytest.mark.parametrize(
    ("choice", "text"),
    [("the handbook", "thirty"), ("rules.md", "twenty"), ("I go by the rules.", "twenty")],
)
def test_documents_that_disagree_are_asked_back_about(two_rules, choice, text):
    asked = two_rules.reply(QUESTION)
    assert asked.kind == "clarify"
    assert "handbook.md says “thirty”" in asked.text
    assert "rules.md says “twenty”" in asked.text
    assert set(asked.suggestions) == {"handbook.md", "rules.md"}
    chosen = two_rules.reply(choice)
    assert (chosen.kind, chosen.text) == ("answer", text)


def test_after_a_question_back_anything_else_may_be_asked(two_rules):
    two_rules.reply(QUESTION)
    assert two_rules.reply("What do the rules say of illness?").answer.searched != QUESTION
    two_rules.reply(QUESTION)
    reply = two_rules.reply("Before when does one call the office when ill?")
    assert (reply.kind, reply.text) == ("answer", "nine")


def test_without_documents_or_words_there_is_nothing_to_say(encoder, conversation):
    assert conversation.reply("   ").kind == "empty"
    empty = Conversation.over(Answerer(KnowledgeBase(Contents.empty(), encoder), reader()))
    assert empty.reply("Hello").kind == "greeting"
    assert empty.reply("What does moss drink?").text.startswith("There are no documents yet.")
    assert empty.reply("").kind == "empty"
    assert empty.suggestions() == ()


def test_a_conversation_goes_to_json_and_back(conversation):
    for message in ("Hi", "Where does moss grow?", "What does it drink?", "Thanks"):
        conversation.reply(message)
    kept = json.loads(json.dumps(conversation.to_json()))
    assert [each["kind"] for each in kept] == ["greeting", "answer", "answer", "thanks"]
    assert kept[2]["document"] == "garden.md"
    again = Conversation.from_json(conversation.replier, kept)
    assert again.turns == conversation.turns
    assert again.reply("And where does it grow?").text == "walls"
    with pytest.raises(InputError, match="no conversation"):
        Conversation.from_json(conversation.replier, [{"said": "Hi"}])


def test_messages_of_any_length_and_script_are_replied_to(conversation):
    for message in ("why " * 10_000, "有給休暇は何日ですか？", "😀", "?", "\x00", "[SEP]"):
        assert conversation.reply(message).kind in ("abstain", "answer", "empty")
