"""A tiny language model of random weights, and one that was taught two replies by heart;
``language_models``, which makes them, can be imported."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.generator import Generator

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def encoder():
    # torch, not OpenVINO: a fresh cache would have to make the graph first
    return Encoder.load(device="cpu", openvino=False)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    from language_models import make

    return make(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def copy(folder, tmp_path):
    """Copy the model, to be broken."""
    import shutil

    return Path(shutil.copytree(folder, tmp_path / "copy"))


@pytest.fixture(scope="session")
def generator(folder):
    return Generator.load(folder, device="cpu")


@pytest.fixture(scope="session")
def taught(folder):
    """A model that knows one right and one wrong reply by heart."""
    import torch
    from language_models import LEAVE, MOSS, PASSAGES, RIGHT, WRONG

    generator = Generator.load(folder, device="cpu")
    model, tokenizer = generator.model, generator.tokenizer
    pairs = []
    for question, reply in ((MOSS, RIGHT), (LEAVE, WRONG)):
        asked = generator.prompter.ids(question, PASSAGES, [], 100)
        told = tokenizer(reply + "<|im_end|>", add_special_tokens=False)["input_ids"]
        ids = torch.tensor([asked + told])
        pairs.append((ids, torch.where(torch.arange(ids.shape[1]) < len(asked), -100, ids)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    torch.manual_seed(1)
    for _ in range(400):
        loss = sum(model(input_ids=ids, labels=labels).loss for ids, labels in pairs)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss.item() < 0.02:
            break
    assert loss.item() < 0.02
    return generator


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise OSError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
