"""The tab Fit of a domain that learns from documents, without a browser."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from deepfield_glossary import Glossary
from streamlit.testing.v1 import AppTest

from deepfield.fits import Fit, find_fit, list_fits
from deepfield.fitting import Fitting
from deepfield.store import fitted_models


@pytest.fixture(autouse=True)
def glossary(tmp_path, monkeypatch) -> None:
    """Let the process of a fit find the plugin, and the page the files of this machine."""
    info = tmp_path / "installed" / "glossary-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: glossary\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deepfield]\nglossary = deepfield_glossary\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(info.parent), os.environ["PYTHONPATH"]]))
    monkeypatch.setattr("deepfield.dashboard.files_form.on_this_machine", lambda: True)


@pytest.fixture
def handbook(tmp_path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "words.txt").write_text("stove: where we cook\n")
    return folder


def page() -> None:
    from deepfield_glossary import Glossary

    from deepfield.dashboard import fit_tab

    fit_tab.show(Glossary())


def opened() -> AppTest:
    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    return app


def sent(app: AppTest, name: str = "house", **boxes: bool) -> AppTest:
    app.text_input(key="glossary-fit-name").set_value(name)
    for box, value in boxes.items():
        app.checkbox(key=f"glossary-fit-{box}").set_value(value)
    next(each for each in app.button if each.label == "Fit").click().run()
    assert not app.exception
    return app


def ended(app: AppTest) -> Fit:
    named = app.query_params["fit"]
    id = named if isinstance(named, str) else named[0]
    deadline = time.monotonic() + 120
    while find_fit(id).running and time.monotonic() < deadline:
        time.sleep(0.1)
    app.run()
    assert not app.exception
    return find_fit(id)


def test_uploads_become_a_model_that_can_be_used(home):
    app = opened()
    assert any("your own documents" in each.value for each in app.markdown)
    assert not app.selectbox
    uploader = app.file_uploader(key="glossary-fit-upload")
    assert (uploader.accept_multiple_files, uploader.allowed_type) == (
        True,
        [".txt", ".terms", ".zip"],
    )
    uploader.set_value(
        [
            ("house.txt", b"stove: where we cook\npantry: where food lies", "text/plain"),
            ("../odd.txt", b"no colon", "text/plain"),
        ]
    )
    fit = ended(sent(app))
    assert (fit.state, fit.message) == ("done", "")
    assert fit.result["files"] == 1
    shown = {each.label: each.value for each in app.metric}
    assert shown == {"files read": "1", "documents": "1", "terms": "2"}
    assert [each.label for each in app.expander][:1] == ["1 file was set aside"]
    assert "odd.txt" in app.dataframe[0].value["source"][0]
    assert "has a line without a colon" in app.dataframe[0].value["reason"][0]
    use = next(each for each in app.button if each.label == "Use house")
    use.click().run()
    assert app.session_state["glossary-model"] == "house"
    assert not list(home.glob("fits/*/work"))


def test_a_folder_of_this_machine_is_added(handbook, tmp_path):
    Fitting(Glossary(), handbook, name="house").run()
    more = tmp_path / "more"
    more.mkdir()
    (more / "attic.terms").write_text("attic: under the roof\n")
    app = opened()
    app.text_input(key="glossary-fit-path").set_value(str(more)).run()
    fit = ended(sent(app, add=True))
    assert (fit.state, fit.message) == ("done", "")
    shown = {each.label: each.value for each in app.metric}
    assert shown == {"added": "1", "documents": "2", "terms": "2"}
    (model,) = fitted_models(Glossary())
    entries = json.loads((model.folder / "config.json").read_text())["entries"]
    assert {each["term"] for each in entries} == {"stove", "attic"}


@pytest.mark.parametrize(
    ("boxes", "sentence"),
    [
        ({"add": True}, "No fitted model of glossary to change named 'attic'"),
        ({"add": True, "overwrite": True}, "adding, removing and overwriting exclude"),
    ],
)
def test_what_cannot_be_added_is_one_sentence(handbook, boxes, sentence):
    app = opened()
    app.text_input(key="glossary-fit-path").set_value(str(handbook)).run()
    sent(app, "attic", **boxes)
    assert sentence in app.error[0].value.replace("\\", "")
    assert list_fits() == []


def test_a_taken_name_nothing_chosen_and_one_name_twice(handbook):
    Fitting(Glossary(), handbook, name="house").run()
    app = sent(opened())
    assert app.warning[0].value == "Choose documents and a name first."
    app.text_input(key="glossary-fit-path").set_value(str(handbook)).run()
    sent(app)
    assert "has a fitted model 'house' already" in app.error[0].value.replace("\\", "")
    uploads = [("a.txt", b"x: y", "text/plain"), ("a.txt", b"z: y", "text/plain")]
    app.file_uploader(key="glossary-fit-upload").set_value(uploads).run()
    sent(app, "other")
    assert "Two files are named 'a.txt'" in app.error[0].value.replace("\\", "")


def test_a_fit_is_cancelled_from_the_page(tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(3_000):
        (folder / f"{number}.txt").write_text(f"term{number}: meaning\n" * 20)
    app = opened()
    app.text_input(key="glossary-fit-path").set_value(str(folder)).run()
    sent(app)
    next(each for each in app.button if each.label == "Cancel the fit").click().run()
    fit = ended(app)
    assert fit.state == "stopped"
    assert fitted_models(Glossary()) == []
    assert "stopped; nothing of it was kept" in app.warning[0].value


def test_a_folder_of_nothing_is_shown_as_a_failure(tmp_path):
    (tmp_path / "empty").mkdir()
    app = opened()
    app.text_input(key="glossary-fit-path").set_value(str(tmp_path / "empty")).run()
    fit = ended(sent(app))
    assert fit.state == "failed"
    assert "holds no file that is read: .txt, .terms" in app.error[0].value.replace("\\", "")
