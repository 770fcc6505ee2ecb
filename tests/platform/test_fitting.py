from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from deepfield_flowers import SPECIES, Flowers
from deepfield_flowers.linear import LinearFitOptions, LinearPredictor
from PIL import Image as Picture
from safetensors.numpy import save_file
from sklearn.datasets import load_iris

import deepfield
from deepfield.background import fit_in_background, prepare_fit, run_fit, starting
from deepfield.domain import Domain, ModelSpec
from deepfield.errors import ContractError, DeepfieldError, InputError, NotFoundError, UsageError
from deepfield.fields import Image, Label
from deepfield.fits import find_fit, forget_fit, list_fits, start_fit
from deepfield.fitting import Fitting, Stopped
from deepfield.fitting.data import check_rows
from deepfield.fitting.splitting import split
from deepfield.labelled import Labelled, read_labelled
from deepfield.loading import load_model
from deepfield.models import ModelFolder
from deepfield.plugins import Registry
from deepfield.predictor import Predictor
from deepfield.scoring import Job
from deepfield.selftest import check_model
from deepfield.store import find_model, fitted_models, keep_model
from deepfield.table import Table
from deepfield.testing import _Plugin


@pytest.fixture(scope="module")
def irises() -> pd.DataFrame:
    found = load_iris()
    frame = pd.DataFrame(found.data, columns=Flowers.inputs.names)
    return frame.assign(label=[SPECIES[each] for each in found.target])


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    registry.add(_Plugin(Flowers()), "flowers")
    return registry


def rows_of(counts: dict[str, int], groups: list[str] | None = None) -> Labelled:
    labels = [name for name, count in counts.items() for _ in range(count)]
    index = pd.RangeIndex(1, len(labels) + 1)
    return Labelled(
        "rows",
        pd.DataFrame({"x": range(len(labels))}, index),
        pd.Series(labels, index),
        None if groups is None else pd.Series(groups, index, name="patient"),
    )


# The whole way, with a table.


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


# How a fit ends.


def test_cancel_leaves_nothing_and_says_so(irises, home):
    fitting = Fitting(Flowers(), irises, name="mine", options={"steps": 50})
    fitting.on_progress = lambda progress: fitting.cancel() if progress.figures else None
    with pytest.raises(Stopped, match="nothing of it was kept"):
        fitting.run()
    (fit,) = list_fits()
    assert (fit.state, len(fit.log)) == ("stopped", 1)
    assert not fit.work.exists()
    assert not (home / "models").exists()


def test_ctrl_c_is_a_cancel(irises):
    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(Stopped):
        Fitting(Flowers(), irises, name="mine", on_progress=interrupt).run()
    assert list_fits()[0].state == "stopped"


def test_ctrl_c_that_comes_too_late_tells_the_truth(irises, registry, monkeypatch):
    def keep(*arguments, **named):
        keep_model(*arguments, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr("deepfield.fitting.fitting.keep_model", keep)
    with pytest.raises(Stopped, match="too late to stop: the model 'mine' is whole"):
        Fitting(Flowers(), irises, name="mine").run()
    (fit,) = list_fits()
    assert (fit.state, fit.done, fit.message) == ("done", 1.0, "")
    assert [each.name for each in fitted_models(Flowers())] == ["mine"]


def test_of_two_fits_to_one_name_the_first_to_end_wins(irises):
    slow = Fitting(Flowers(), irises, name="mine")
    quick = Fitting(Flowers(), irises.head(120), name="mine").run()
    with pytest.raises(UsageError, match="has a fitted model 'mine' already"):
        slow.run()
    assert list_fits()[0].state == "failed" or list_fits()[1].state == "failed"
    assert ModelFolder(find_model(Flowers(), "mine").folder).hash == quick.folder.hash


def test_a_mistyped_path_is_said_before_a_model_is_loaded(tmp_path, registry, monkeypatch):
    def never(*arguments, **named):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("deepfield.fitting.fitting.load_model", never)
    monkeypatch.setattr("deepfield.api.load_model", never)
    with pytest.raises(InputError, match="No file or folder 'irisses.csv'"):
        deepfield.fit("flowers", "irisses.csv", name="mine", registry=registry)
    with pytest.raises(InputError, match="No file or folder 'irisses.csv'"):
        deepfield.evaluate("flowers", "irisses.csv", registry=registry)


def test_what_keeps_a_prepared_fit_from_starting_is_recorded(tmp_path):
    for error in (DeepfieldError("No space."), OSError(errno.ENOSPC, "No space left")):
        fit = prepare_fit("flowers", "mine", "x", "dashboard")
        with pytest.raises(type(error)), starting(fit):
            raise error
        assert find_fit(fit.id).state == "failed"
        assert "No space" in find_fit(fit.id).message
        assert not fit.work.exists()


def test_another_process_may_stop_a_fit_by_its_folder(irises):
    fitting = Fitting(Flowers(), irises, name="mine", options={"steps": 50})
    fitting.on_progress = lambda progress: find_fit(fitting.fit.id).stop()
    with pytest.raises(Stopped):
        fitting.run()


@pytest.mark.parametrize(
    ("raised", "expected", "said"),
    [
        (OSError(errno.ENOSPC, "No space left"), DeepfieldError, "the disk is full"),
        (ZeroDivisionError("division by zero"), ZeroDivisionError, "division by zero"),
    ],
)
def test_failure_is_recorded_and_leaves_nothing(irises, monkeypatch, raised, expected, said):
    def broken(cls, *arguments, **named):
        raise raised

    monkeypatch.setattr(LinearPredictor, "fit", classmethod(broken))
    with pytest.raises(expected, match=said):
        Fitting(Flowers(), irises, name="mine").run()
    (fit,) = list_fits()
    assert fit.state == "failed"
    assert said in fit.message
    assert not fit.work.exists()
    assert fitted_models(Flowers()) == []


def test_a_fit_that_writes_no_model_breaks_the_contract(irises, monkeypatch):
    monkeypatch.setattr(LinearPredictor, "fit", classmethod(lambda cls, *a, **k: None))
    with pytest.raises(ContractError, match="wrote no model"):
        Fitting(Flowers(), irises, name="mine").run()


def test_a_fit_that_ignores_the_classes_breaks_the_contract(irises, monkeypatch):
    own = irises.assign(label=irises["label"].str.upper())
    honest = LinearPredictor.load.__func__
    monkeypatch.setattr(
        LinearPredictor,
        "load",
        classmethod(lambda cls, f, device: cls(SPECIES, honest(cls, f).weights)),
    )
    with pytest.raises(ContractError, match="does not take its classes from the rows"):
        Fitting(Flowers(), own, name="mine").run()


def test_a_fit_whose_process_is_gone_is_lost_and_cleared(home):
    fit = start_fit(domain="flowers", name="mine", source="x", face="python")
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    fit.update(process=gone.pid)
    assert fit.work.is_dir()
    assert [each.state for each in list_fits("flowers")] == ["lost"]
    assert not fit.work.exists()
    forget_fit(fit.id)
    assert list_fits() == []
    with pytest.raises(NotFoundError):
        find_fit(fit.id)


def test_a_running_fit_is_not_forgotten():
    fit = start_fit(domain="flowers", name="mine", source="x", face="python")
    with pytest.raises(DeepfieldError, match="is running; stop it first"):
        forget_fit(fit.id)


@pytest.mark.parametrize("id", ["../runs", "", "nothing"])
def test_a_fit_is_found_only_by_a_plain_identifier(id):
    with pytest.raises(NotFoundError):
        find_fit(id)


def test_run_of_a_prepared_fit_keeps_its_record(irises, registry, monkeypatch):
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: registry))
    fit = prepare_fit("flowers", "mine", "my upload.csv", "dashboard")
    irises.to_csv(fit.work / "upload.csv", index=False)
    asked = {"path": str(fit.work / "upload.csv"), "base": None, "label": "label"}
    fit.update(
        request={**asked, "group": None, "columns": {}, "overwrite": False, "options": {"steps": 2}}
    )
    run_fit(fit.id)
    done = find_fit(fit.id)
    assert (done.state, done.done, done.base, len(done.log)) == ("done", 1.0, "linear", 2)
    assert done.process == os.getpid()
    assert done.result["source"] == "my upload.csv"
    assert not done.work.exists()
    assert "my upload.csv" in ModelFolder(find_model(Flowers(), "mine").folder).card


def test_a_wrong_request_ends_a_prepared_fit_with_its_sentence(irises, registry, monkeypatch):
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: registry))
    fit = prepare_fit("flowers", "mine", "rows.csv", "dashboard")
    irises.drop(columns="label").to_csv(fit.work / "upload.csv", index=False)
    asked = {"path": str(fit.work / "upload.csv"), "base": None, "label": "label"}
    fit.update(request={**asked, "group": None, "columns": {}, "overwrite": False, "options": {}})
    run_fit(fit.id)
    found = find_fit(fit.id)
    assert found.state == "failed"
    assert "'rows.csv' has no column 'label'" in found.message
    assert not found.work.exists()


def test_a_process_that_dies_at_once_is_recorded(monkeypatch, tmp_path):
    (tmp_path / "broken").write_text("import sys; print('no such thing'); sys.exit(7)")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    fit = fit_in_background(prepare_fit("flowers", "mine", "x", "dashboard"), tmp_path / "x.csv")
    from threading import enumerate as threads

    for thread in threads():
        if "_watch" in thread.name:
            thread.join(20)
    assert find_fit(fit.id).state == "failed"
    assert "ended with code 1" in find_fit(fit.id).message


# The split.


def test_split_shares_no_row_and_holds_every_class():
    rows = rows_of({"a": 700, "b": 200, "c": 5})
    parts = split(rows)
    assert parts.sizes == {"training": 633, "validation": 136, "test": 136}
    everything = [*parts.training, *parts.validation, *parts.test]
    assert sorted(everything) == list(rows.rows.index)
    for part in vars(parts).values():
        assert set(rows.labels[part]) == {"a", "b", "c"}
    assert list(split(rows).test) == list(parts.test)


def test_split_by_group_parts_no_group():
    generator = np.random.default_rng(0)
    groups = [f"p{each}" for each in generator.integers(0, 60, 600)]
    rows = rows_of({"a": 400, "b": 200}, groups)
    parts = split(rows)
    seen = [set(rows.groups[part]) for part in vars(parts).values()]
    assert len(set.union(*seen)) == sum(map(len, seen))
    assert all(set(rows.labels[part]) == {"a", "b"} for part in vars(parts).values())
    assert 60 < parts.sizes["test"] < 120


def test_groups_that_cannot_be_split_say_so():
    with pytest.raises(InputError, match="The class 'b' comes from 2 groups of 'patient'"):
        split(rows_of({"a": 9, "b": 9}, [*"abcabcabc", *"dedededed"]))


def test_fit_by_group(irises, registry):
    rows = irises.assign(bed=[f"bed {n % 25}" for n in range(150)])
    fitted = deepfield.fit("flowers", rows, name="mine", group="bed", registry=registry)
    assert "by the column 'bed', so that no group stands in two parts" in fitted.folder.card
    assert fitted.fit.request["group"] == "bed"
    assert fitted.fit.state == "done"


def test_categorical_labels_and_groups_are_fitted(irises, registry):
    rows = irises.assign(
        label=irises["label"].astype("category"), bed=pd.Categorical(np.arange(150) % 25)
    )
    fitted = deepfield.fit("flowers", rows, name="mine", group="bed", registry=registry)
    assert sum(fitted.sizes.values()) == 150


def test_words_of_others_are_no_markdown_in_the_card(irises, registry):
    rows = irises.assign(**{"![x](http://x)": np.arange(150) % 25})
    fitted = deepfield.fit("flowers", rows, name="mine", group="![x](http://x)", registry=registry)
    assert "![x](http" not in fitted.folder.card.split("## Reproduce")[0]


# Pictures, in folders.


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
