"""The chat page in a browser."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest
from chatbots import reader, replace_spec
from chats import BUILT_IN, EVIL, MINE, Writer, reader_folder
from playwright.sync_api import expect

import deepfield_chatbot
from deepfield.dashboard import cached
from deepfield.plugins import Registry
from deepfield_chatbot import Chatbot
from deepfield_chatbot.dashboard import voice
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.reader import Reader

HERE = Path(__file__).parent


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
        registry.add(deepfield_chatbot, "chatbot")
        cached.registry = lambda: registry
        slow = Slow("Leaves of moss drink rain " * 200)
        voice.generator = lambda name: slow

    prepared()
    domain_page.show(Chatbot())


@pytest.mark.browser
def test_chat_in_a_browser(page, requests, shipped, encoder, serve_dashboard, tmp_path):
    place = tmp_path / "reader"
    place.mkdir()
    reader_folder(place, encoder, {**BUILT_IN, "walls.md": EVIL})
    script = tmp_path / "app.py"
    script.write_text(
        f"import sys; sys.path[:0] = {[str(HERE), str(HERE.parents[1] / 'plugins')]!r}\n"
        f"from pathlib import Path; import test_chat_in_a_browser as tests\n"
        f"tests.serve_page(Path({str(place)!r}))\n"
    )
    command = [
        sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true",
        "--server.fileWatcherType=none", "--server.address=127.0.0.1", "--server.port",
    ]  # fmt: skip
    serving = serve_dashboard(command, HERE.parents[2], tmp_path / "home")
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
