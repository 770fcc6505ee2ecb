"""The stranger's plugins, seen by every process that a test starts."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from deepfield_flowers import SPECIES, Flowers
from sklearn.datasets import load_iris


@pytest.fixture
def flowers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the plugins look installed: an entry point on the path is all that it takes."""
    info = tmp_path / "installed" / "flowers-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flowers\nVersion: 1.0\n")
    entries = "[deepfield]\nflowers = deepfield_flowers\nvisits = deepfield_visits\n"
    entries += "reading = deepfield_reading\n"
    (info / "entry_points.txt").write_text(entries)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(info.parent), os.environ["PYTHONPATH"]]))


@pytest.fixture
def irises(tmp_path: Path) -> Path:
    """A table of 150 flowers with their species as label."""
    found = load_iris()
    frame = pd.DataFrame(found.data, columns=Flowers.inputs.names)
    place = tmp_path / "irises.csv"
    frame.assign(label=[SPECIES[each] for each in found.target]).to_csv(place, index=False)
    return place
