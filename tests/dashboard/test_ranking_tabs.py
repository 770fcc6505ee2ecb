"""The tabs Evaluate and Fit of a domain that ranks what groups take next, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepfield_reading import Reading, simulate
from streamlit.testing.v1 import AppTest

from deepfield.fits import list_fits
from deepfield.fitting import Fitting


@pytest.fixture(autouse=True)
def on_this_machine(monkeypatch):
    monkeypatch.setattr("deepfield.dashboard.labelled_form.on_this_machine", lambda: True)


@pytest.fixture
def log(tmp_path) -> Path:
    place = tmp_path / "log.csv"
    simulate(300, seed=4).rename(columns={"book": "title"}).to_csv(place, index=False)
    return place


def evaluate() -> None:
    from deepfield_reading import Reading

    from deepfield.dashboard import cached, evaluate_tab

    evaluate_tab.show(cached.model(Reading(), "popular"))


def fit() -> None:
    from deepfield_reading import Reading

    from deepfield.dashboard import fit_tab

    fit_tab.show(Reading())


def test_evaluate_asks_for_no_labels_and_shows_the_baselines(log):
    app = AppTest.from_function(evaluate, default_timeout=60).run()
    assert any("which book each reader took" in each.value for each in app.markdown)
    app.text_input(key="reading-evaluate-path").set_value(str(log)).run()
    assert not [each.label for each in app.selectbox if "labels" in each.label]
    assert not app.text_area
    next(each for each in app.selectbox if each.label == "book").set_value("title")
    next(each for each in app.button if each.label == "Evaluate").click().run()
    work = app.session_state["reading-evaluate"]
    work.thread.join(60)
    app.run()
    assert not app.exception
    assert not app.error
    assert [each.label for each in app.metric][:2] == ["NDCG@5", "recall@5"]
    assert "most recently taken" in app.dataframe[0].value["baseline"].to_list()
    assert any("300 hidden rows" in each.value for each in app.info)


def test_evaluate_says_what_is_missing(log):
    app = AppTest.from_function(evaluate, default_timeout=60).run()
    app.text_input(key="reading-evaluate-path").set_value(str(log)).run()
    next(each for each in app.button if each.label == "Evaluate").click().run()
    app.session_state["reading-evaluate"].thread.join(60)
    app.run()
    assert not app.exception
    assert "No column 'book'" in app.error[0].value


def test_fit_asks_for_no_labels(log, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "deepfield.dashboard.fit_tab.fit_in_background",
        lambda fit, source, **named: asked.update(named, source=source),
    )
    app = AppTest.from_function(fit, default_timeout=60).run()
    app.text_input(key="reading-fit-path").set_value(str(log)).run()
    assert not [each.label for each in app.selectbox if "labels" in each.label]
    next(each for each in app.selectbox if each.label == "book").set_value("title")
    app.text_input(key="reading-fit-name").set_value("mine")
    next(each for each in app.button if each.label == "Fit").click().run()
    assert not app.exception
    assert asked["source"] == log
    assert (asked["label"], asked["group"]) == (None, None)
    assert asked["columns"]["book"] == "title"


def test_a_fit_that_ended_shows_its_figures_beside_the_baselines(log):
    Fitting(Reading(), log, name="mine", columns={"book": "title"}).run()
    (found,) = list_fits()
    app = AppTest.from_function(fit, default_timeout=60)
    app.query_params["fit"] = found.id
    app.run()
    assert not app.exception
    assert [each.label for each in app.metric][:2] == ["NDCG@5", "recall@5"]
    assert any("Measured before it learned" in each.value for each in app.info)
    assert any("On the held-out moments" in each.value for each in app.markdown)
