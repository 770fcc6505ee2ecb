"""A fit to a table, the whole way: the model, its card, what is set aside and what is refused."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from deepfield_flowers import SPECIES, Flowers
from deepfield_flowers.linear import LinearPredictor

import deepfield
from deepfield.errors import InputError, NotFoundError, UsageError
from deepfield.fields import Label
from deepfield.fitting.data import check_rows
from deepfield.labelled import read_labelled
from deepfield.loading import load_model
from deepfield.selftest import check_model
from deepfield.store import find_model, fitted_models
from deepfield.table import Table


def test_fit_gives_a_model_that_is_everywhere(irises, registry):
    told = []
    fitted = deepfield.fit(
        "flowers", irises, name="mine", registry=registry, on_progress=told.append, steps=4
    )
    assert fitted.sizes == {"training": 102, "validation": 24, "test": 24}
    assert fitted.evaluation.rows == 24
    assert fitted.evaluation.figure("accuracy").value > 0.8
    model = deepfield.load("flowers", "mine", registry=registry)
    assert model.folder.hash == fitted.folder.hash == fitted.evaluation.model_hash
    result = deepfield.score(model, irises.drop(columns="label"))
    assert (result.frame["species"].to_numpy() == irises["label"]).mean() > 0.9
    assert result.run.model == "mine"
    assert check_model(Flowers(), find_model(Flowers(), "mine")).passed
    done = [each.done for each in told]
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert [each.figures["epoch"] for each in told if each.figures] == [1, 2, 3, 4]


def test_fit_may_have_classes_of_its_own(irises, registry):
    own = irises.assign(label=irises["label"].where(irises["label"] == "setosa", "other"))
    deepfield.fit("flowers", own, name="two", registry=registry)
    model = deepfield.load("flowers", "two", registry=registry)
    assert model.results.names[2:4] == ["other", "setosa"]
    found = deepfield.evaluate(model, own)
    assert found.figure("sensitivity").value > 0.9
    assert found.roc is not None


def test_card_has_figures_matrix_data_and_the_command(irises, registry, tmp_path):
    irises.to_csv(tmp_path / "my irises.csv", index=False)
    fitted = deepfield.fit(
        "flowers", tmp_path / "my irises.csv", name="mine", registry=registry, steps=3
    )
    card = fitted.folder.card
    assert card.startswith("# mine")
    assert {each["metric"] for each in fitted.folder.figures} >= {"accuracy", "auc", "ece"}
    accuracy = fitted.evaluation.figure("accuracy")
    assert f"| accuracy | {accuracy.value:.3f} | {accuracy.low:.3f} – {accuracy.high:.3f} |" in card
    assert "| **setosa** | 8 | 0 | 0 |" in card
    assert "| virginica | 34 | 8 | 8 |" in card
    command = f"deepfield fit flowers '{tmp_path / 'my irises.csv'}' --name mine --base linear"
    assert f"{command} --steps 3" in card
    config = fitted.folder.config
    assert (config["base"], config["data"]["rows"]["test"]) == ("linear", 24)
    assert config["data"]["fingerprint"] in card
    written = json.loads((fitted.folder.path / "figures.json").read_text())
    assert written == fitted.evaluation.to_json()


def test_same_rows_give_the_same_weights(irises, registry):
    names = ("one", "two")
    for name, rows in zip(names, (irises, irises), strict=True):
        deepfield.fit("flowers", rows, name=name, registry=registry, steps=2)
    one, two = (find_model(Flowers(), name).folder for name in names)
    assert (one / "model.safetensors").read_bytes() == (two / "model.safetensors").read_bytes()


def test_bad_rows_are_set_aside_with_reasons_beside_the_model(irises, registry):
    rows = irises.astype(object).copy()
    rows.iloc[0, 0] = "twelve"
    rows.iloc[1, 4] = None
    fitted = deepfield.fit("flowers", rows, name="mine", registry=registry)
    assert (fitted.rejected, sum(fitted.sizes.values())) == (2, 148)
    aside = pd.read_csv(fitted.folder.path / "rejected.csv")
    assert aside["row"].to_list() == [1, 2]
    assert "'twelve'" in aside["reason"][0]
    assert "column 'label' is empty" in aside["reason"][1]


def test_equal_rows_of_numbers_stay(irises, registry):
    twice = pd.concat([irises, irises], ignore_index=True)
    fitted = deepfield.fit("flowers", twice, name="mine", registry=registry)
    assert (sum(fitted.sizes.values()), fitted.duplicates) == (300, 0)


def test_overwrite_replaces_and_nothing_else_does(irises, registry):
    first = deepfield.fit("flowers", irises, name="mine", registry=registry, steps=1)
    before = first.folder.hash
    with pytest.raises(UsageError, match="has a fitted model 'mine' already"):
        deepfield.fit("flowers", irises, name="mine", registry=registry)
    again = deepfield.fit("flowers", irises, name="mine", registry=registry, overwrite=True)
    assert deepfield.load("flowers", "mine", registry=registry).folder.hash == again.folder.hash
    assert again.folder.hash != before


def test_a_model_says_how_few_rows_of_a_class_are_enough(irises, registry, monkeypatch):
    few = irises.iloc[[0, 1, 2, 60, 61, 62, 63]]
    monkeypatch.setattr(LinearPredictor, "fewest_rows", 4)
    with pytest.raises(InputError, match="at least 4 rows.*'setosa' has 3"):
        deepfield.fit("flowers", few, name="mine", registry=registry)
    monkeypatch.setattr(LinearPredictor, "fewest_rows", 3)
    fitted = deepfield.fit("flowers", few, name="mine", registry=registry, steps=1)
    assert fitted.sizes == {"training": 3, "validation": 2, "test": 2}


def test_a_class_may_be_named_like_a_column_where_classes_are_no_columns(irises, registry):
    model = load_model(registry.domain("flowers"))
    frame = irises.assign(label=irises["label"].replace("setosa", "petal_width"))
    labelled = read_labelled(frame, model.inputs)
    with pytest.raises(InputError, match="No class may be named 'petal_width'"):
        check_rows(labelled, model)
    model.predictor.outputs = Table(Label("species", values=SPECIES))
    check_rows(labelled, model)


@pytest.mark.parametrize(
    ("change", "arguments", "kind", "sentence"),
    [
        (lambda f: f[f["label"] == "setosa"], {}, InputError, "at least two classes are needed"),
        (lambda f: f.iloc[[0, 1, 60, 61]], {}, InputError, "Each class needs at least 5 rows"),
        (lambda f: f.drop(columns="label"), {}, InputError, "no column 'label'.*there are: none"),
        (lambda f: f.assign(label="trust"), {}, InputError, "at least two classes"),
        (
            lambda f: f.assign(label=f["label"].replace("setosa", "confidence")),
            {}, InputError, "No class may be named 'confidence'",
        ),
        (
            lambda f: f.assign(label=f["label"].replace("setosa", "species")),
            {}, InputError, "No class may be named 'species'",
        ),
        (lambda f: f.drop(columns="sepal_width"), {}, InputError, "No column 'sepal_width'"),
        (lambda f: f, {"name": "linear"}, UsageError, "is a model that flowers ships"),
        (lambda f: f, {"name": "Mine"}, UsageError, "cannot be named 'Mine'"),
        (lambda f: f, {"base": "gru"}, NotFoundError, "No model to start from"),
        (lambda f: f, {"steps": 0}, UsageError, "'steps' of fitting linear is 0"),
        (lambda f: f, {"epochs": 3}, UsageError, "has no option 'epochs'. Options: steps"),
        (lambda f: f, {"group": "label"}, UsageError, "both the labels and the groups"),
        (lambda f: f, {"label": "sepal_width"}, UsageError, "cannot hold the labels"),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_is_one_sentence(irises, registry, change, arguments, kind, sentence):
    with pytest.raises(kind, match=sentence):
        deepfield.fit("flowers", change(irises), **{"name": "mine", **arguments}, registry=registry)
    assert fitted_models(Flowers()) == []


def test_a_kind_that_cannot_be_fitted_says_so(irises, registry, monkeypatch):
    monkeypatch.setattr(LinearPredictor, "FitOptions", None)
    with pytest.raises(UsageError, match="No model of flowers can be fitted"):
        deepfield.fit("flowers", irises, name="mine", registry=registry)
    with pytest.raises(UsageError, match="'linear' is of a kind that cannot be fitted"):
        deepfield.fit("flowers", irises, name="mine", base="linear", registry=registry)
