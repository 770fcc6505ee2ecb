"""What all tests share: a data folder, pictures that we draw, the outsider's plugin."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest

# Before anything of Deepfield looks for its folders; processes that tests start inherit it. The
# graphs that engines make are kept between runs, for they take seconds and never change.
HOME = Path(tempfile.mkdtemp(prefix="deepfield-tests-"))
os.environ["DEEPFIELD_HOME"] = str(HOME)
# Workers of pytest-xdist share the cores: torch with a thread for each is many times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")

OUTSIDER = Path(__file__).parent / "outsider"
sys.path.insert(0, str(OUTSIDER))
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(OUTSIDER), os.environ.get("PYTHONPATH")])
)


@pytest.fixture(scope="session")
def made() -> pd.DataFrame:
    """Four chest films that nobody has."""
    from deepfield_medical_imaging.synthesis import generators

    return generators()[0].generate(4, seed=1)


@pytest.fixture
def films(tmp_path: Path, made: pd.DataFrame) -> Path:
    """A folder with four made-up films."""
    folder = tmp_path / "films"
    folder.mkdir()
    for image in made["image"]:
        (folder / image["path"]).write_bytes(image["bytes"])
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a history of its own; cached graphs are shared."""
    own = tmp_path / "home"
    own.mkdir()
    (HOME / "cache").mkdir(exist_ok=True)
    (own / "cache").symlink_to(HOME / "cache")
    monkeypatch.setenv("DEEPFIELD_HOME", str(own))
    return own
