"""The tabs Evaluate and Fit for rows that have a history, without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from deepfield_events import Events, simulate
from streamlit.testing.v1 import AppTest

from deepfield.fits import list_fits
from deepfield.fitting import Fitting


@pytest.fixture(autouse=True)
def on_this_machine(monkeypatch):
    monkeypatch.setattr("deepfield.dashboard.labelled_form.on_this_machine", lambda: True)


@pytest.fixture
def events(tmp_path) -> Path:
    place = tmp_path / "events.csv"
    simulate(600).to_csv(place, index=False)
    return place


def fit() -> None:
    from deepfield_events import Events

    from deepfield.dashboard import fit_tab

    fit_tab.show(Events())


def evaluate() -> None:
    from deepfield_events import Events

    from deepfield.dashboard import cached, evaluate_tab

    evaluate_tab.show(cached.model(Events(), "logistic"))


def box(app: AppTest, label: str):
    return next(each for each in app.selectbox if each.label == label)


def asked(app: AppTest, monkeypatch) -> dict:
    """Press the button and return what a fit was asked for."""
    kept: dict = {}
    monkeypatch.setattr(
        "deepfield.dashboard.fit_tab.fit_in_background",
        lambda fit, source, **named: kept.update(named) or fit,
    )
    app.text_input(key="events-fit-name").set_value("mine")
    next(each for each in app.button if each.label == "Fit").click().run()
    assert not app.exception
    return kept


def test_the_truth_is_offered_first_and_keys_as_groups(events, monkeypatch):
    app = AppTest.from_function(fit, default_timeout=60).run()
    app.text_input(key="events-fit-path").set_value(str(events)).run()
    assert box(app, "Column of the labels").options == ["was_fault", "heat"]
    assert box(app, "Column of the groups").options == ["(none)", "heat", "machine"]
    found = asked(app, monkeypatch)
    assert (found["base"], found["label"], found["group"]) == ("logistic", None, None)


def test_a_model_that_learns_without_labels_offers_none(events, monkeypatch):
    app = AppTest.from_function(fit, default_timeout=60).run()
    box(app, "Start from").set_value("distance").run()
    app.text_input(key="events-fit-path").set_value(str(events)).run()
    assert box(app, "Column of the labels").options == ["was_fault", "heat", "(none)"]
    box(app, "Column of the labels").set_value("(none)")
    assert asked(app, monkeypatch)["label"] == ""


def test_the_page_of_a_fit_without_labels_says_how_the_answers_are_spread(events):
    Fitting(Events(), events, name="mine", base="distance", label="").run()
    (found,) = list_fits()

    def page(id: str) -> None:
        from deepfield_events import Events

        from deepfield.dashboard import fit_tab
        from deepfield.fits import find_fit

        fit_tab.ended(Events(), find_fit(id))

    app = AppTest.from_function(page, default_timeout=60, args=(found.id,)).run()
    assert not app.exception
    assert "nothing tells how often the model is right" in app.info[0].value
    assert list(app.dataframe[0].value["score"]) == ["fault", "confidence"]


def test_evaluation_has_average_precision_and_its_curve(events):
    app = AppTest.from_function(evaluate, default_timeout=60).run()
    app.text_input(key="events-evaluate-path").set_value(str(events)).run()
    next(each for each in app.button if each.label == "Evaluate").click().run()
    work = app.session_state["events-evaluate"]
    work.thread.join(60)
    app.run()
    assert not app.exception
    assert "average precision" in [each.label for each in app.metric]
    assert any("Precision and recall" in each.value for each in app.markdown)
