"""The tab Evaluate of a domain that draws lines over pictures, without a browser."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZipFile

import pytest
from deepfield_stripes import HEIGHTS, drawn
from PIL import Image
from streamlit.testing.v1 import AppTest

from deepfield.dashboard.lines_form import Together
from deepfield.errors import DeepfieldError


@pytest.fixture(autouse=True)
def on_this_machine(monkeypatch):
    monkeypatch.setattr("deepfield.dashboard.lines_form.on_this_machine", lambda: True)


@pytest.fixture
def labels(tmp_path) -> Path:
    Image.fromarray(drawn({250: 30, 200: 80})).save(tmp_path / "1.png")
    lanes = [[30] * len(HEIGHTS), [60] * len(HEIGHTS)]
    row = {"raw_file": "1.png", "lanes": lanes, "h_samples": HEIGHTS, "drive": "a"}
    (tmp_path / "mine.json").write_text(json.dumps(row))
    return tmp_path / "mine.json"


def evaluate() -> None:
    from deepfield_stripes import Stripes

    from deepfield.dashboard import cached, evaluate_tab

    evaluate_tab.show(cached.model(Stripes(), "bright"))


def test_evaluate_shows_figures_and_the_worst_pictures(labels):
    app = AppTest.from_function(evaluate, default_timeout=60).run()
    assert any("pictures whose lines you know" in each.value for each in app.markdown)
    assert not [each.label for each in app.selectbox if "labels" in each.label]
    assert not app.text_area
    app.text_input(key="stripes-evaluate-path").set_value(str(labels)).run()
    app.text_input(key="stripes-evaluate-group").set_value("drive")
    next(each for each in app.button if each.label == "Evaluate").click().run()
    app.session_state["stripes-evaluate"].thread.join(60)
    app.run()
    assert not app.exception
    assert not app.error
    assert [each.label for each in app.metric][:2] == ["accuracy", "F1"]
    assert app.metric[0].value == "0.500"
    assert any("2 labelled and 2 drawn lines" in each.value for each in app.info)
    assert any("resamples of whole groups" in each.value for each in app.caption)
    assert "1.png" in app.dataframe[-1].value["picture"].to_list()


def test_evaluate_says_what_is_wrong(labels):
    labels.write_text("")
    app = AppTest.from_function(evaluate, default_timeout=60).run()
    app.text_input(key="stripes-evaluate-path").set_value(str(labels)).run()
    next(each for each in app.button if each.label == "Evaluate").click().run()
    app.session_state["stripes-evaluate"].thread.join(60)
    app.run()
    assert not app.exception
    assert "no line of it tells the lines" in app.error[0].value


def upload(name: str, data: bytes):
    return SimpleNamespace(name=name, getbuffer=lambda: memoryview(data))


def test_uploads_side_by_side_become_an_archive(labels, tmp_path):
    files = [labels, labels.with_name("1.png")]
    chosen = Together(uploads=[upload(f"../{each.name}", each.read_bytes()) for each in files])
    assert chosen
    assert chosen.name == "../mine.json"
    place = chosen.put_into(tmp_path)
    assert sorted(ZipFile(place).namelist()) == ["1.png", "labels-mine.json"]


def test_an_archive_is_uploaded_by_itself(tmp_path):
    file = BytesIO()
    ZipFile(file, "w").close()
    archive = upload("all.zip", file.getvalue())
    assert Together(uploads=[archive]).put_into(tmp_path).name == "upload.zip"
    with pytest.raises(DeepfieldError, match=r"Upload an archive by itself: 'all.zip'"):
        Together(uploads=[archive, upload("labels.json", b"{}")]).put_into(tmp_path)
    assert not Together()
