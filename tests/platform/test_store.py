from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from deepfield_flowers import Flowers

from deepfield.errors import DeepfieldError, InputError, NotFoundError, UsageError
from deepfield.loading import load_model
from deepfield.plugins import Registry
from deepfield.selftest import selftest
from deepfield.store import (
    check_new_name,
    find_model,
    fitted_models,
    keep_model,
    list_models,
    remove_model,
)
from deepfield.testing import _Plugin

DOMAIN = Flowers()


def keep(tmp_path: Path, name: str = "mine", overwrite: bool = False, **config: object) -> Path:
    """Keep a copy of the shipped model under a name."""
    made = tmp_path / f"made-{name}"
    shutil.copytree(Flowers.models[0].folder, made)
    (made / "config.json").write_text(json.dumps({"base": "linear", **config}))
    return keep_model(DOMAIN, name, made, overwrite)


def test_a_fitted_model_is_found_by_name_and_listed_after_the_shipped_ones(tmp_path, home):
    place = keep(tmp_path)
    assert place == home / "models" / "flowers" / "mine"
    assert [spec.name for spec in list_models(DOMAIN)] == ["linear", "mine"]
    assert find_model(DOMAIN).name == "linear"
    assert load_model(DOMAIN, "mine").folder.path == place
    with pytest.raises(NotFoundError, match=r"Did you mean 'mine'\? Known: linear, mine"):
        find_model(DOMAIN, "mime")


def test_selftest_includes_fitted_models(tmp_path):
    keep(tmp_path)
    registry = Registry()
    registry.add(_Plugin(DOMAIN), "flowers")
    assert [(each.model, each.passed) for each in selftest(registry)] == [
        ("linear", True),
        ("mine", True),
    ]


@pytest.mark.parametrize(
    "name", ["Mine", "", "-mine", "my model", "../mine", "a" * 42, "mine\n", "mïne", "."]
)
def test_a_name_is_refused_and_never_mended(name):
    with pytest.raises(UsageError, match="cannot be named"):
        check_new_name(DOMAIN, name)


def test_a_name_that_is_taken_is_refused(tmp_path):
    keep(tmp_path)
    with pytest.raises(UsageError, match="has a fitted model 'mine' already"):
        check_new_name(DOMAIN, "mine")
    check_new_name(DOMAIN, "mine", overwrite=True)
    with pytest.raises(UsageError, match="is a model that flowers ships"):
        check_new_name(DOMAIN, "linear", overwrite=True)


def test_keeping_one_more_of_a_name_replaces_it_whole(tmp_path):
    keep(tmp_path, marker=1)
    shutil.rmtree(tmp_path / "made-mine", ignore_errors=True)
    place = keep(tmp_path, overwrite=True, marker=2)
    assert json.loads((place / "config.json").read_text())["marker"] == 2
    assert [each.name for each in place.parent.iterdir()] == ["mine"]


def test_the_second_of_two_fits_to_one_name_is_refused(tmp_path, monkeypatch):
    place = keep(tmp_path, marker=1)
    with pytest.raises(UsageError, match="has a fitted model 'mine' already"):
        keep(tmp_path, marker=2)
    shutil.rmtree(place)
    honest = Path.rename

    def late(self, target):  # another fit puts its model there in the last moment
        shutil.copytree(Flowers.models[0].folder, target)
        return honest(self, target)

    monkeypatch.setattr(Path, "rename", late)
    shutil.rmtree(tmp_path / "made-mine")
    with pytest.raises(UsageError, match="has a fitted model 'mine' already"):
        keep(tmp_path, marker=2)
    assert (tmp_path / "made-mine").is_dir()
    assert "marker" not in (place / "config.json").read_text()


@pytest.mark.parametrize("broken", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_breaks_in_between_two_renames_does_not_hide_the_old_model(
    tmp_path, monkeypatch, broken
):
    place = keep(tmp_path, marker=1)
    honest = Path.rename

    def rename(self, target):
        if self.name == "made-mine":
            raise broken
        return honest(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    shutil.rmtree(tmp_path / "made-mine", ignore_errors=True)
    with pytest.raises((KeyboardInterrupt, DeepfieldError)):
        keep(tmp_path, overwrite=True, marker=2)
    assert json.loads((place / "config.json").read_text())["marker"] == 1
    assert [each.name for each in place.parent.iterdir()] == ["mine"]
    assert (tmp_path / "made-mine").is_dir()


def test_what_is_half_written_is_never_listed(home, tmp_path):
    keep(tmp_path)
    shelf = home / "models" / "flowers"
    (shelf / ".mine-1234").mkdir()
    (shelf / "notes.txt").write_text("x")
    assert [spec.name for spec in fitted_models(DOMAIN)] == ["mine"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '"x"'])
def test_a_broken_config_is_listed_with_its_reason(home, tmp_path, text):
    (keep(tmp_path) / "config.json").write_text(text)
    (spec,) = fitted_models(DOMAIN)
    assert "cannot be read" in spec.problem
    with pytest.raises(InputError, match="missing, broken or names no base"):
        load_model(DOMAIN, "mine")


def test_a_config_cannot_choose_what_is_imported(tmp_path):
    keep(tmp_path, base="os:system", predictor="os:system")
    with pytest.raises(InputError, match="was fitted from 'os:system', which flowers does not"):
        load_model(DOMAIN, "mine")


def test_a_folder_of_a_shipped_name_does_not_hide_the_shipped_model(tmp_path):
    place = keep(tmp_path)
    place.rename(place.with_name("linear"))
    assert load_model(DOMAIN, "linear").folder.path == Flowers.models[0].folder
    assert len(list_models(DOMAIN)) == 1


def test_remove_deletes_a_fitted_model_and_no_shipped_one(tmp_path):
    place = keep(tmp_path)
    with pytest.raises(NotFoundError, match="No fitted model of flowers named 'min'"):
        remove_model(DOMAIN, "min")
    with pytest.raises(UsageError, match="only fitted ones can go"):
        remove_model(DOMAIN, "linear")
    remove_model(DOMAIN, "mine")
    assert not list(place.parent.iterdir())
    assert Flowers.models[0].folder.is_dir()
