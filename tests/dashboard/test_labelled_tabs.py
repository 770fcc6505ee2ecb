"""The tabs Evaluate and Fit, without a browser."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from deepfield_flowers import SPECIES, Flowers
from sklearn.datasets import load_iris
from streamlit.testing.v1 import AppTest

from deepfield.fits import list_fits


@pytest.fixture(autouse=True)
def on_this_machine(monkeypatch):
    monkeypatch.setattr("deepfield.dashboard.labelled_form.on_this_machine", lambda: True)


@pytest.fixture
def irises(tmp_path) -> Path:
    found = load_iris()
    frame = pd.DataFrame(found.data, columns=Flowers.inputs.names)
    place = tmp_path / "irises.csv"
    frame.assign(label=[SPECIES[each] for each in found.target]).to_csv(place, index=False)
    return place


def evaluate() -> None:
    from deepfield_flowers import Flowers

    from deepfield.dashboard import cached, evaluate_tab

    evaluate_tab.show(cached.model(Flowers(), "linear"))


def fit() -> None:
    from deepfield_flowers import Flowers

    from deepfield.dashboard import fit_tab

    fit_tab.show(Flowers())


def evaluated(app: AppTest) -> AppTest:
    next(each for each in app.button if each.label == "Evaluate").click().run()
    work = app.session_state["flowers-evaluate"]
    work.thread.join(60)
    return app.run()


def test_evaluate_has_the_options_of_the_domain_and_says_them(irises):
    app = AppTest.from_function(evaluate, default_timeout=60).run()
    app.text_input(key="flowers-evaluate-path").set_value(str(irises)).run()
    app.slider(key="flowers-evaluate-option-least").set_value(0.99)
    app = evaluated(app)
    assert not app.exception
    assert app.session_state["flowers-evaluate"].evaluation.options == {"least": 0.99}
    assert any("Options other than the defaults" in each.value for each in app.info)


@pytest.mark.parametrize("path", ["~nobody-at-all/films", "~nobody-at-all/rows.csv", "nothing/"])
def test_a_path_that_leads_nowhere_is_one_sentence_in_both_tabs(path):
    app = AppTest.from_function(evaluate, default_timeout=60).run()
    app.text_input(key="flowers-evaluate-path").set_value(path).run()
    if not app.error:
        next(each for each in app.button if each.label == "Evaluate").click().run()
    assert not app.exception
    assert len(app.error) == 1
    app = AppTest.from_function(fit, default_timeout=60).run()
    app.text_input(key="flowers-fit-path").set_value(path).run()
    if not app.error:
        app.text_input(key="flowers-fit-name").set_value("mine")
        next(each for each in app.button if each.label == "Fit").click().run()
    assert not app.exception
    assert len(app.error) >= 1
    assert [each.state for each in list_fits() if each.state != "failed"] == []


def test_what_breaks_before_a_fit_starts_does_not_leave_it_running(irises, monkeypatch):
    def broken(*arguments, **named):
        raise OSError("no more processes")

    monkeypatch.setattr("deepfield.background.subprocess.Popen", broken)
    app = AppTest.from_function(fit, default_timeout=60).run()
    app.text_input(key="flowers-fit-path").set_value(str(irises)).run()
    app.text_input(key="flowers-fit-name").set_value("mine")
    next(each for each in app.button if each.label == "Fit").click().run()
    (found,) = list_fits()
    assert (found.state, found.message) == ("failed", "OSError: no more processes")
    assert not found.work.exists()


def test_names_of_outputs_are_no_markdown():
    def page() -> None:
        from types import SimpleNamespace

        import pandas as pd

        from deepfield import Table
        from deepfield.dashboard.results_view import answer
        from deepfield.fields import Label, Number, Probability

        name = "![x](http://x)"
        outputs = Table(Label("label"), Probability(name), Number(f"{name} 2"))
        row = {"label": name, name: 0.5, f"{name} 2": 1, "confidence": 0.5, "trust": "ok"}
        answer(SimpleNamespace(outputs=outputs), pd.Series(row), None, "key")

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert "![x](" not in app.metric[0].label
    assert "![x](" not in app.subheader[0].value
    assert app.get("progress")
    assert not any("![x](" in each.proto.text for each in app.get("progress"))
