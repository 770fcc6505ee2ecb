"""Changes of a fitted model wait for each other, across processes and threads."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from deepfield_glossary import Glossary

import deepfield
from deepfield import changing as module
from deepfield.changing import changing
from deepfield.errors import DeepfieldError
from deepfield.fitting import Fitting, Stopped
from deepfield.loading import load_model
from deepfield.plugins import Registry
from deepfield.store import find_model, remove_model
from deepfield.testing import _Plugin

HOLD = """
import sys, time
from deepfield.changing import changing
from deepfield_glossary import Glossary
with changing(Glossary(), "house"):
    print("held", flush=True)
    time.sleep(float(sys.argv[1]))
"""
ADD = """
import sys, time
from deepfield.fitting import Fitting
from deepfield_glossary import Glossary
fitting = Fitting(Glossary(), sys.argv[1], name="house", add=True)
# Each stays long where two at once would both have read the old model.
fitting.on_progress = lambda progress: progress.stage == "checking" and time.sleep(1.0)
print("ready", flush=True)
sys.stdin.readline()
fitting.run()
"""


@pytest.fixture
def house(tmp_path):
    """A fitted model of one document."""
    registry = Registry()
    registry.add(_Plugin(Glossary()), "glossary")
    words = tmp_path / "words.txt"
    words.write_text("stove: where we cook")
    return deepfield.fit("glossary", words, name="house", registry=registry)


def process(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_two_processes_that_add_at_once_lose_nothing(house, tmp_path):
    adding = []
    for term in ("attic", "cellar"):
        (tmp_path / f"{term}.txt").write_text(f"{term}: {term} of the house")
        adding.append(process(ADD, tmp_path / f"{term}.txt"))
    for each in adding:
        assert each.stdout.readline() == "ready\n", each.communicate()[1]
    for each in adding:
        each.stdin.write("\n")
        each.stdin.flush()
    for each in adding:
        told = each.communicate(timeout=120)
        assert each.returncode == 0, told
    entries = load_model(Glossary(), "house").folder.config["entries"]
    assert sorted(each["term"] for each in entries) == ["attic", "cellar", "stove"]


def test_another_process_that_holds_it_too_long_is_one_sentence(house, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "WAIT", 0.5)
    holding = process(HOLD, 60)
    try:
        assert holding.stdout.readline() == "held\n"
        fitting = Fitting(Glossary(), tmp_path / "words.txt", name="house", add=True)
        sentence = (
            "^Another fit or page is changing the model 'house' and did not end within 0.5 "
            "seconds. Nothing was changed; try again when it has ended.$"
        )
        with pytest.raises(DeepfieldError, match=sentence):
            fitting.run()
        assert fitting.fit.state == "failed"
        # While it waits it can be stopped.
        monkeypatch.setattr(module, "WAIT", 60)
        fitting = Fitting(Glossary(), tmp_path / "words.txt", name="house", add=True)
        threading.Timer(0.5, fitting.cancel).start()
        with pytest.raises(Stopped):
            fitting.run()
        monkeypatch.setattr("deepfield.store.SHORT", 0.2)
        with pytest.raises(DeepfieldError, match="is changing the model 'house'"):
            remove_model(Glossary(), "house")
    finally:
        holding.kill()  # a process that dies lets go
        holding.communicate()
    Fitting(Glossary(), tmp_path / "words.txt", name="house", add=True).run()
    assert find_model(Glossary(), "house").name == "house"


def test_a_thread_begins_within_and_others_wait(home):
    order = []

    def other():
        with changing(Glossary(), "house"):
            order.append("other")

    with changing(Glossary(), "house"), changing(Glossary(), "house"):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.5)
        order.append("first")
    thread.join(30)
    assert order == ["first", "other"]


def test_a_folder_that_cannot_be_written_is_one_sentence(home):
    (home / "locks").write_text("a file")
    with (
        pytest.raises(DeepfieldError, match="Cannot write into .*glossary"),
        changing(Glossary(), "house"),
    ):
        raise AssertionError("it was taken")
