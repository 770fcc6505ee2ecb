"""Documents put into a fitted model and taken out of it, and what happens to it meanwhile."""

from __future__ import annotations

import json
import shutil

import pytest
from deepfield_glossary import Glossary

import deepfield
from deepfield.errors import DeepfieldError, InputError, NotFoundError, UsageError
from deepfield.fits import list_fits
from deepfield.fitting import Fitting, Stopped
from deepfield.models import ModelFolder
from deepfield.selftest import check_model
from deepfield.store import find_model, fitted_models, remove_model


def test_add_keeps_what_is_there_and_replaces_documents_of_the_same_name(
    handbook, glossaries, meaning
):
    first = deepfield.fit("glossary", handbook, name="house", registry=glossaries).folder.hash
    (handbook / "house" / "words.txt").write_text("oven: where we bake\n")
    later = deepfield.fit(
        "glossary",
        {"house/words.txt": handbook / "house" / "words.txt"},
        name="house",
        add=True,
        registry=glossaries,
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


def test_documents_are_removed_with_and_without_others_put_in(
    handbook, glossaries, tmp_path, meaning
):
    deepfield.fit("glossary", handbook, name="house", registry=glossaries)
    later = deepfield.fit("glossary", name="house", remove="house/words.txt", registry=glossaries)
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
        "glossary", more, name="house", add=True, remove=["garden/words.txt"], registry=glossaries
    )
    assert both.evaluation.counts == {"documents": 1, "terms": 1}
    assert both.evaluation.words.startswith("1 file was added, 1 file was removed; ")
    assert "1 file was added, 1 file was removed (1 .txt)" in both.folder.card
    assert meaning("house", "compost") == "under the roof"
    kept = both.folder.hash
    with pytest.raises(NotFoundError, match="No document named 'attic.txt'"):
        deepfield.fit("glossary", name="house", remove=["attic.txt"], registry=glossaries)
    assert deepfield.load("glossary", "house", registry=glossaries).folder.hash == kept
    assert "failed" in {each.state for each in list_fits()}


def test_a_document_is_not_both_added_and_removed(handbook, glossaries):
    first = deepfield.fit("glossary", handbook, name="house", registry=glossaries).folder.hash
    with pytest.raises(UsageError, match="'house/words.txt' is to be added and to be removed"):
        deepfield.fit(
            "glossary",
            handbook,
            name="house",
            add=True,
            remove="house/words.txt",
            registry=glossaries,
        )
    assert deepfield.load("glossary", "house", registry=glossaries).folder.hash == first


def test_nothing_is_removed_where_no_file_can_be_read(handbook, glossaries, tmp_path):
    first = deepfield.fit("glossary", handbook, name="house", registry=glossaries).folder.hash
    broken = tmp_path / "broken.txt"
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="No file of .* can be read"):
        deepfield.fit(
            "glossary",
            broken,
            name="house",
            add=True,
            remove="house/words.txt",
            registry=glossaries,
        )
    names = ["house/words.txt", "garden/words.txt"]
    with pytest.raises(InputError, match="Nothing would be left"):
        deepfield.fit("glossary", name="house", remove=names, registry=glossaries)
    assert deepfield.load("glossary", "house", registry=glossaries).folder.hash == first


def test_what_a_domain_keeps_of_a_model_goes_before_it_and_may_hold_it(
    handbook, glossaries, monkeypatch
):
    deepfield.fit("glossary", handbook, name="house", registry=glossaries)
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


def test_a_failed_add_leaves_the_model_as_it_was(handbook, glossaries, tmp_path):
    before = deepfield.fit("glossary", handbook, name="house", registry=glossaries).folder.hash
    broken = tmp_path / "broken.txt"
    broken.write_text("no colon")
    with pytest.raises(InputError, match="No file of .* can be read"):
        deepfield.fit("glossary", broken, name="house", add=True, registry=glossaries)
    assert ModelFolder(find_model(Glossary(), "house").folder).hash == before


def test_an_add_takes_the_model_as_it_is_when_it_begins(handbook, glossaries, tmp_path, meaning):
    deepfield.fit("glossary", handbook, name="house", registry=glossaries)
    more, other = tmp_path / "more.txt", tmp_path / "other.txt"
    more.write_text("attic: under the roof")
    other.write_text("cellar: under the house")
    later = Fitting(Glossary(), more, name="house", add=True)
    deepfield.fit("glossary", other, name="house", add=True, registry=glossaries)
    later.run()
    assert meaning("house", "attic") == "under the roof"
    assert meaning("house", "cellar") == "under the house"
    late = Fitting(Glossary(), more, name="house", add=True)
    remove_model(Glossary(), "house")
    with pytest.raises(NotFoundError, match="No fitted model of glossary to change named 'house'"):
        late.run()
    assert fitted_models(Glossary()) == []


@pytest.mark.parametrize("change", ["changed", "removed"])
def test_what_was_changed_by_hand_meanwhile_is_not_lost(handbook, glossaries, tmp_path, change):
    deepfield.fit("glossary", handbook, name="house", registry=glossaries)
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
def test_cancel_leaves_nothing_of_it(handbook, glossaries, home, add):
    hash = None
    if add:
        hash = deepfield.fit("glossary", handbook, name="house", registry=glossaries).folder.hash
    fitting = Fitting(Glossary(), handbook, name="house", add=add)
    fitting.on_progress = lambda progress: progress.stage == "fitting" and fitting.cancel()
    with pytest.raises(Stopped, match="nothing of it was kept"):
        fitting.run()
    assert fitting.fit.state == "stopped"
    assert not fitting.fit.work.exists()
    found = fitted_models(Glossary())
    assert [ModelFolder(each.folder).hash for each in found] == ([hash] if add else [])
