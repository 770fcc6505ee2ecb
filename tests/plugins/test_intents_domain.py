"""Intents as a domain: scored, explained, evaluated, and fitted to a table of examples."""

from __future__ import annotations

import csv
import gzip
import json

import pandas as pd
import pytest
from shop import EXAMPLES, OUTSIDE

import deepfield
from deepfield.errors import InputError
from deepfield.loading import load_model
from deepfield.models import ModelFolder
from deepfield.plugins import Registry
from deepfield.selftest import check_model
from deepfield.store import find_model
from deepfield_chatbot.encoder import Encoder
from deepfield_chatbot.intents import Intents
from deepfield_chatbot.intents.explaining import without_words
from deepfield_chatbot.recipes.intents import make_model

FILLED = {
    "lost_card": "I lost my {} card, what now", "exchange": "what is the exchange rate of {}",
    "limit": "how much {} may I take out", "pin": "I forgot the pin of my {} account",
}  # fmt: skip
KINDS = ["blue", "euro", "cash", "travel", "savings", "gold", "joint", "dollar", "second", "old"]


class Plugin:
    """The chatbot's plugin, which has no entry point yet."""

    def __init__(self):
        import deepfield_chatbot

        self.register_domains = deepfield_chatbot.register_domains


@pytest.fixture(scope="module")
def registry():
    registry = Registry()
    registry.add(Plugin(), "chatbot")
    return registry


@pytest.fixture(scope="module")
def model(registry):
    return load_model(registry.domain("intents"), None, "cpu")


@pytest.fixture
def table(tmp_path):
    """Examples as a person has them: other names of columns, a class out of scope."""
    rows = [(text, label) for label, texts in EXAMPLES.items() for text in texts]
    frame = pd.DataFrame(
        [*rows, *((text, "none") for text in OUTSIDE)], columns=["Utterance", "intent"]
    )
    frame.to_csv(tmp_path / "examples.csv", index=False)
    return tmp_path / "examples.csv"


def test_the_example_is_told_as_its_writer_meant(model):
    samples = Intents().samples()
    found = model.predict(samples)
    assert (found["intent"] == samples["label"]).mean() > 0.8
    outside = samples["label"] == "oos"
    assert ((found["intent"] == "oos") == (found["trust"] == "unfamiliar")).all()
    assert (found["trust"][outside] == "unfamiliar").mean() >= 0.75
    first = found["likeliest"].iloc[0]
    assert first[0]["intent"] == "balance"
    assert len(first) == 3
    assert first[0]["probability"] > first[1]["probability"] > first[2]["probability"]


def test_options_say_how_many_are_listed_and_how_sure_to_be(model):
    rows = pd.DataFrame({"text": ["Wake me at half past six tomorrow", "my account, the other"]})
    found = model.predict(rows, listed=2, max_error=0.01)
    assert [len(each) for each in found["likeliest"]] == [2, 2]
    assert found["trust"].iloc[1] in ("unsure", "unfamiliar")


def test_explanations_name_words_and_sum_to_the_answer(model):
    rows = pd.DataFrame(
        {
            "text": [
                "Wake me at half past six tomorrow",
                "Are tadpoles able to breathe on land?",
                "?!",
            ]
        }
    )
    alarm, strange, empty = model.explain(rows)
    assert "alarm" in alarm.summary
    assert "“Wake”" in alarm.summary
    assert alarm.contributions.unit == "log-odds"
    values = alarm.contributions.values
    assert max(values, key=values.get) == "Wake"
    judged = model.predictor.classifier.judge(model.predictor.encoder.encode(rows["text"]))
    whole = alarm.contributions.base + sum(values.values())
    assert whole == pytest.approx(judged.lead[0].max(), abs=1e-4)
    assert strange.summary.startswith("Out of scope; strangest: ")
    assert empty.contributions.values == {}


def test_a_message_without_a_word_wants_nothing(model):
    found = model.predict(pd.DataFrame({"text": ["   ", "", "?!"]}))
    assert found["intent"].to_list() == ["oos"] * 3
    assert (found["trust"] == "unfamiliar").all()


def test_words_are_left_out_one_by_one():
    names, others = without_words("Don't pay, don't pay!")
    assert names == ["Don't", "pay", "don't", "pay (2)"]
    assert others[1] == "Don't  , don't pay!"


def test_a_table_of_examples_makes_a_model(registry, table, tmp_path):
    fitted = deepfield.fit("intents", table, name="shop", label="intent", registry=registry)
    assert sum(fitted.sizes.values()) == 30
    assert fitted.evaluation.figure("accuracy").value >= 0.8
    assert set(fitted.evaluation.classes) == {*EXAMPLES, "none"}
    domain = registry.domain("intents")
    assert check_model(domain, find_model(domain, "shop")).passed
    asked = tmp_path / "asked.csv"
    asked.write_text("query,ticket\nWhen will you close?,7\nThe lynx lives in a forest.,8\n,9\n")
    result = deepfield.score(
        "intents", asked, model="shop", output=tmp_path / "told.csv", registry=registry,
        max_error=0.9,
    )  # fmt: skip
    assert result.frame["intent"].to_list() == ["hours", "none"]
    assert result.frame["trust"].to_list() == ["ok", "unfamiliar"]
    assert result.rejected["row"].to_list() == [3]
    written = pd.read_csv(tmp_path / "told.csv")
    assert json.loads(written["likeliest"][0])[0]["intent"] == "hours"
    assert written["ticket"].to_list() == [7, 8]
    measured = deepfield.evaluate("intents", table, model="shop", label="intent", registry=registry)
    assert measured.figure("sensitivity", "none").value > 0.7


def test_two_intents_of_three_examples_are_enough_and_names_of_columns_are_free(registry):
    rows = [*[(each, "text") for each in EXAMPLES["hours"][:3]],
            *[(each, "intent") for each in EXAMPLES["returns"][:3]]]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["text", "label"])
    fitted = deepfield.fit("intents", frame, name="tiny", registry=registry)
    assert fitted.sizes == {"training": 2, "validation": 2, "test": 2}
    model = load_model(registry.domain("intents"), "tiny", "cpu")
    found = model.predict(pd.DataFrame({"text": ["Are you open today?", "Penguins are birds."]}))
    assert found["intent"].iloc[0] == "text"
    assert found["trust"].to_list() == ["unsure", "unfamiliar"]
    assert [len(each) for each in found["likeliest"]] == [2, 2]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.head(2), "'hours'; at least two classes are needed"),
        (lambda f: f.iloc[[0, 1, 2, 6, 7]], "at least 3 rows.*'returns' has 2"),
        (lambda f: f.assign(label=f["label"].replace("hours", "trust")), "No class may be named"),
        (
            lambda f: f.assign(label=f["label"].replace({"hours": "oos", "returns": "other"})),
            "'oos' and 'other' all mean out of scope",
        ),
        (lambda f: f.rename(columns={"text": "words"}), "No column 'text'"),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(registry, change, sentence):
    rows = [(text, label) for label, texts in EXAMPLES.items() for text in texts]
    frame = change(pd.DataFrame(rows, columns=["text", "label"]))
    with pytest.raises(InputError, match=sentence):
        deepfield.fit("intents", frame, name="never", registry=registry)


def test_the_recipe_writes_a_whole_model(tmp_path):
    inside = [(text.format(kind), label) for label, text in FILLED.items() for kind in KINDS]
    outside = [(f"play the {kind} song", "oos") for kind in KINDS]
    sets = {"train": inside, "oos_train": outside, "val": inside[::2], "oos_val": outside[::2]}
    with gzip.open(tmp_path / "clinc150.json.gz", "wt", encoding="utf-8") as file:
        json.dump(sets, file)
    with gzip.open(tmp_path / "banking77-train.csv.gz", "wt", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "category"), *inside])
    encoder = Encoder.load("cpu", openvino=False)
    figures = make_model(tmp_path, tmp_path / "made", encoder)
    assert figures["clinc150"]["accuracy"] == 1
    assert figures["clinc150"]["out of scope found"] > 0.7
    assert figures["banking77"]["measured"] == 8
    assert "out of scope found" not in figures["banking77"]
    assert figures["baseline, clinc150"]["accuracy"] > 0.8
    assert figures["explanation"]["named"] > figures["explanation"]["drawn"]
    folder = ModelFolder(tmp_path / "made")
    assert "CC BY 3.0" in folder.card
    assert {each["metric"] for each in folder.figures} >= {"ECE", "recall of out of scope"}
    inputs, expected = folder.golden()
    assert len(inputs) == len(expected) == len(Intents().samples())
    assert not any(text in folder.card for text, _ in [*inside, *outside])

    sets["val"] = [(Intents().samples()["text"][0].upper() + "!", "pin")]
    with gzip.open(tmp_path / "clinc150.json.gz", "wt", encoding="utf-8") as file:
        json.dump(sets, file)
    with pytest.raises(InputError, match="is a sentence of CLINC150; write another"):
        make_model(tmp_path, tmp_path / "never", encoder)
