"""Fits to pictures in folders, in archives and in tables."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deepfield_flowers.linear import LinearFitOptions
from PIL import Image as Picture
from safetensors.numpy import save_file

import deepfield
from deepfield.domain import Domain, ModelSpec
from deepfield.errors import InputError, UsageError
from deepfield.fields import Image, Label
from deepfield.fitting import Fitting
from deepfield.labelled import read_labelled
from deepfield.loading import load_model
from deepfield.predictor import Predictor
from deepfield.scoring import Job
from deepfield.selftest import check_model
from deepfield.store import find_model
from deepfield.table import Table


class ShadePredictor(Predictor):
    """The nearest mean grey: the least that can be learned from a picture."""

    FitOptions = LinearFitOptions

    def __init__(self, classes, centres):
        self.inputs = Table(Image("image", mode="L", size=(8, 8)))
        self.outputs = Table(Label("shade", values=classes))
        self.classes, self.centres = classes, centres

    @classmethod
    def load(cls, folder, device="auto"):
        from safetensors.numpy import load_file

        return cls(tuple(folder.config["classes"]), load_file(folder.weights)["centres"])

    def predict(self, rows, options):
        grey = np.array([each.mean() for each in rows["image"]])
        nearest = np.abs(grey[:, None] - self.centres).argmin(axis=1)
        return pd.DataFrame(
            {"shade": np.array(self.classes)[nearest], "confidence": 1.0, "trust": "ok"},
            index=rows.index,
        )

    def explain(self, rows, options):
        return []

    @classmethod
    def fit(cls, training, validation, folder, *, base, options, report, device="auto"):
        assert training["image"].iloc[0].shape == (8, 8)
        grey = training["image"].map(np.mean).groupby(training["label"]).mean()
        write_shades(folder, tuple(grey.index), grey.to_numpy())
        report(1.0)


def write_shades(folder: Path, classes, centres) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"classes": list(classes)}))
    save_file({"centres": np.asarray(centres, dtype=float)}, folder / "model.safetensors")


@pytest.fixture
def shades(tmp_path, monkeypatch) -> Domain:
    write_shades(tmp_path / "shipped", ("dark", "light"), (60, 190))
    body = {
        "name": "shades", "title": "Shades", "question": "Dark or light?",
        "inputs": Table(Image("image", mode="L")), "outputs": Table(Label("shade")),
        "models": (ModelSpec("plain", "ANN", "shades:ShadePredictor"),),
        "samples": lambda self: pd.DataFrame(),
    }  # fmt: skip
    monkeypatch.setattr(ModelSpec, "folder", tmp_path / "shipped")
    for module in ("loading", "fitting.bases", "fitting.fitting"):
        monkeypatch.setattr(f"deepfield.{module}.predictor_class", lambda spec: ShadePredictor)
    return type("Shades", (Domain,), body)()


def grey(value: int, seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(value - 20, value + 20, (12, 12), dtype=np.uint8)
    file = BytesIO()
    Picture.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path) -> Path:
    """Ten dark and twelve light pictures, in a folder for each."""
    for name, value, count in (("dark", 60, 10), ("light", 190, 12)):
        (tmp_path / "films" / name).mkdir(parents=True)
        for number in range(count):
            place = tmp_path / "films" / name / f"{number:02}.png"
            place.write_bytes(grey(value, value + number))
    return tmp_path / "films"


def zipped(folder: Path, prefix: str = "") -> Path:
    place = folder.with_suffix(".zip")
    with zipfile.ZipFile(place, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, prefix + str(file.relative_to(folder)))
    return place


def test_folder_zip_and_table_are_the_same_rows(folder, shades):
    listed = [
        (f"{each.parent.name}/{each.name}", each.parent.name) for each in folder.rglob("*.png")
    ]
    table = folder / "films.csv"
    pd.DataFrame(listed, columns=["image", "label"]).to_csv(table, index=False)
    prints = set()
    for source in (folder, str(folder), zipped(folder), zipped(folder, "deep/er/"), table):
        fitted = Fitting(shades, source, name="mine", overwrite=True).run()
        assert fitted.evaluation.figure("accuracy").value == 1.0
        prints.add(fitted.folder.config["data"]["fingerprint"])
    assert len(prints) == 1


def test_pictures_are_read_as_the_fitted_model_will_read_them(folder, shades, monkeypatch):
    shapes = set()
    honest = ShadePredictor.fit.__func__

    def fit(cls, training, validation, *arguments, **named):
        shapes.update(each.shape for each in [*training["image"], *validation["image"]])
        larger = training["image"].map(lambda each: each.repeat(2, axis=0).repeat(2, axis=1))
        honest(cls, training.assign(image=larger), validation, *arguments, **named)

    def halved(cls, inputs, options, sample):
        assert sample is None
        return inputs.replace(Image("image", mode="L", size=(4, 4)))

    monkeypatch.setattr(ShadePredictor, "fit", classmethod(fit))
    monkeypatch.setattr(ShadePredictor, "fit_inputs", classmethod(halved))
    assert Fitting(shades, folder, name="mine").run().evaluation.rows == 4
    assert shapes == {(4, 4)}


def test_golden_rows_of_pictures_match_and_the_card_says_whose_they_are(folder, shades):
    fitted = Fitting(shades, folder, name="mine").run()
    inputs, _ = fitted.folder.golden()
    assert inputs["image"][0].startswith(b"\x89PNG")
    assert check_model(shades, find_model(shades, "mine")).passed
    assert "share the folder only with those" in fitted.folder.card


def test_names_that_are_no_utf8_do_not_end_a_fit(folder, shades):
    for number, name in enumerate((b"R\xf6ntgen.png", b"kaputt \xe4.png")):
        text = (folder / "dark" / os.fsdecode(name)).write_bytes
        text(grey(60, 500) if number == 0 else b"x")
    (folder / "dark").rename(folder / os.fsdecode(b"d\xfcster"))
    whole = folder.rename(folder.with_name(os.fsdecode(b"\xc4rzte")))
    fitted = Fitting(shades, whole, name="mine").run()
    assert fitted.evaluation.classes == ["d\ufffdster", "light"]
    aside = pd.read_csv(fitted.folder.path / "rejected.csv")
    assert aside["source"][0].endswith("/d\ufffdster/kaputt \ufffd.png")
    result = Job(load_model(shades, "mine"), whole).run()
    assert result.frame["image"].str.endswith("R\ufffdntgen.png").sum() == 1


def test_slices_of_one_file_are_kept_together_and_the_card_says_so(folder, shades, monkeypatch):
    honest = read_labelled

    def by_file(*arguments, **named):
        found = honest(*arguments, **named)
        files = pd.Series([f"file {n // 2}" for n in range(22)], found.rows.index, name="file")
        return replace(found, groups=files, by_file=True)

    monkeypatch.setattr("deepfield.fitting.reading.read_labelled", by_file)
    fitted = Fitting(shades, folder, name="mine").run()
    assert "by file, so that the slices or frames of one file were kept" in fitted.folder.card
    assert "bootstrap resamples of whole files" in fitted.folder.card
    assert "intervals draw whole files" in fitted.evaluation.notes[-1]
    assert fitted.evaluation.by_group


def test_a_picture_in_two_classes_is_refused_by_name(folder, shades):
    (folder / "light" / "copy.png").write_bytes((folder / "dark" / "03.png").read_bytes())
    with pytest.raises(InputError, match=r"(?s)is 'dark' in row 4 .*03\.png.*light/copy\.png"):
        Fitting(shades, folder, name="mine").run()


def test_a_picture_twice_in_a_class_counts_once(folder, shades):
    (folder / "dark" / "copy.png").write_bytes((folder / "dark" / "03.png").read_bytes())
    fitted = Fitting(shades, folder, name="mine").run()
    assert (fitted.duplicates, sum(fitted.sizes.values())) == (1, 22)
    assert "1 pictures were there twice" in fitted.folder.card


def test_an_empty_class_is_named(folder, shades):
    (folder / "middling").mkdir()
    for source in (folder, zipped(folder)):
        with pytest.raises(InputError, match="The class folder 'middling' of .* holds no pictures"):
            Fitting(shades, source, name="mine")


def test_pictures_side_by_side_have_no_class(folder, shades):
    with pytest.raises(InputError, match="no folder for each class: its pictures lie side by side"):
        Fitting(shades, folder / "dark", name="mine")
    (folder / "loose.png").write_bytes(grey(60, 1))
    found = read_labelled(folder, shades.inputs)
    assert [each.reason for each in found.rejected] == ["lies in no class folder"]


def test_one_class_four_pictures_and_a_group_of_a_folder(folder, shades):
    with pytest.raises(UsageError, match="has no column 'patient'"):
        Fitting(shades, folder, name="mine", group="patient")
    for each in [*sorted(folder.rglob("*.png"))]:
        if each.name not in ("00.png", "01.png"):
            each.unlink()
    with pytest.raises(InputError, match=r"of 4 rows 'dark' has 2, 'light' has 2"):
        Fitting(shades, folder, name="mine")
    for each in (folder / "light").iterdir():
        each.unlink()
    (folder / "light").rmdir()
    with pytest.raises(InputError, match="All 2 rows of .* are 'dark'"):
        Fitting(shades, folder, name="mine")


def test_broken_pictures_are_set_aside_and_may_leave_too_few(folder, shades):
    (folder / "dark" / "00.png").write_text("x")
    fitted = Fitting(shades, folder, name="mine").run()
    assert fitted.rejected == 1
    for number in range(1, 6):
        (folder / "dark" / f"{number:02}.png").write_text("x")
    with pytest.raises(InputError, match="'dark' has 4"):
        Fitting(shades, folder, name="other").run()


def test_evaluating_pictures_by_folder(folder, shades):
    found = deepfield.evaluate(load_model(shades), folder)
    assert found.counts == {"dark": 10, "light": 12}
    assert found.figure("accuracy").low == pytest.approx(0.025 ** (1 / 22))
