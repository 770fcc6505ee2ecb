"""Documents put into knowledge bases and taken out, beside the chat."""

from __future__ import annotations

import json
import time

import pytest
from chatbots import GARDEN, LEAVE, LETTERS
from chats import BUILT_IN, changed, click, keep, opened, say, told

import deepfield
from deepfield.loading import load_model
from deepfield.store import fitted_models
from deepfield_chatbot.contents import Contents
from deepfield_chatbot.dashboard.indexing import Indexing, adding, free_name, making, removing
from deepfield_chatbot.reading import read_document


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
    say(app, "What do leaves of moss drink?")
    assert "Taken out since" not in told(app)
    remove = removing(domain, "house", ["garden.md"])
    assert remove(lambda done: None).removed == ("garden.md",)
    app.run()
    assert "1 document " in told(app)
    assert "**garden.md**" in told(app)
    assert "Taken out since; quoted as it was." in told(app)


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


def test_names_of_new_knowledge_bases_are_free(domain, encoder):
    assert free_name(domain, "my-documents") == "my-documents"
    keep(domain, encoder, "my-documents", garden_md=GARDEN)
    assert free_name(domain, "my-documents") == "my-documents-2"
    with pytest.raises(deepfield.errors.UsageError):
        making(domain, "my-documents", [], encoder, Contents.empty())
    model = load_model(domain, "my-documents")
    assert "1 documents" in model.folder.card
