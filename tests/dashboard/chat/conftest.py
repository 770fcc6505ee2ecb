"""The chatbot's domain with a hand-made reader; ``chats`` and ``chatbots`` can be imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import deepfield_chatbot
from deepfield.dashboard import cached
from deepfield.plugins import Registry
from deepfield_chatbot import Chatbot
from deepfield_chatbot.dashboard import earlier, turns, voice
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.reader import Reader

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "plugins"))

from chatbots import reader, replace_spec
from chats import BUILT_IN, reader_folder


@pytest.fixture(scope="module")
def encoder():
    # torch, not OpenVINO: a fresh cache would have to make the graph first
    return Encoder.load(device="cpu", openvino=False)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory, encoder) -> Path:
    return reader_folder(tmp_path_factory.mktemp("reader"), encoder, BUILT_IN)


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
    registry.add(deepfield_chatbot, "chatbot")
    monkeypatch.setattr(cached, "registry", lambda: registry)
    return found
