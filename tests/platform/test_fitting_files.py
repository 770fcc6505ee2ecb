"""Fits that learn from documents instead of rows: the third kind, beside labels and moments."""

from __future__ import annotations

import errno
import json
import os
import shutil
import zipfile
from pathlib import Path

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
from deepfield.fitting import Fitting, Stopped, file_endings
from deepfield.loading import load_model
from deepfield.models import ModelFolder
from deepfield.plugins import Registry
from deepfield.predictor import FilesRead
from deepfield.selftest import check_model
from deepfield.store import find_model, fitted_models, remove_model
from deepfield.testing import CHECKS, _Plugin, contract


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    registry.add(_Plugin(Glossary()), "glossary")
    return registry


@pytest.fixture
def handbook(tmp_path) -> Path:
    """Two documents of one name in two folders, and what is left alone."""
    folder = tmp_path / "handbook"
    for name, text in {
        "house/words.txt": "stove: where we cook\npantry: where food lies\n",
        "garden/words.txt": "compost: what becomes soil\n",
        "picture.png": "no text",
        ".hidden.txt": "secret: not to be read\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def meaning(name: str, term: str) -> str:
    found = load_model(Glossary(), name).predict(pd.DataFrame({"term": [term]}))
    return found["meaning"][0]


@contract(Glossary)
def test_glossary_keeps_the_contract(domain, check):
    check(domain)


def test_fit_to_documents_gives_a_model_that_is_everywhere(handbook, registry):
    told = []
    fitted = deepfield.fit(
        "glossary", handbook, name="house", registry=registry, on_progress=told.append
    )
    found = fitted.evaluation
    assert isinstance(found, Inventory)
    assert (found.files, found.left_alone, fitted.rejected) == (2, 1, 0)
    assert found.words == "2 files were read; the model holds 2 documents, 3 terms."
    model = deepfield.load("glossary", "house", registry=registry)
    assert model.folder.hash == fitted.folder.hash == found.model_hash
    result = deepfield.score(model, pd.DataFrame({"term": ["Stove", "compost"]}))
    assert result.frame["meaning"].to_list() == ["where we cook", "what becomes soil"]
    assert result.frame["document"].to_list() == ["house/words.txt", "garden/words.txt"]
    assert check_model(Glossary(), find_model(Glossary(), "house")).passed
    done = [each.done for each in told]
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert {each.stage for each in told} == {"reading", "fitting", "checking"}


def test_card_says_what_was_read_and_that_nothing_was_measured(handbook, registry):
    fitted = deepfield.fit("glossary", handbook, name="house", registry=registry)
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


def test_one_broken_file_is_set_aside_and_the_rest_is_read(handbook, registry):
    (handbook / "broken.txt").write_bytes(b"\xff\xfe\x00")
    fitted = deepfield.fit("glossary", handbook, name="house", registry=registry)
    assert (fitted.rejected, fitted.evaluation.files) == (1, 2)
    aside = pd.read_csv(fitted.folder.path / "rejected.csv")
    assert aside.to_dict("records") == [
        {"row": 1, "source": "broken.txt", "reason": "'broken.txt' is no text in UTF-8."}
    ]
    pd.testing.assert_frame_equal(
        read_finding(fitted.fit.result).rejected, aside, check_dtype=False
    )
    assert "1 files could not be read" in fitted.folder.card


def test_add_keeps_what_is_there_and_replaces_documents_of_the_same_name(handbook, registry):
    first = deepfield.fit("glossary", handbook, name="house", registry=registry).folder.hash
    (handbook / "house" / "words.txt").write_text("oven: where we bake\n")
    later = deepfield.fit(
        "glossary",
        {"house/words.txt": handbook / "house" / "words.txt"},
        name="house",
        add=True,
        registry=registry,
    )
    assert later.evaluation.counts == {"documents": 2, "terms": 2}
    assert later.evaluation.words.startswith("1 file was added; the model holds 2 documents")
    assert later.folder.config["data"]["added_to"] == first
    assert first[:12] in later.folder.card
    assert "--add" in later.folder.card
    assert meaning("house", "compost") == "what becomes soil"
    assert meaning("house", "oven") == "where we bake"
    assert "where we cook" not in json.dumps(later.folder.config)
    assert check_model(Glossary(), find_model(Glossary(), "house")).passed
    assert [each.name for each in fitted_models(Glossary())] == ["house"]


def test_documents_are_removed_with_and_without_others_put_in(handbook, registry, tmp_path):
    deepfield.fit("glossary", handbook, name="house", registry=registry)
    later = deepfield.fit("glossary", name="house", remove="house/words.txt", registry=registry)
    assert later.evaluation.words == "1 file was removed; the model holds 1 documents, 1 terms."
    assert "1 file was removed. This changed version" in later.folder.card
    assert "SHA-256 over the names" not in later.folder.card
    assert "deepfield fit glossary --name house --base letters --remove house/words.txt" in (
        later.folder.card
    )
    assert "where we cook" not in json.dumps(later.folder.config)
    more = tmp_path / "more.txt"
    more.write_text("loft: under the roof\n")
    both = deepfield.fit(
        "glossary", more, name="house", add=True, remove=["garden/words.txt"], registry=registry
    )
    assert both.evaluation.counts == {"documents": 1, "terms": 1}
    assert both.evaluation.words.startswith("1 file was added, 1 file was removed; ")
    assert "1 file was added, 1 file was removed (1 .txt)" in both.folder.card
    assert meaning("house", "compost") == "under the roof"
    kept = both.folder.hash
    with pytest.raises(NotFoundError, match="No document named 'attic.txt'"):
        deepfield.fit("glossary", name="house", remove=["attic.txt"], registry=registry)
    assert deepfield.load("glossary", "house", registry=registry).folder.hash == kept
    assert "failed" in {each.state for each in list_fits()}


def test_a_document_is_not_both_added_and_removed(handbook, registry):
    first = deepfield.fit("glossary", handbook, name="house", registry=registry).folder.hash
    with pytest.raises(UsageError, match="'house/words.txt' is to be added and to be removed"):
        deepfield.fit(
            "glossary",
            handbook,
            name="house",
            add=True,
            remove="house/words.txt",
            registry=registry,
        )
    assert deepfield.load("glossary", "house", registry=registry).folder.hash == first


def test_nothing_is_removed_where_no_file_can_be_read(handbook, registry, tmp_path):
    first = deepfield.fit("glossary", handbook, name="house", registry=registry).folder.hash
    broken = tmp_path / "broken.txt"
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="No file of .* can be read"):
        deepfield.fit(
            "glossary", broken, name="house", add=True, remove="house/words.txt", registry=registry
        )
    names = ["house/words.txt", "garden/words.txt"]
    with pytest.raises(InputError, match="Nothing would be left"):
        deepfield.fit("glossary", name="house", remove=names, registry=registry)
    assert deepfield.load("glossary", "house", registry=registry).folder.hash == first


def test_an_empty_path_is_the_folder_where_one_is(handbook, registry, monkeypatch):
    monkeypatch.chdir(handbook)
    fitted = deepfield.fit("glossary", "", name="house", registry=registry)
    assert (fitted.evaluation.source, fitted.evaluation.files) == (".", 2)


def test_what_a_domain_keeps_of_a_model_goes_before_it_and_may_hold_it(
    handbook, registry, monkeypatch
):
    deepfield.fit("glossary", handbook, name="house", registry=registry)
    told = []

    def removed(self, name):
        told.append(name)
        if len(told) == 1:
            raise DeepfieldError("The attic is locked.")

    monkeypatch.setattr(Glossary, "model_removed", removed)
    with pytest.raises(DeepfieldError, match="attic is locked"):
        remove_model(Glossary(), "house")
    assert [each.name for each in fitted_models(Glossary())] == ["house"]
    remove_model(Glossary(), "house")
    assert (told, fitted_models(Glossary())) == (["house", "house"], [])


def test_same_documents_give_the_same_fingerprint_wherever_they_lie(handbook, registry, tmp_path):
    archive = tmp_path / "handbook.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(handbook.rglob("*")):
            packed.write(file, file.relative_to(handbook))
    prints = set()
    for source in (handbook, str(handbook), archive, [handbook], {"my.zip": archive}):
        fitted = deepfield.fit("glossary", source, name="house", overwrite=True, registry=registry)
        assert meaning("house", "pantry") == "where food lies"
        prints.add(fitted.folder.config["data"]["fingerprint"])
    assert len(prints) == 1
    assert not list(fitted.fit.folder.glob("work"))


def test_a_member_that_cannot_be_unpacked_is_set_aside(handbook, registry, tmp_path):
    archive = tmp_path / "handbook.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("good.txt", "stove: where we cook")
        packed.writestr("bad.txt", "pantry: where food lies")
        packed.writestr("bomb.txt", b"a" * 2_000_000, zipfile.ZIP_DEFLATED)
        packed.writestr("/nowhere/escape.txt", "attic: under the roof")
    data = archive.read_bytes()
    archive.write_bytes(data.replace(b"pantry: where", b"pantry; where"))
    fitted = deepfield.fit("glossary", archive, name="house", registry=registry)
    aside = {each["source"]: each["reason"] for each in fitted.evaluation.to_json()["rejected"]}
    assert aside.keys() == {"bad.txt", "bomb.txt"}
    assert "Bad CRC-32" in aside["bad.txt"]
    assert "a zip bomb" in aside["bomb.txt"]
    assert not list(tmp_path.rglob("escape.txt"))
    assert meaning("house", "attic") == "under the roof"


def test_files_named_one_by_one_are_set_aside_where_they_are_of_another_kind(handbook, registry):
    files = [handbook / "picture.png", handbook / "house" / "words.txt"]
    fitted = deepfield.fit("glossary", files, name="house", registry=registry)
    assert (fitted.evaluation.files, fitted.rejected, fitted.evaluation.left_alone) == (1, 1, 0)
    aside = fitted.evaluation.rejected.iloc[0]
    assert aside["source"] == "picture.png"
    assert aside["reason"] == "is of no kind that is read; these are: .txt, .terms"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_set_aside(handbook, registry):
    (handbook / "garden" / "words.txt").chmod(0)
    fitted = deepfield.fit("glossary", handbook, name="house", registry=registry)
    assert fitted.evaluation.rejected["reason"].to_list() == ["cannot be read: Permission denied"]


def test_names_that_are_no_utf8_are_shown(handbook, registry):
    (handbook / os.fsdecode(b"W\xf6rter.TXT")).write_text("attic: under the roof\n")
    deepfield.fit("glossary", handbook, name="house", registry=registry)
    answers = load_model(Glossary(), "house").predict(pd.DataFrame({"term": ["attic"]}))
    assert answers["document"][0] == "W\ufffdrter.TXT"


def test_documents_twice_of_one_name_are_refused(handbook, registry):
    files = [handbook / "house" / "words.txt", handbook / "garden" / "words.txt"]
    with pytest.raises(UsageError, match=r"Two files are named 'words.txt'; rename one"):
        deepfield.fit("glossary", files, name="house", registry=registry)


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
def test_what_cannot_be_fitted_is_one_sentence(handbook, registry, arguments, kind, sentence):
    with pytest.raises(kind, match=sentence):
        deepfield.fit(
            "glossary", **{"source": handbook, "name": "house", **arguments}, registry=registry
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
def test_a_folder_of_nothing_is_one_sentence(tmp_path, registry, files, sentence):
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    with pytest.raises(InputError, match=sentence):
        deepfield.fit("glossary", folder, name="house", registry=registry)
    assert fitted_models(Glossary()) == []
    assert all(each.state == "failed" for each in list_fits())


def test_a_name_that_is_taken_is_refused_or_replaced(handbook, registry):
    deepfield.fit("glossary", handbook, name="house", registry=registry)
    with pytest.raises(UsageError, match="has a fitted model 'house' already"):
        deepfield.fit("glossary", handbook, name="house", registry=registry)
    only = handbook / "garden"
    deepfield.fit("glossary", only, name="house", overwrite=True, registry=registry)
    assert load_model(Glossary(), "house").folder.config["data"]["counts"]["terms"] == 1


def test_a_failed_add_leaves_the_model_as_it_was(handbook, registry, tmp_path):
    before = deepfield.fit("glossary", handbook, name="house", registry=registry).folder.hash
    broken = tmp_path / "broken.txt"
    broken.write_text("no colon")
    with pytest.raises(InputError, match="No file of .* can be read"):
        deepfield.fit("glossary", broken, name="house", add=True, registry=registry)
    assert ModelFolder(find_model(Glossary(), "house").folder).hash == before


def test_an_add_takes_the_model_as_it_is_when_it_begins(handbook, registry, tmp_path):
    deepfield.fit("glossary", handbook, name="house", registry=registry)
    more, other = tmp_path / "more.txt", tmp_path / "other.txt"
    more.write_text("attic: under the roof")
    other.write_text("cellar: under the house")
    later = Fitting(Glossary(), more, name="house", add=True)
    deepfield.fit("glossary", other, name="house", add=True, registry=registry)
    later.run()
    assert meaning("house", "attic") == "under the roof"
    assert meaning("house", "cellar") == "under the house"
    late = Fitting(Glossary(), more, name="house", add=True)
    remove_model(Glossary(), "house")
    with pytest.raises(NotFoundError, match="No fitted model of glossary to change named 'house'"):
        late.run()
    assert fitted_models(Glossary()) == []


@pytest.mark.parametrize("change", ["changed", "removed"])
def test_what_was_changed_by_hand_meanwhile_is_not_lost(handbook, registry, tmp_path, change):
    deepfield.fit("glossary", handbook, name="house", registry=registry)
    place = find_model(Glossary(), "house").folder

    def meddle(progress):
        if progress.stage == "fitting" and place.exists():
            if change == "removed":
                shutil.rmtree(place)
            else:
                config = json.loads((place / "config.json").read_text())
                (place / "config.json").write_text(json.dumps(config | {"by": "hand"}))

    slow = Fitting(Glossary(), handbook, name="house", add=True, on_progress=meddle)
    with pytest.raises(
        DeepfieldError, match="was changed or removed while this fit changed it too"
    ):
        slow.run()
    assert place.exists() == (change == "changed")


@pytest.mark.parametrize("add", [False, True])
def test_cancel_leaves_nothing_of_it(handbook, registry, home, add):
    hash = None
    if add:
        hash = deepfield.fit("glossary", handbook, name="house", registry=registry).folder.hash
    fitting = Fitting(Glossary(), handbook, name="house", add=add)
    fitting.on_progress = lambda progress: progress.stage == "fitting" and fitting.cancel()
    with pytest.raises(Stopped, match="nothing of it was kept"):
        fitting.run()
    assert fitting.fit.state == "stopped"
    assert not fitting.fit.work.exists()
    found = fitted_models(Glossary())
    assert [ModelFolder(each.folder).hash for each in found] == ([hash] if add else [])


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


def test_evaluating_such_a_model_is_one_sentence(handbook, registry):
    with pytest.raises(UsageError, match="tells no classes apart"):
        deepfield.evaluate("glossary", pd.DataFrame({"term": ["x"]}), registry=registry)


def test_run_of_prepared_uploads_shows_their_names(handbook, registry, monkeypatch):
    monkeypatch.setattr(Registry, "discover", classmethod(lambda cls: registry))
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
