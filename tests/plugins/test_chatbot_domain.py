"""The chatbot as a domain: a model folder made by the recipe, asked and fitted as any other.

The weights are random and small; what calibrates is a hand-made reader whose answers are known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from chatbot_making import make
from chatbots import FAQ, GARDEN, LEAVE, OTHER, Pointing, replace_spec

import deepfield
import deepfield_chatbot
from deepfield.errors import InputError
from deepfield.loading import load_model
from deepfield.models import ModelFolder
from deepfield.plugins import Registry
from deepfield.store import remove_model
from deepfield.testing import CHECKS
from deepfield_chatbot import Chatbot
from deepfield_chatbot.feedback import Feedback, Judgement
from deepfield_chatbot.judging import OF_CHOICE, OF_SPANS
from deepfield_chatbot.memory import About, Memory, new_id
from deepfield_chatbot.predictor import HANDBOOK, ChatbotPredictor
from deepfield_chatbot.reader import Reader
from deepfield_chatbot.recipes.handbook import documentation, make_handbook


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model folder as the recipe makes it, and its figures."""
    work = tmp_path_factory.mktemp("reader")
    return work, make(work)


@pytest.fixture(scope="module")
def domain(made):
    work, _ = made
    tiny = replace_spec(Chatbot.models[0], work / "model")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Chatbot, "models", (tiny,))
        yield Chatbot()


@pytest.fixture
def pointing(monkeypatch):
    """Let models be read by the hand-made reader."""
    opened = Reader.load

    def load(folder, device="auto", openvino=None):
        reader = opened(folder, device, openvino)
        return Reader(Pointing(), reader.tokenizer, reader.judge, reader.length)

    monkeypatch.setattr(Reader, "load", load)


@pytest.fixture
def registry(domain):
    registry = Registry()
    registry.add(deepfield_chatbot, "chatbot")
    return registry


@pytest.mark.parametrize("check", [pytest.param(check, id=name) for name, check in CHECKS.items()])
def test_the_chatbot_keeps_the_contract(domain, check):
    check(domain)


def test_the_recipe_measures_what_it_calibrates(made):
    work, figures = made
    assert figures["questions"] == {"fit": 60, "alone": 15, "together": 15}
    assert figures["alone"]["forced"]["f1"] == 100
    assert figures["alone"]["auroc of right"] > 0.9
    assert figures["off topic"]["flagged"] > 0.8
    assert figures["off topic"]["own flagged"] < 0.2
    assert figures["pairs"]["right first"] > 0.8
    hiding = figures["hiding"]
    assert hiding["named"] > hiding["drawn"]
    card = ModelFolder(work / "model").card
    assert "Letters (these chose the checkpoint)" in card
    assert "Parcels (measured here)" in card
    config = ModelFolder(work / "model").config
    assert config["answering"]["signs"] == list(OF_SPANS)
    assert len(config["answering"]["spans"]["linear"]["weights"]) == len(OF_SPANS)
    assert len(config["answering"]["choice"]["weights"]) == len(OF_CHOICE)
    assert config["handbook"] == ModelFolder(work / "model" / HANDBOOK).hash


def test_the_handbook_is_the_documentation_and_always_the_same(made, tmp_path):
    work, _ = made
    root = work / "checkout"
    names = [each.relative_to(root).as_posix() for each in documentation(root)]
    assert names == ["README.md", "docs/rules.md", "plugins/leave/README.md"]
    (tmp_path / "config.json").write_text("{}")
    make_handbook(root, tmp_path)
    there, here = work / "model" / HANDBOOK, tmp_path / HANDBOOK
    for file in sorted(each for each in there.rglob("*") if each.is_file()):
        assert file.read_bytes() == (here / file.relative_to(there)).read_bytes(), file.name


@pytest.mark.usefixtures("pointing")
def test_a_table_of_questions_gets_answers_with_citations(registry, tmp_path):
    asked = pd.DataFrame(
        {
            "query": ["What do leaves of moss drink?", "Can I freeze lasagne?", None, "¿Y mañana?"],
            "number": [1, 2, 3, 4],
        }
    )
    source = tmp_path / "questions.csv"
    asked.to_csv(source, index=False)
    output = tmp_path / "answers.csv"
    result = deepfield.score(
        "chatbot", source, output=output, registry=registry, max_error=0.9, passages=2
    )
    frame = result.frame
    assert frame["answer"].iloc[0] == "rain"
    first = frame.iloc[0]
    assert first["passage"][int(first["start"]) : int(first["end"])] == "rain"
    assert first["document"] == "README.md"
    assert first["heading"] == "Garden"
    assert result.rejected["row"].to_list() == [3]
    written = pd.read_csv(output)
    citations = json.loads(written["citations"].iloc[0])
    assert citations[0]["document"] == "README.md"
    assert len(citations) == 2
    assert frame["trust"].iloc[1] != "ok"
    assert pd.isna(written["answer"].iloc[1]) or written["answer"].iloc[1] == ""


@pytest.mark.usefixtures("pointing")
def test_a_model_is_fitted_to_documents_and_added_to(registry, tmp_path):
    first = tmp_path / "papers"
    first.mkdir()
    (first / "leave.md").write_text(LEAVE)
    (first / "empty.txt").write_text("")
    fitted = deepfield.fit("chatbot", first, name="house", registry=registry)
    model = load_model(registry.domain("chatbot"), "house", "cpu")
    assert model.folder.config["base"] == "reader"
    assert model.folder.config["data"]["counts"]["documents"] == 1
    assert fitted.rejected == 1
    question = pd.DataFrame({"question": ["How many days of paid leave has everybody?"]})
    answer = model.predict(question, max_error=0.9).iloc[0]
    assert (answer["answer"], answer["document"]) == ("thirty", "leave.md")

    (tmp_path / "faq.csv").write_text(FAQ)
    (tmp_path / "leave.md").write_text(OTHER)
    more = [tmp_path / "faq.csv", tmp_path / "leave.md"]
    deepfield.fit("chatbot", more, name="house", add=True, registry=registry)
    model = load_model(registry.domain("chatbot"), "house", "cpu")
    answer = model.predict(question, max_error=0.9).iloc[0]
    assert (answer["answer"], answer["document"]) == ("twenty", "leave.md")
    reset = pd.DataFrame({"question": ["How do I reset my password?"]})
    answer = model.predict(reset, max_error=0.9).iloc[0]
    assert answer["answer"] == "Click on 'Forgotten' below the form."
    assert answer["passage"][int(answer["start"]) :] == answer["answer"]

    later = deepfield.fit("chatbot", name="house", remove="leave.md", registry=registry)
    assert later.evaluation.counts["documents"] == 1
    model = load_model(registry.domain("chatbot"), "house", "cpu")
    found = model.predict(question, max_error=0.9).iloc[0]
    assert {each["document"] for each in found["citations"]} == {"faq.csv"}


def judgement(base):
    return Judgement(
        base, base, "0a1b", "up", "How long?", "How long?", "answer", "thirty", False, "leave.md",
        None, 0, 6, 0.9, "ok",
    )  # fmt: skip


@pytest.mark.usefixtures("pointing")
def test_what_was_said_about_a_knowledge_base_goes_with_it(registry, tmp_path):
    (tmp_path / "leave.md").write_text(LEAVE)
    deepfield.fit("chatbot", tmp_path / "leave.md", name="house", registry=registry)
    house, other = About("house", "1"), About("garden", "2")
    for about in (house, other):
        Memory().keep(new_id(), about, "How long?", "1", "{}")
    for base in ("house", "garden"):
        Feedback().keep(judgement(base))
    remove_model(registry.domain("chatbot"), "house")
    assert Memory().list(house) == []
    assert len(Memory().list(other)) == 1
    assert (Feedback().counts("house"), Feedback().counts("garden")) == ((0, 0), (1, 0))


@pytest.mark.usefixtures("pointing")
def test_the_last_document_may_go(registry, tmp_path):
    (tmp_path / "leave.md").write_text(LEAVE)
    deepfield.fit("chatbot", tmp_path / "leave.md", name="house", registry=registry)
    later = deepfield.fit("chatbot", name="house", remove="leave.md", registry=registry)
    assert later.evaluation.counts["documents"] == 0
    answer = load_model(registry.domain("chatbot"), "house", "cpu").predict(
        pd.DataFrame({"question": ["How many days of paid leave has everybody?"]})
    )
    assert (answer["answer"].iloc[0], answer["trust"].iloc[0]) == ("", "unfamiliar")


def test_progress_rises_to_the_end_and_may_stop_the_work(domain, tmp_path):
    files = {}
    for number in range(3):
        files[f"{number}.md"] = tmp_path / f"{number}.md"
        files[f"{number}.md"].write_text(GARDEN.replace("moss", f"moss {number}"))
    seen: list[float] = []

    def index(report, folder):
        return ChatbotPredictor.fit_files(
            files, tmp_path / folder, base=ModelFolder(domain.models[0].folder),
            options=ChatbotPredictor.FitOptions(), report=report, device="cpu",
        )  # fmt: skip

    read = index(lambda done, figures=None: seen.append(done), "made")
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1)
    assert read.counts["documents"] == 3

    def stop(done, figures=None):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index(stop, "stopped")
    assert not (tmp_path / "stopped").exists()


def test_documents_that_disagree_and_pages_are_in_the_row(domain, tmp_path, pointing):
    from documents import pdf

    files = {"a.pdf": pdf(["Garden"], ["Leaves of moss drink rain."]), "b.md": b""}
    (tmp_path / "a.pdf").write_bytes(files["a.pdf"])
    (tmp_path / "b.md").write_text("Leaves of moss drink nine walls.")
    paths = {name: tmp_path / name for name in files}
    ChatbotPredictor.fit_files(
        paths, tmp_path / "made", base=ModelFolder(domain.models[0].folder),
        options=ChatbotPredictor.FitOptions(), report=lambda done, figures=None: None,
    )  # fmt: skip
    predictor = ChatbotPredictor.load(ModelFolder(tmp_path / "made"), "cpu")
    rows = pd.DataFrame({"question": ["What do the leaves of moss drink?"]}, index=["x"])
    row = predictor.predict(rows, Chatbot.Options(max_error=0.9)).loc["x"]
    sides = {row["document"]: row["answer"]}
    sides |= {each["document"]: each["answer"] for each in row["disagreeing"]}
    assert sides == {"a.pdf": "rain", "b.md": "nine walls"}
    pages = {
        each["document"]: each["page"]
        for each in row["citations"]
        if "rain" in each["passage"] or "nine" in each["passage"]
    }
    assert pages["a.pdf"] == 2
    assert pages["b.md"] is None or np.isnan(pages["b.md"])


def test_a_knowledge_base_names_a_reader_that_is_there(domain, tmp_path):
    from deepfield_chatbot.contents import Contents

    Contents.empty().save(tmp_path / "made", {"base": "other", "encoder": "x", "passages": 0})
    with pytest.raises(InputError):
        ChatbotPredictor.load(ModelFolder(tmp_path / "made"), "cpu")


def test_an_empty_knowledge_base_answers_nothing(domain, tmp_path):
    from deepfield_chatbot.contents import Contents
    from deepfield_chatbot.knowledge_base import base_config

    contents = Contents.empty()
    contents.save(tmp_path / "made", base_config(contents, "reader"))
    predictor = ChatbotPredictor.load(ModelFolder(tmp_path / "made"), "cpu")
    rows = pd.DataFrame({"question": ["Why?"]})
    row = predictor.predict(rows, Chatbot.Options()).iloc[0]
    assert (row["answer"], row["document"], row["trust"]) == ("", "", "unfamiliar")
    assert not len(row["citations"])
    assert predictor.explain(rows, Chatbot.Options())[0].summary


@dataclass
class Written:
    """A language model that writes the same whatever it is asked."""

    reply: str
    name: str = "written"
    thinks: bool = False

    def stream(self, question, passages, history=(), *, most=256, stop=lambda: False):
        yield from self.reply
        return "end"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Leaves of moss drink rain [1].", "Leaves of moss drink rain [1]."),
        ("Leaves of moss drink 40 litres of beer [1].", ""),
    ],
)
def test_a_language_model_words_replies_that_the_passages_bear(
    domain, tmp_path, pointing, monkeypatch, written, kept
):
    (tmp_path / "a.md").write_text("Leaves of moss drink rain.")
    ChatbotPredictor.fit_files(
        {"a.md": tmp_path / "a.md"}, tmp_path / "made", base=ModelFolder(domain.models[0].folder),
        options=ChatbotPredictor.FitOptions(), report=lambda done, figures=None: None,
    )  # fmt: skip
    predictor = ChatbotPredictor.load(ModelFolder(tmp_path / "made"), "cpu")
    asked = []
    monkeypatch.setattr(
        "deepfield_chatbot.predictor.opened", lambda name: asked.append(name) or Written(written)
    )
    rows = pd.DataFrame({"question": ["What do the leaves of moss drink?"]})
    silent = predictor.predict(rows, Chatbot.Options(max_error=0.9)).iloc[0]
    assert (pd.isna(silent["reply"]), asked) == (True, [])
    row = predictor.predict(rows, Chatbot.Options(max_error=0.9, generator="some/model")).iloc[0]
    assert (row["answer"], asked) == ("rain", ["some/model"])
    assert row["reply"] == kept if kept else pd.isna(row["reply"])
