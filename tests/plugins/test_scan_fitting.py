"""A person's own scans in, a model of their own out: the whole way, on a few made-up scans."""

from __future__ import annotations

from pathlib import Path

import pytest

import deepfield
from deepfield.errors import UsageError
from deepfield_medical_imaging.synthesis import generators


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """A folder for each class, twelve scans in either."""
    for row in generators()[0].generate(24, seed=9).itertuples():
        folder = tmp_path / "scans" / str(row.made_as)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / row.image["path"]).write_bytes(row.image["bytes"])
    return tmp_path / "scans"


def test_a_fitted_classifier_is_scored_explained_and_recomputed(classes):
    fitted = deepfield.fit(
        "medical-imaging", classes, name="mine", positive="normal", epochs=1, image_size=64
    )
    assert sum(fitted.sizes.values()) == 24
    model = deepfield.load("medical-imaging", "mine")
    assert model.outputs.names == ["finding", "normal"]
    result = deepfield.score(model, classes, explain=True)
    assert len(result.frame) == len(result.explanations) == 24
    inputs, outputs = model.folder.golden()
    again = model.predict(inputs)
    assert (again["normal"] - outputs["normal"]).abs().max() < 0.01
    assert "confusion" in model.folder.card.lower()


def test_a_class_to_look_for_must_be_one_of_two(classes):
    with pytest.raises(UsageError, match="must be one of two, and the classes are 'normal'"):
        deepfield.fit("medical-imaging", classes, name="mine", positive="Normal", image_size=64)
