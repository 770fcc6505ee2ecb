"""Fits that learn from documents instead of rows: the third kind, beside labels and moments."""

from __future__ import annotations

import errno
import json
import os
import zipfile

import pandas as pd
import pytest
from deepfield_flowers import Flowers
from deepfield_flowers.linear import LinearPredictor
from deepfield_glossary import Glossary
from deepfield_glossary.letters import Letters

import deepfield
from deepfield.background import prepare_fit, run_fit
from deepfield.errors import ContractError, DeepfieldError, InputError, NotFoundError, UsageError
from deepfield.evaluation import Inventory, read_finding
from deepfield.fits import find_fit, list_fits
from deepfield.fitting import Fitting, file_endings
from deepfield.loading import load_model
from deepfield.plugins import Registry
from deepfield.predictor import FilesRead
from deepfield.selftest import check_model
from deepfield.store import find_model, fitted_models
from deepfield.testing import CHECKS, _Plugin, contract


@contract(Glossary)
def test_glossary_keeps_the_contract(domain, check):
    check(domain)


def test_fit_to_documents_gives_a_model_that_is_everywhere(handbook, glossaries):
    told = []
    fitted = deepfield.fit(
        "glossary", handbook, name="house", registry=glossaries, on_progress=told.append
    )
    found = fitted.evaluation
    assert isinstance(found, Inventory)
    assert (found.files, found.left_alone, fitted.rejected) == (2, 1, 0)
    assert found.words == "2 files were read; the model holds 2 documents, 3 terms."
    model = deepfield.load("glossary", "house", registry=glossaries)
    assert model.folder.hash == fitted.folder.hash == found.model_hash
    result = deepfield.score(model, pd.DataFrame({"term": ["Stove", "compost"]}))
    assert result.frame["meaning"].to_list() == ["where we cook", "what becomes soil"]
    assert result.frame["document"].to_list() == ["house/words.txt", "garden/words.txt"]
    assert check_model(Glossary(), find_model(Glossary(), "house")).passed
    done = [each.done for each in told]
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert {each.stage for each in told} == {"reading", "fitting", "checking"}


def test_card_says_what_was_read_and_that_nothing_was_measured(handbook, glossaries):
    fitted = deepfield.fit("glossary", handbook, name="house", registry=glossaries)
    card = fitted.folder.card
    assert card.startswith("# house")
    assert "2 files were read (2 \\.txt)" in card.replace("2 .txt", "2 \\.txt")
    assert "None. Nothing was held out" in card
    assert f"deepfield fit glossary {handbook} --name house --base letters" in card
    assert fitted.folder.figures == []
    config = fitted.folder.config
    assert (config["base"], config["domain"], config["data"]["files"]) == ("letters", "glossary", 2)
    assert config["data"]["fingerprint"] in card
    written = json.loads((fitted.folder.path / "inventory.json").read_text())
    assert written == fitted.fit.result == fitted.evaluation.to_json()
    assert read_finding(written).words == fitted.evaluation.words
    assert not (fitted.folder.path / "rejected.csv").exists()


def test_one_broken_file_is_set_aside_and_the_rest_is_read(handbook, glossaries):
    (handbook / "broken.txt").write_bytes(b"\xff\xfe\x00")
    fitted = deepfield.fit("glossary", handbook, name="house", registry=glossaries)
    assert (fitted.rejected, fitted.evaluation.files) == (1, 2)
    aside = pd.read_csv(fitted.folder.path / "rejected.csv")
    assert aside.to_dict("records") == [
        {"row": 1, "source": "broken.txt", "reason": "'broken.txt' is no text in UTF-8."}
    ]
    pd.testing.assert_frame_equal(
        read_finding(fitted.fit.result).rejected, aside, check_dtype=False
    )
    assert "1 files could not be read" in fitted.folder.card


def test_an_empty_path_is_the_folder_where_one_is(handbook, glossaries, monkeypatch):
    monkeypatch.chdir(handbook)
    fitted = deepfield.fit("glossary", "", name="house", registry=glossaries)
    assert (fitted.evaluation.source, fitted.evaluation.files) == (".", 2)


def test_same_documents_give_the_same_fingerprint_wherever_they_lie(
    handbook, glossaries, tmp_path, meaning
):
    archive = tmp_path / "handbook.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(handbook.rglob("*")):
            packed.write(file, file.relative_to(handbook))
    prints = set()
    for source in (handbook, str(handbook), archive, [handbook], {"my.zip": archive}):
        fitted = deepfield.fit(
            "glossary", source, name="house", overwrite=True, registry=glossaries
        )
        assert meaning("house", "pantry") == "where food lies"
        prints.add(fitted.folder.config["data"]["fingerprint"])
    assert len(prints) == 1
    assert not list(fitted.fit.folder.glob("work"))


def test_a_member_that_cannot_be_unpacked_is_set_aside(handbook, glossaries, tmp_path, meaning):
    archive = tmp_path / "handbook.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("good.txt", "stove: where we cook")
        packed.writestr("bad.txt", "pantry: where food lies")
        packed.writestr("bomb.txt", b"a" * 2_000_000, zipfile.ZIP_DEFLATED)
        packed.writestr("/nowhere/escape.txt", "attic: under the roof")
    data = archive.read_bytes()
    archive.write_bytes(data.replace(b"pantry: where", b"pantry; where"))
    fitted = deepfield.fit("glossary", archive, name="house", registry=glossaries)
    aside = {each["source"]: each["reason"] for each in fitted.evaluation.to_json()["rejected"]}
    assert aside.keys() == {"bad.txt", "bomb.txt"}
    assert "Bad CRC-32" in aside["bad.txt"]
    assert "a zip bomb" in aside["bomb.txt"]
    assert not list(tmp_path.rglob("escape.txt"))
    assert meaning("house", "attic") == "under the roof"


def test_files_named_one_by_one_are_set_aside_where_they_are_of_another_kind(handbook, glossaries):
    files = [handbook / "picture.png", handbook / "house" / "words.txt"]
    fitted = deepfield.fit("glossary", files, name="house", registry=glossaries)
    assert (fitted.evaluation.files, fitted.rejected, fitted.evaluation.left_alone) == (1, 1, 0)
    aside = fitted.evaluation.rejected.iloc[0]
    assert aside["source"] == "picture.png"
    assert aside["reason"] == "is of no kind that is read; these are: .txt, .terms"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_set_aside(handbook, glossaries):
    (handbook / "garden" / "words.txt").chmod(0)
    fitted = deepfield.fit("glossary", handbook, name="house", registry=glossaries)
    assert fitted.evaluation.rejected["reason"].to_list() == ["cannot be read: Permission denied"]


def test_names_that_are_no_utf8_are_shown(handbook, glossaries):
    (handbook / os.fsdecode(b"W\xf6rter.TXT")).write_text("attic: under the roof\n")
    deepfield.fit("glossary", handbook, name="house", registry=glossaries)
    answers = load_model(Glossary(), "house").predict(pd.DataFrame({"term": ["attic"]}))
    assert answers["document"][0] == "W\ufffdrter.TXT"


def test_documents_twice_of_one_name_are_refused(handbook, glossaries):
    files = [handbook / "house" / "words.txt", handbook / "garden" / "words.txt"]
    with pytest.raises(UsageError, match=r"Two files are named 'words.txt'; rename one"):
        deepfield.fit("glossary", files, name="house", registry=glossaries)


@pytest.mark.parametrize(
    ("arguments", "kind", "sentence"),
    [
        ({"source": "nowhere"}, InputError, "No file or folder 'nowhere'"),
        ({"source": "*.txt"}, InputError, r"No file or folder '\*.txt'"),
        ({"source": []}, InputError, "holds no file that is read: .txt, .terms"),
        ({"source": pd.DataFrame()}, UsageError, "Cannot learn from DataFrame: give a file"),
        ({"source": [3]}, UsageError, "Cannot learn from int: give paths"),
        ({"label": "x"}, UsageError, "Documents have no columns: .* takes no 'label'"),
        ({"columns": {"term": "x"}}, UsageError, "takes no 'columns'"),
        ({"name": "letters"}, UsageError, "is a model that glossary ships"),
        ({"base": "gru"}, NotFoundError, "No model to start from"),
        ({"steps": 3}, UsageError, "has no option 'steps'"),
        ({"add": True}, NotFoundError, "No fitted model of glossary to change named 'house'"),
        ({"add": True, "name": "letters"}, UsageError, "is a model that glossary ships"),
        ({"add": True, "overwrite": True}, UsageError, "adding, removing and overwriting exclude"),
        ({"remove": ["x"]}, UsageError, "To put documents in as well as to remove some, say add"),
        ({"source": None}, UsageError, "There is nothing to learn from: name a source"),
        (
            {"source": None, "remove": ["x"]},
            NotFoundError,
            "No fitted model of glossary to change named 'house'",
        ),
    ],
)
def test_what_cannot_be_fitted_is_one_sentence(handbook, glossaries, arguments, kind, sentence):
    with pytest.raises(kind, match=sentence):
        deepfield.fit(
            "glossary", **{"source": handbook, "name": "house", **arguments}, registry=glossaries
        )
    assert fitted_models(Glossary()) == []
    assert list_fits() == []


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "holds no file that is read: .txt, .terms.$"),
        ({"a.png": "x"}, "holds no file that is read: .txt, .terms. One other file is there"),
        ({"a.png": "x", "b": "x"}, "2 other files are there"),
        ({"a.txt": "x", "b.txt": ""}, "No file of .* can be read. The first: 'a.txt' has a line"),
    ],
)
def test_a_folder_of_nothing_is_one_sentence(tmp_path, glossaries, files, sentence):
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(InputError, match=sentence):
        deepfield.fit("glossary", folder, name="house", registry=glossaries)
    assert fitted_models(Glossary()) == []
    assert all(each.state == "failed" for each in list_fits())


def test_a_name_that_is_taken_is_refused_or_replaced(handbook, glossaries):
    deepfield.fit("glossary", handbook, name="house", registry=glossaries)
    with pytest.raises(UsageError, match="has a fitted model 'house' already"):
        deepfield.fit("glossary", handbook, name="house", registry=glossaries)
    only = handbook / "garden"
    deepfield.fit("glossary", only, name="house", overwrite=True, registry=glossaries)
    assert load_model(Glossary(), "house").folder.config["data"]["counts"]["terms"] == 1


def test_a_full_disk_leaves_nothing(handbook, monkeypatch):
    def full(cls, *arguments, **named):
        raise OSError(errno.ENOSPC, "No space left")

    monkeypatch.setattr(Letters, "fit_files", classmethod(full))
    with pytest.raises(DeepfieldError, match="the disk is full"):
        Fitting(Glossary(), handbook, name="house").run()
    assert fitted_models(Glossary()) == []


def test_a_predictor_that_keeps_no_contract_is_told(handbook, monkeypatch):
    honest = Letters.fit_files.__func__

    def invents(cls, *arguments, **named):
        honest(cls, *arguments, **named)
        return FilesRead({"other.txt": "is odd"})

    monkeypatch.setattr(Letters, "fit_files", classmethod(invents))
    with pytest.raises(
        ContractError, match="problems with 'other.txt', which is none of its files"
    ):
        Fitting(Glossary(), handbook, name="house").run()
    monkeypatch.setattr(Letters, "fit_files", classmethod(lambda cls, *a, **k: FilesRead()))
    with pytest.raises(ContractError, match="wrote no model"):
        Fitting(Glossary(), handbook, name="house").run()


@pytest.mark.parametrize(
    ("attribute", "value", "sentence"),
    [
        ("learns_from", ".txt", "is a text; make it a tuple"),
        ("learns_from", (".TXT",), "'.TXT' is not of the form '.pdf'"),
        ("FitOptions", None, "lacks FitOptions"),
    ],
)
def test_the_kit_finds_a_wrong_declaration(monkeypatch, attribute, value, sentence):
    monkeypatch.setattr(Letters, attribute, value)
    with pytest.raises(ContractError, match=sentence):
        CHECKS["fits_take_rows_or_files"](Glossary())


def test_the_kit_finds_files_without_a_fit_and_a_domain_of_rows(monkeypatch):
    assert file_endings(Flowers()) == ()
    assert file_endings(Glossary()) == (".txt", ".terms")
    monkeypatch.setattr(LinearPredictor, "learns_from", (".csv",))
    with pytest.raises(
        ContractError, match="LinearPredictor learns from files and lacks fit_files"
    ):
        file_endings(Flowers())
    monkeypatch.setattr(Glossary, "models", (*Glossary.models, *Flowers.models))
    monkeypatch.setattr(LinearPredictor, "learns_from", ())
    with pytest.raises(ContractError, match="'letters' learns from files and 'linear' from rows"):
        file_endings(Glossary())


def test_nothing_is_added_to_a_model_of_rows(tmp_path):
    deepfield_flowers = Registry()
    deepfield_flowers.add(_Plugin(Flowers()), "flowers")
    frame = Flowers().samples().assign(label=["a", "b", "c"])
    with pytest.raises(NotFoundError, match="to change named 'mine'"):
        deepfield.fit("flowers", frame, name="mine", add=True, registry=deepfield_flowers)


def test_evaluating_such_a_model_is_one_sentence(handbook, glossaries):
    with pytest.raises(UsageError, match="tells no classes apart"):
        deepfield.evaluate("glossary", pd.DataFrame({"term": ["x"]}), registry=glossaries)


def test_run_of_prepared_uploads_shows_their_names(handbook, glossaries, monkeypatch):
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: glossaries))
    fit = prepare_fit("glossary", "house", "words.txt", "dashboard")
    place = fit.work / "0.txt"
    place.write_text("stove: where we cook")
    asked = {"path": "", "files": {"words.txt": str(place)}, "base": None, "label": None}
    fit.update(request={**asked, "group": None, "columns": {}, "overwrite": False, "options": {}})
    run_fit(fit.id)
    done = find_fit(fit.id)
    assert (done.state, done.message) == ("done", "")
    assert done.result["source"] == "words.txt"
    assert not done.work.exists()
    model = load_model(Glossary(), "house")
    assert model.predict(pd.DataFrame({"term": ["stove"]}))["document"][0] == "words.txt"
    assert str(place) not in model.folder.card
