"""Generators of synthetic scans: the same seed, the asked class, nobody's scan."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from deepfield.errors import InputError
from deepfield.images import read_picture
from deepfield.loading import load_model
from deepfield_medical_imaging import MedicalImaging
from deepfield_medical_imaging.synthesis import FOLDERS, SyntheticScans, generators

STUDIES = ("chest-xray", "brain-mri")


@pytest.fixture(scope="module", params=STUDIES)
def scans(request) -> SyntheticScans:
    (found,) = [each for each in generators() if each.study == request.param]
    return found


def test_a_seed_makes_the_same_scans_and_another_seed_others(scans):
    one, again, other = (scans.generate(3, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one["image"].equals(other["image"])


def test_a_scan_depends_on_its_place_and_not_on_how_many_are_made(scans):
    few, many = scans.generate(2, seed=4), scans.generate(9, seed=4)
    for one, other in zip(few["image"], many["image"], strict=False):
        difference = read_picture(one).astype(int) - read_picture(other)
        assert np.abs(difference).max() <= 1


def test_only_the_asked_class_is_made(scans):
    wanted = scans.classes[-1]
    made = scans.generate(3, options=scans.Options(made_as=wanted))
    assert set(made["made_as"]) == {wanted}
    assert set(scans.generate(len(scans.classes))["made_as"]) == set(scans.classes)


def test_scans_are_grey_squares_with_contrast(scans):
    for each in scans.generate(4)["image"]:
        picture = read_picture(each)
        assert picture.shape == (128, 128)
        assert picture.std() > 25


def test_the_classifier_mostly_sees_what_was_made(scans):
    """The card's figure again, on other seeds and fewer scans."""
    figures = json.loads((FOLDERS / scans.study / "figures.json").read_text())
    made = scans.generate(40, seed=77)
    found = load_model(MedicalImaging(), scans.study).predict(made)["finding"]
    assert (found == made["made_as"]).mean() > figures["classifier agrees"] - 0.2
    assert figures["kid"] < figures["kid of noise"] / 4


def test_no_scan_is_a_copy_of_a_training_scan(scans):
    figures = json.loads((FOLDERS / scans.study / "figures.json").read_text())
    assert (
        figures["median distance to the nearest training scan"]
        > 0.8 * figures["median distance of validation scans"]
    )


def test_a_missing_generator_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr("deepfield_medical_imaging.synthesis.FOLDERS", tmp_path)
    with pytest.raises(InputError, match="No model in"):
        SyntheticScans("chest-xray", "chest films", ("normal", "pneumonia")).generate(1)
