from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from deepfield_flowers import Flowers

from deepfield.domain import ModelSpec
from deepfield.errors import ContractError, InputError
from deepfield.fields import Ranking
from deepfield.loading import load_model
from deepfield.models import ModelFolder
from deepfield.selftest import check_model

SPEC = Flowers.models[0]


def copied(tmp_path: Path) -> ModelFolder:
    shutil.copytree(SPEC.folder, tmp_path / "model")
    return ModelFolder(tmp_path / "model")


def test_folder_without_weights_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"config\.json and model\.safetensors were expected"):
        ModelFolder(tmp_path)


def test_hash_changes_with_anything_that_changes_answers(tmp_path):
    folder = copied(tmp_path)
    assert folder.hash == ModelFolder(SPEC.folder).hash
    (folder.path / "calibration.json").write_text("{}")
    again = ModelFolder(folder.path)
    assert again.hash != folder.hash
    assert again.network_hash == folder.network_hash


def test_card_has_words_and_figures():
    folder = ModelFolder(SPEC.folder)
    assert folder.card.startswith("# Flowers, linear")
    assert folder.figures[0]["metric"] == "accuracy"
    assert 0.9 < folder.figures[0]["value"] <= 1


def test_lacking_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"lacks 'guard\.safetensors'"):
        copied(tmp_path).file("guard.safetensors")


def test_selftest_says_which_row_differs(tmp_path, monkeypatch):
    folder = copied(tmp_path)
    inputs, outputs = folder.golden() or pytest.fail("the copy has golden rows")
    folder.write_golden(inputs, outputs.assign(probability=[0.1, *outputs["probability"][1:]]))
    monkeypatch.setattr(ModelSpec, "folder", folder.path)
    finding = check_model(Flowers(), SPEC)
    assert not finding.passed
    assert len(finding.problems) == 1
    assert finding.problems[0].startswith("golden row 1: probability is 0.9")


def test_selftest_reports_a_broken_model_and_goes_on(tmp_path, monkeypatch):
    folder = copied(tmp_path)
    folder.weights.write_bytes(b"not safetensors")
    monkeypatch.setattr(ModelSpec, "folder", folder.path)
    finding = check_model(Flowers(), SPEC)
    assert "SafetensorError" in finding.problems[0]


def test_predictor_that_is_none_breaks_the_contract(monkeypatch):
    wrong = ModelSpec("linear", "ANN", "deepfield_flowers:Flowers")
    monkeypatch.setattr(Flowers, "models", (wrong,))
    with pytest.raises(ContractError, match="is no Predictor"):
        load_model(Flowers())


def test_golden_lists_of_arrow_are_read_back(tmp_path):
    lists = Ranking("recommended", of="book")
    things = [{"item": "x", "title": "", "score": 1.0, "probability": None, "because": ""}]
    column = lists.column(pa.array([things, []], lists.arrow), pd.RangeIndex(2))
    folder = copied(tmp_path)
    rows = pd.DataFrame({"reader": ["ada", "ben"]})
    folder.write_golden(rows, pd.DataFrame({"recommended": column}))
    inputs, outputs = folder.golden() or pytest.fail("the copy has golden rows")
    assert [lists.read(value) for value in outputs["recommended"]] == [things, []]
    pd.testing.assert_frame_equal(inputs, rows)
