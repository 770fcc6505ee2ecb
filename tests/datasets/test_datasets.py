from __future__ import annotations

import pandas as pd
import pytest

from deepfield.dataset import fingerprint
from deepfield.errors import InputError
from deepfield.plugins import Registry
from deepfield_datasets.brain_mri import BrainMri
from deepfield_datasets.chest_xray import ChestXray
from deepfield_medical_imaging.recipes.studies import split_at_random, split_by_patient


def test_every_dataset_says_where_it_is_from_and_on_which_terms():
    datasets = Registry.discover().datasets
    assert {"brain-mri", "card-transactions", "chest-xray"} <= set(datasets)
    assert {"synthetic-brain-mri", "synthetic-chest-xray"} <= set(datasets)
    for each in datasets.values():
        assert each.card.license
        assert each.card.source
        assert each.card.summary


@pytest.fixture
def folder(tmp_path):
    for label, names in {
        "normal": ["IM-0115-0001.jpeg", "IM-0115-0002.jpeg", "NORMAL2-IM-0383-0001.jpeg"],
        "pneumonia": ["person1_bacteria_1.jpeg", "person1_virus_2.jpeg", "person20_virus_7.jpeg"],
    }.items():
        (tmp_path / label).mkdir()
        for name in names:
            (tmp_path / label / name).write_bytes(name.encode())
    (tmp_path / "normal" / "Thumbs.db").touch()
    return tmp_path


def test_films_carry_label_and_patient(folder):
    films = ChestXray().load(folder)
    assert films["label"].value_counts().to_dict() == {"normal": 3, "pneumonia": 3}
    assert films["patient"].nunique() == 4


def test_no_patient_is_on_both_sides_of_the_split():
    films = pd.DataFrame(
        {
            "label": ["normal"] * 200 + ["pneumonia"] * 200,
            "series": ["IM"] * 200 + ["PERSON"] * 200,
            "number": [
                *range(100, 200),
                *range(100, 200),
                *range(200),
            ],
        }
    )
    films["patient"] = films["series"] + films["number"].astype(str)
    held_out = split_by_patient(films)
    assert not set(films["patient"][held_out]) & set(films["patient"][~held_out])
    assert 0.1 < held_out.mean() < 0.2
    normal = films[held_out & (films["label"] == "normal")]
    assert set(range(100, 107)) <= set(normal["number"]), "the block nearest to the official test"


def test_missing_data_says_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match=r"Get it from https://data\.mendeley\.com"):
        ChestXray().load(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no chest films"):
        ChestXray().load(tmp_path)


def test_official_test_films_are_never_trained_on(folder):
    (folder / "test" / "NORMAL").mkdir(parents=True)
    with pytest.raises(InputError, match="official test films beside the training films"):
        ChestXray().load(folder)


def test_fingerprint_knows_names_and_bytes_and_not_order(folder):
    files = sorted(folder.rglob("*.jpeg"))
    assert fingerprint(files) == fingerprint(files[::-1])
    files[0].write_bytes(b"changed")
    before = fingerprint(files)
    files[0].rename(files[0].with_name("IM-0200-0001.jpeg"))
    assert fingerprint(sorted(folder.rglob("*.jpeg"))) != before


def test_brain_slices_are_known_by_their_folder(tmp_path):
    for name in ("glioma", "notumor", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "g1.jpg").touch()
    assert BrainMri().load(tmp_path)["label"].to_list() == ["glioma", "no tumour"]
    with pytest.raises(InputError, match="holds no brain slices"):
        BrainMri().load(tmp_path / "other")


def test_a_random_split_takes_its_share_of_each_class():
    rows = pd.DataFrame({"image": [str(n) for n in range(300)], "label": ["a"] * 200 + ["b"] * 100})
    held_out = split_at_random(rows)
    assert held_out.equals(split_at_random(rows))
    assert rows["label"][held_out].value_counts().to_dict() == {"a": 30, "b": 15}
