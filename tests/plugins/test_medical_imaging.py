"""The shipped classifiers on made-up scans; their figures on real ones are in their cards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from deepfield.loading import Model, load_model
from deepfield.models import ModelFolder
from deepfield.scoring import Job
from deepfield.store import find_model
from deepfield.suggestion import suggest
from deepfield_medical_imaging import MedicalImaging
from deepfield_medical_imaging.synthesis import generators


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(MedicalImaging())


def test_probability_label_and_confidence_agree(model, made):
    results = model.predict(made)
    ill = results["pneumonia"] >= 0.5
    assert (results["finding"] == np.where(ill, "pneumonia", "normal")).all()
    expected = np.where(ill, results["pneumonia"], 1 - results["pneumonia"])
    np.testing.assert_allclose(results["confidence"], expected)


def test_threshold_moves_the_call_and_nothing_else(model, made):
    usual, eager = model.predict(made), model.predict(made, threshold=0.01)
    pd.testing.assert_series_equal(usual["pneumonia"], eager["pneumonia"])
    assert (eager["finding"] == "pneumonia").sum() >= (usual["finding"] == "pneumonia").sum()


def test_stricter_promise_abstains_more(model):
    calibration = model.predictor.calibration
    levels = [calibration.least_confidence(error) for error in (0.005, 0.02, 0.05, 0.2)]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < levels[0]


def test_brightness_and_contrast_change_nothing(model, made):
    from deepfield.images import read_picture

    film = read_picture(made["image"][0]).astype(float)
    changed = [film, film * 0.5, film * 0.5 + 60]
    frame = pd.DataFrame({"image": [each.round().astype(np.uint8) for each in changed]})
    assert np.ptp(model.predict(frame)["pneumonia"]) < 0.05


def test_foreign_pictures_are_unfamiliar(model):
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (128, 64))
    gradient = np.tile(np.arange(256, dtype=np.uint8), (256, 1))
    black = np.zeros((64, 64), dtype=np.uint8)
    frame = pd.DataFrame({"image": [noise, stripes, gradient, black]})
    assert (model.predict(frame)["trust"] == "unfamiliar").all()


def test_torch_and_openvino_give_the_same_answers(model, made, monkeypatch):
    from deepfield.neural import engines

    fast = model.predict(made)
    monkeypatch.setattr(engines, "find_spec", lambda name: None)  # as if it were not installed
    plain = load_model(MedicalImaging(), device="cpu")
    assert isinstance(plain.predictor.engine, engines.TorchEngine)
    np.testing.assert_allclose(plain.predict(made)["pneumonia"], fast["pneumonia"], atol=1e-2)


def test_modes_and_depths_of_one_film_give_one_answer(model, made, tmp_path):
    from deepfield.images import open_picture

    film = open_picture(made["image"][0], "L")
    deep = Image.fromarray(np.asarray(film).astype(np.uint16) * 200)
    film.save(tmp_path / "grey.png")
    film.convert("RGB").save(tmp_path / "colour.png")
    film.convert("CMYK").save(tmp_path / "print.tiff")
    film.convert("RGBA").save(tmp_path / "alpha.png")
    film.convert("P").save(tmp_path / "palette.gif")
    deep.save(tmp_path / "deep.png")
    result = Job(model, tmp_path).run()
    assert len(result.frame) == 6
    assert np.ptp(result.frame["pneumonia"]) < 0.05


def test_heat_map_lies_where_the_explanation_says(model, made):
    for explanation in model.explain(made):
        heat = explanation.heatmap.values
        assert heat.shape == (model.folder.config["image_size"] // 16,) * 2
        assert heat.max() == pytest.approx(1.0)
        assert "Called" in explanation.summary
        assert "of the picture" in explanation.summary


def test_two_visitors_may_ask_for_reasons_at_once(model, made):
    alone = [each.heatmap.values for each in model.explain(made)]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: model.explain(made), range(6)):
            for one, other in zip(alone, found, strict=True):
                np.testing.assert_allclose(one, other.heatmap.values, atol=1e-5)


def test_scoring_opens_no_connection(films):
    """OpenVINO's telemetry among others: nothing goes to the network unless asked."""
    code = (
        "import socket, deepfield\n"
        "def refuse(*args, **kwargs): raise SystemExit('a connection was tried')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        f"deepfield.score('medical-imaging', {str(films)!r}, explain=True)\n"
        "import sys; sys.exit('telemetry' if sys.modules.get('openvino_telemetry') else 0)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def slices() -> pd.DataFrame:
    """Brain slices that nobody has, two of each class."""
    return generators()[1].generate(8, seed=3)


def test_of_four_classes_the_likeliest_is_called(slices):
    results = load_model(MedicalImaging(), "brain-mri").predict(slices)
    classes = ["no tumour", "glioma", "meningioma", "pituitary"]
    np.testing.assert_allclose(results[classes].sum(axis=1), 1, atol=1e-5)
    assert (results["finding"] == results[classes].idxmax(axis=1)).all()
    np.testing.assert_allclose(results["confidence"], results[classes].max(axis=1))


def test_a_brain_given_to_the_chest_model_is_flagged_and_the_right_model_named(model, slices):
    result = Job(model, slices).run()
    assert (result.frame["trust"] == "unfamiliar").all()
    found = suggest(model, result.unfamiliar, partial(load_model, MedicalImaging()))
    assert found is not None
    assert found.model == "brain-mri"
    assert found.known >= found.tried / 2


def test_no_model_is_named_for_noise(model):
    generator = np.random.default_rng(0)
    noise = [generator.integers(0, 256, (96, 96), dtype=np.uint8) for _ in range(3)]
    result = Job(model, pd.DataFrame({"image": noise})).run()
    assert len(result.unfamiliar) == 3
    assert (
        suggest(model, result.unfamiliar, lambda name: load_model(MedicalImaging(), name)) is None
    )


SHIPPED = [spec.name for spec in MedicalImaging.models]


@pytest.mark.parametrize("name", SHIPPED)
def test_card_tells_clean_figures_from_corrupted_ones(name):
    figures = ModelFolder(find_model(MedicalImaging(), name).folder).figures
    assert {each["dataset"].rpartition(", ")[2] for each in figures} == {"clean", "mean"}
    assert len({(each["dataset"], each["metric"]) for each in figures}) == len(figures)


@pytest.mark.parametrize(
    ("name", "least", "deletion"),
    [("chest-xray", {"auc": 0.988}, 0.8), ("brain-mri", {"macro_f1": 0.96}, 0.7)],
)
def test_shipped_model_reaches_what_its_card_says_and_is_small(name, least, deletion):
    folder = ModelFolder(find_model(MedicalImaging(), name).folder)
    assert sum(file.stat().st_size for file in folder.path.rglob("*")) < 25 * 2**20
    figures = json.loads((folder.path / "figures.json").read_text())
    for baseline in figures["baselines"].values():
        assert figures["clean"]["accuracy"] > baseline["accuracy"]
    for metric, bound in least.items():
        assert figures["clean"][metric] >= bound
    assert figures["clean"]["ece"] <= 0.05
    assert figures["deletion"]["hottest hurts more than random pixels"] >= deletion
    assert figures["guard"]["own scans flagged"] <= 0.0205
    shown = {each["metric"]: each["value"] for each in folder.figures[:5]}
    assert shown["auc"] == pytest.approx(figures["clean"]["auc"], abs=1e-4)
